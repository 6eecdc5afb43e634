// What boards and probes say of themselves, on every page: as text and nothing else; and what an
// export for strangers must not hold.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { is, ok } from 'uvu/assert';
import { exportPages } from '../../src/control/page/export.ts';
import { startHistory } from '../../src/control/store/history.ts';
import type { Report } from '../../src/core/report.ts';
import { suite } from '../helper.ts';
import { makeBoard, tryEnroll } from './enroll-lab.ts';
import { add, inLab, macOf, say } from './fleet-lab.ts';
import type { Lab } from './lab.ts';
import { eventAt, probeReport, reportOf, roundAt } from './report-lab.ts';

/** Ends attributes and elements of every kind, where nobody makes text of it. */
const EVIL = `x"'><zz onx=1>&lt;zz</script><svg>`;
const LINK = 'javascript:alert(1)';

suite('control pages against what probes say', (s) => {
  s.test('text of boards, probes and operators is text on every page, export and status page', () =>
    inLab(async (lab) => {
      const { context } = lab;
      startHistory(context, lab.stateDirectory);
      const texts = { location: EVIL, contact: EVIL, note: EVIL, tags: [EVIL.slice(0, 64)] };
      await add(context, { mac: macOf(1), ...texts });
      await add(context, { mac: macOf(2), ...texts });
      await say(context, 'probe01', evilReport());
      await fillHistory(lab);
      const payload = { model: EVIL, version: EVIL, node: EVIL };
      await tryEnroll(lab, makeBoard(macOf(2)), { payload });
      await tryEnroll(lab, makeBoard(macOf(99)), { payload });
      await makeStatus(lab, EVIL);
      const pages = [
        ...['/', '/probes', '/probes/probe01', '/probes/probe02', '/probes?search=%3Czz%20%22%27'],
        ...['/probes/probe01?span=24h', '/probes/probe01/edit', '/claims', '/sets', '/audit'],
        ...['/maintenance', '/users', '/account', '/status', '/settings/status', '/boards/1'],
        ...[
          `/audit?subject=${encodeURIComponent(EVIL)}`,
          `/login?next=${encodeURIComponent(EVIL)}`,
        ],
        ...[
          `/probes?tag=${encodeURIComponent(EVIL.slice(0, 64))}`,
          `/nothing/${encodeURIComponent(EVIL)}`,
        ],
        ...[`/claims?probe=${encodeURIComponent(EVIL)}`, `/sets/${encodeURIComponent(EVIL)}`],
      ];
      let told = 0;
      for (const role of ['viewer', 'operator', 'admin'] as const) {
        const as = await lab.session(role);
        for (const url of pages) {
          const { text, status, headers } = await lab.ask({
            url,
            as,
            headers: { accept: 'text/html' },
          });
          ok(status < 500, `${url} ${status}`);
          if (String(headers['content-type']).startsWith('text/html')) judgeHtml(url, text);
          told += text.split('&lt;zz onx').length - 1;
        }
      }
      ok(told > 60, `the text is on the pages ${told} times`);
      for (const isPrivate of [true, false]) {
        for (const [name, text] of await exported(lab, isPrivate)) judgeHtml(name, text);
      }
    }),
  );

  s.test(
    'an export for strangers says not whose and where, whatever a probe puts into its words',
    () =>
      inLab(
        async (lab) => {
          const { context } = lab;
          startHistory(context, lab.stateDirectory);
          const texts = { location: 'SECRETPLACE', contact: 'SECRETCONTACT', note: 'SECRETNOTE' };
          for (const number of [1, 2, 3, 4]) {
            await add(context, { mac: macOf(number), ...texts, tags: ['SECRETTAG'] });
          }
          for (const name of ['probe01', 'probe02', 'probe03']) {
            await say(context, name, privateReport());
          }
          await fillHistory(lab, '10.99.99.9');
          await tryEnroll(lab, makeBoard(macOf(4)), { payload: { model: 'SECRETMODEL' } });
          await makeStatus(lab, 'Shown');
          // Some are silent at once, so that the overview looks for what they share.
          lab.clock.nowMs += 400_000;
          const files = [...(await exported(lab, false))];
          const status = ['/status', '/status.txt', '/status.json'];
          for (const url of status) files.push([url, (await lab.ask({ url })).text]);
          ok(files.length > 6, `${files.length}`);
          for (const [name, text] of files) {
            for (const secret of [...SECRETS, macOf(1)]) {
              const at = text.indexOf(secret);
              is(at, -1, `${name} tells ${secret}: ${text.slice(Math.max(0, at - 80), at + 40)}`);
            }
          }
        },
        { config: { addressPrefix: 'fd00:1:2:3::/64' } },
      ),
  );
});

