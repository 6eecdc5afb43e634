// TLS against real certificates: who is believed, with a clock that is right and one in 1970.
import { X509Certificate } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok, throws } from 'uvu/assert';
import type { JudgedDates } from '../../src/board/clock.ts';
import { loadAuthorities, pinOf, type Trust } from '../../src/board/control-trust.ts';
import { openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { type Certificate, makeCertificate, missingOpenssl } from './certificates.ts';
import { clientOf, tryOnce } from './clients.ts';
import { inPlace } from './place.ts';

const missing = missingOpenssl();
const NAMES = 'DNS:localhost,IP:127.0.0.1';
const PERMITTED = 'permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0';
const DAY_MS = 86_400_000;

interface Chain {
  root: Certificate;
  served: { key: string; cert: string };
}

function chainOf(options: Partial<Parameters<typeof makeCertificate>[0]> = {}): Chain {
  const root = makeCertificate({ names: '', issuer: null, isAuthority: true });
  return { root, served: makeCertificate({ names: NAMES, issuer: root, ...options }) };
}

async function ask(
  served: Certificate,
  trust: Partial<Trust>,
  name = '127.0.0.1',
): Promise<{ said: string; asked: number }> {
  const control = await openFakeControl({ tls: served, name });
  try {
    return { said: await tryOnce(clientOf(control.origin, trust)), asked: control.asked.length };
  } finally {
    await control.close();
  }
}

function at(ms: number, dates: JudgedDates): Pick<Trust, 'judgedDates' | 'nowMs'> {
  return { judgedDates: () => dates, nowMs: () => ms };
}

function pin({ cert }: Certificate): string {
  return pinOf(new X509Certificate(cert));
}

/** What nobody may tell the board: it is refused, and the control has heard nothing. */
async function refuses(
  pattern: RegExp,
  served: Certificate,
  trust: Partial<Trust>,
  name?: string,
): Promise<void> {
  const { said, asked } = await ask(served, trust, name);
  match(said, pattern);
  match(said, /^tls: /);
  is(asked, 0);
}

suite('board/control-trust', (s) => {
  s.testIf(missing, 'an authority that is named is believed, and no other', async () => {
    const { root, served } = chainOf();
    const other = makeCertificate({ names: '', issuer: null, isAuthority: true });

    is((await ask(served, { authorities: root.cert })).said, 'ok');
    is((await ask(served, { authorities: root.cert }, 'localhost')).said, 'ok');
    await refuses(/authority is not known here/, served, { authorities: other.cert });
    await refuses(/authority is not known here/, served, {});
  });

  s.testIf(missing, 'it must be for this name', async () => {
    const { root, served } = chainOf({ names: 'DNS:other.example' });

    await refuses(/it is for another name/, served, { authorities: root.cert });
    await refuses(/it is for another name/, served, { authorities: root.cert }, 'localhost');
  });

  s.testIf(missing, 'a pinned key needs no authority, but a wrong one is refused', async () => {
    const { root, served } = chainOf({ names: 'DNS:other.example' });
    const own = { needsChain: false, pins: [pin(root), pin(served)] };

    is((await ask(served, own)).said, 'ok');
    await refuses(/none of those that are pinned/, served, { ...own, pins: [pin(root)] });
  });

  s.testIf(missing, 'with both, both must be right', async () => {
    const { root, served } = chainOf();
    const other = chainOf();
    const good = { authorities: root.cert, pins: [pin(served)] };

    is((await ask(served, good)).said, 'ok');
    await refuses(/pinned/, served, { ...good, pins: [pin(other.served)] });
    await refuses(/authority is not known/, served, { ...good, authorities: other.root.cert });
  });

  s.testIf(missing, 'dates are judged while the clock is right', async () => {
    const late = chainOf({ startsMs: Date.now() - 30 * DAY_MS, days: 20 });
    const early = chainOf({ startsMs: Date.now() + 10 * DAY_MS });

    await refuses(/it has expired/, late.served, { authorities: late.root.cert });
    await refuses(/not valid yet/, early.served, { authorities: early.root.cert });
    const pinned = { needsChain: false, pins: [pin(late.served)] };
    await refuses(/is not valid at/, late.served, pinned);
  });

  s.testIf(missing, 'to a clock in 1970 no date is wrong, but all the rest is', async () => {
    const trust = at(20_000, 'none');
    // The clock of the tests is right: certificates of another time stand for it.
    for (const startsMs of [Date.now() - 9_000 * DAY_MS, Date.now() + 9_000 * DAY_MS]) {
      const { root, served } = chainOf({ startsMs, days: 20 });
      const forged = chainOf({ startsMs, days: 20 });
      const authorities = root.cert;

      is((await ask(served, { ...trust, authorities })).said, 'ok');
      is((await ask(served, { ...trust, needsChain: false, pins: [pin(served)] })).said, 'ok');
      await refuses(/not known here/, forged.served, { ...trust, authorities });
      await refuses(/pinned/, forged.served, { ...trust, authorities, pins: [pin(served)] });
    }
    const { root, served } = chainOf({ startsMs: Date.now() + DAY_MS, names: 'DNS:x.example' });
    await refuses(/for another name/, served, { ...trust, authorities: root.cert });
  });

  s.testIf(missing, 'a forged certificate that names the right authority is refused', async () => {
    const startsMs = Date.now() + 9_000 * DAY_MS;
    const subject = makeCertificate({ names: '', issuer: null, isAuthority: true });
    const evil = makeCertificate({ names: NAMES, issuer: null, startsMs });
    const plain = makeCertificate({ names: NAMES, issuer: subject });
    // Signed by a certificate that is no authority.
    const child = makeCertificate({ names: NAMES, issuer: plain, startsMs });
    const trust = { ...at(20_000, 'none'), authorities: subject.cert };

    await refuses(/authority is not known|signed by itself/, evil, trust);
    await refuses(
      /authority is not known/,
      { key: child.key, cert: `${child.cert}${plain.cert}` },
      trust,
    );
  });

  s.testIf(
    missing,
    'an authority between is walked, unless only OpenSSL can judge it',
    async () => {
      const startsMs = Date.now() + 9_000 * DAY_MS;
      const root = makeCertificate({ names: '', issuer: null, isAuthority: true });
      const between = (extensions: string[]): Certificate =>
        makeCertificate({ names: '', issuer: root, isAuthority: true, extensions });
      const serve = (issuer: Certificate, extensions: string[] = []): Certificate => {
        const leaf = makeCertificate({ names: NAMES, issuer, startsMs, extensions });
        return { key: leaf.key, cert: `${leaf.cert}${issuer.cert}` };
      };
      const trust = { ...at(20_000, 'none'), authorities: root.cert };

      is((await ask(serve(between([])), trust)).said, 'ok');
      await refuses(
        /limited names/,
        serve(between([`nameConstraints=critical,${PERMITTED}`])),
        trust,
      );
      await refuses(/not for servers/, serve(between([]), ['extendedKeyUsage=clientAuth']), trust);
      is((await ask(serve(between([]), ['extendedKeyUsage=serverAuth']), trust)).said, 'ok');
    },
  );

  s.testIf(missing, 'a plausible clock may be slow, but what has ended has ended', async () => {
    const early = chainOf({ startsMs: Date.now() + 10 * DAY_MS });
    const late = chainOf({ startsMs: Date.now() - 30 * DAY_MS, days: 20 });
    const trust = at(Date.now(), 'end');

    is((await ask(early.served, { ...trust, authorities: early.root.cert })).said, 'ok');
    await refuses(/is not valid at/, late.served, { ...trust, authorities: late.root.cert });
  });

  s.testIf(missing, "once the control's time was adopted, dates are judged by it", async () => {
    const nowMs = Date.now() + 1_000 * DAY_MS;
    const good = chainOf({ startsMs: nowMs - DAY_MS, days: 20 });
    const ended = chainOf({ startsMs: nowMs - 30 * DAY_MS, days: 20 });
    const trust = at(nowMs, 'both');
    const root = makeCertificate({ names: '', issuer: null, isAuthority: true, days: 5_000 });
    const served = makeCertificate({ names: NAMES, issuer: root, startsMs: nowMs - DAY_MS });

    is((await ask(served, { ...trust, authorities: root.cert })).said, 'ok');
    await refuses(/not valid at/, good.served, { ...trust, authorities: good.root.cert });
    await refuses(/not valid at/, ended.served, { ...trust, authorities: ended.root.cert });
  });

  s.testIf(missing, 'authorities come from the file, else from the system', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'ca.pem');
      const { cert } = makeCertificate({ names: '', issuer: null, isAuthority: true });
      writeFileSync(file, cert);
      is(loadAuthorities(file), cert);
      throws(() => loadAuthorities('/none/ca.pem'), /\/none\/ca.pem cannot be read/);
      writeFileSync(file, 'pem');
      throws(() => loadAuthorities(file), /ca.pem holds no certificate/);
      const bundle = '/etc/ssl/certs/ca-certificates.crt';
      if (existsSync(bundle)) ok((loadAuthorities(null) ?? '').length > 1_000);
    }),
  );
});