const SECRETS = [
  ...['SECRETPLACE', 'SECRETCONTACT', 'SECRETNOTE', 'SECRETTAG', 'SECRETMODEL', 'fd00:1:2:3'],
  ...['192.0.2.7', '10.99.99.9', '192.168.77.1', '100.64.7.7', 'fd77::1', 'SECRETHOST'],
  ...['a63:6309', '127.0.0.1'],
];

function judgeHtml(name: string, text: string): void {
  ok(/^<!doctype html>/.test(text), `${name} is no page: ${text.slice(0, 80)}`);
  for (const wrong of ['<zz', `"'>`, `x"'`, '</script', `href="${LINK}`, `'><`]) {
    const at = text.indexOf(wrong);
    is(at, -1, `${name} has ${wrong}: ${text.slice(Math.max(0, at - 100), at + 60)}`);
  }
}

function evilReport(): Report {
  const series = (['v4', 'v6'] as const).map((family) => ({
    ...{ target: EVIL, host: EVIL, family, ip: EVIL },
    ...{ state: 'down' as const, reason: EVIL },
  }));
  const kinds = ['outage', 'address', 'path', 'shift', 'clock-step', 'config', 'start'] as const;
  const detail = { before: EVIL, after: EVIL, [EVIL]: EVIL, version: EVIL, error: EVIL, lost: 3 };
  const report = reportOf({
    ...{ hostname: EVIL, version: EVIL, node: EVIL, addon: EVIL, hardware: EVIL, series },
    config: { etag: EVIL, appliedMs: 1, error: EVIL, unsupported: [EVIL], capped: [EVIL, LINK] },
    paths: [
      {
        ...{ target: EVIL, host: LINK, family: 'v4', ip: EVIL, protocol: 'icmp' },
        ...{ state: 'tracing', sinceMs: 1, hops: [EVIL, null, LINK] },
      },
    ],
    events: kinds.map((kind, n) => eventAt(`${EVIL}${n}`, { kind, target: EVIL, detail })),
    store: { bytes: 1, oldestMs: null, errors: 1, lastError: EVIL },
  });
  const { agent } = report;
  return { ...report, agent: { ...agent, version: EVIL, model: EVIL, lastError: EVIL } };
}

function privateReport(): Report {
  const words = 'no answer from 10.99.99.9, fd77::1 nor ::ffff:10.99.99.9';
  const detail = { before: '192.168.77.1', after: '100.64.7.7', error: words };
  const target = '10.99.99.9';
  const base = probeReport();
  return reportOf({
    series: ['10.99.99.9', 'fd77::1', '::ffff:10.99.99.9', '::ffff:a63:6309'].map((ip, n) => ({
      ...{ target: n === 0 ? target : `t${n}`, host: 'SECRETHOST', family: 'v4' as const, ip },
      ...{ state: 'down' as const, reason: words },
    })),
    config: { ...base.config, error: words, capped: [words], unsupported: ['SECRETHOST'] },
    paths: [
      {
        ...{ target, host: 'SECRETHOST', family: 'v4', ip: target, protocol: 'icmp' },
        ...{ state: 'tracing', sinceMs: 1, hops: ['192.168.77.1', '100.64.7.7', target] },
      },
    ],
    events: [
      eventAt('e1', { target, detail }),
      eventAt('e2', { kind: 'path', target, detail }),
      eventAt('e3', { kind: 'address', target, detail }),
    ],
  });
}

async function fillHistory({ context }: Lab, target = EVIL): Promise<void> {
  const { id } = await context.store.db
    .selectFrom('probes')
    .select('id')
    .where('name', '=', 'probe01')
    .executeTakeFirstOrThrow();
  const { historyOf } = await import('../../src/control/store/history.ts');
  const rounds = Array.from({ length: 60 }, (_, n) =>
    roundAt(context.nowMs() - n * 30_000, { target, ip: target }),
  );
  historyOf(context)?.appendRounds(id, rounds);
}

async function makeStatus({ context }: Lab, name: string): Promise<void> {
  const probes = [{ probe: 'probe01', name }];
  const targets = [EVIL, '10.99.99.9'].map((target) => ({ target, name }));
  const value = JSON.stringify({ isPublic: true, title: name, text: name, probes, targets });
  await context.store.write((db) =>
    db.insertInto('meta').values({ key: 'status-page', value }).execute(),
  );
}

async function exported({ context }: Lab, isPrivate: boolean): Promise<[string, string][]> {
  const parent = mkdtempSync(join(tmpdir(), 'flint-export-'));
  try {
    const directory = join(parent, 'pages');
    await exportPages(context, directory, { isPrivate });
    const names = readdirSync(directory, { recursive: true }) as string[];
    const pages = names.filter((name) => name.endsWith('.html'));
    return pages.map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
