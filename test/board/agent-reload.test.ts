// Settings that change, one pass, and the time of a board without a clock.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { AgentSettings } from '../../src/board/agent-config.ts';
import { type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { HASTY, MAC, settingsFor, startTestAgent, until } from './agents.ts';
import { makeCertificate, missingOpenssl } from './certificates.ts';
import { type BoardPlace, inPlace } from './place.ts';
import { probeReport, reportedRound, writeReport } from './reports.ts';

const CLAIM = 'flint_claim_abcdefgh';
const ALL = ['challenge', 'enroll', 'config', 'report'] as const;

async function withControls(
  count: number,
  run: (controls: FakeControl[], place: BoardPlace) => Promise<void>,
): Promise<void> {
  const controls = await Promise.all(Array.from({ length: count }, () => openFakeControl()));
  for (const control of controls) control.register(MAC, CLAIM);
  try {
    await inPlace((place) => run(controls, place));
  } finally {
    await Promise.all(controls.map((control) => control.close()));
  }
}

function claiming(control: FakeControl | undefined, change: Partial<AgentSettings> = {}) {
  return settingsFor(control?.origin ?? '', { claimToken: CLAIM, ...change });
}

function keyOf(place: BoardPlace): string {
  return JSON.parse(readFileSync(place.places.credentials, 'utf8')).apiKey;
}

suite('board/agent: settings and time', (s) => {
  s.test('another control is enrolled at, and never gets the key of the first', () =>
    withControls(2, async ([first, second], place) => {
      let settings = claiming(first);
      const agent = await startTestAgent(place, () => settings);
      await first?.until('report', 1);
      const firstKey = keyOf(place);
      settings = claiming(second);
      agent.reload();
      await second?.until('report', 1);
      await agent.stop();

      not.equal(keyOf(place), firstKey);
      not.match(JSON.stringify(second?.asked), firstKey);
      is(
        second?.asked.find(({ endpoint }) => endpoint === 'config')?.headers['if-none-match'],
        undefined,
      );
      match(place.lines.join(''), /settings read again/);
    }),
  );

  s.test('bad settings change nothing', () =>
    withControls(1, async ([control], place) => {
      let isBad = false;
      const agent = await startTestAgent(place, () => {
        if (isBad) throw new Error('agent.json: colour: unknown key');
        return claiming(control);
      });
      await control?.until('report', 1);
      isBad = true;
      agent.reload();
      await control?.until('report', 3);
      await agent.stop();

      match(place.lines.join(''), /settings refused, those before go on: agent.json: colour/);
    }),
  );

  s.test('one pass enrols, fetches and reports once, and says whether all went well', () =>
    withControls(1, async ([control], place) => {
      const good = await startTestAgent(place, claiming(control), { isOnce: true });
      is(await good.ended, true);
      equal(
        ALL.map((endpoint) => control?.count(endpoint)),
        [1, 1, 1, 1],
      );

      control?.once('report', { kind: 'say', status: 500, body: '' });
      const bad = await startTestAgent(place, claiming(control), { isOnce: true });
      is(await bad.ended, false);
      const pending = claiming(control, { mac: '02:00:5e:10:00:02' });
      await inPlace(async (other) => {
        const refused = await startTestAgent(other, pending, { isOnce: true });
        is(await refused.ended, false);
      });
    }),
  );

  s.test('Retry-After is kept to', () =>
    withControls(1, async ([control], place) => {
      control?.once('challenge', {
        kind: 'say',
        status: 429,
        headers: { 'retry-after': '1' },
        body: '',
      });
      const startedMs = performance.now();
      const agent = await startTestAgent(place, claiming(control));
      await control?.until('enroll', 1);
      await agent.stop();

      ok(performance.now() - startedMs >= 1_000);
    }),
  );

  s.test('failures are told once, and that they are over', () =>
    withControls(1, async ([control], place) => {
      for (let i = 0; i < 4; i++) control?.once('report', { kind: 'say', status: 500, body: '' });
      const agent = await startTestAgent(place, claiming(control));
      await until(() => /answers again \(report\)/.test(place.lines.join('')));
      await agent.stop();

      const told = place.lines.filter((line) => line.includes('no report with'));
      is(told.length, 1);
      match(String(control?.reports[0]?.agent.lastError), /no report with .* answered 500/);
    }),
  );

  s.test('the interval is spread by a fifth', () =>
    withControls(1, async ([control], place) => {
      const timing = { ...HASTY, reportMs: 200 };
      const agent = await startTestAgent(place, claiming(control), { timing });
      await control?.until('report', 6);
      await agent.stop();

      const sent = control?.reports.map(({ sentMs }) => sentMs) ?? [];
      // The second follows the first configuration.
      const gaps = sent.slice(2).map((ms, i) => ms - (sent[i + 1] ?? 0));
      ok(
        gaps.every((gap) => gap >= 155 && gap <= 350),
        gaps.join(),
      );
    }),
  );

  s.test('a young board reports soon, until the control has its first figures', () =>
    withControls(1, async ([control], place) => {
      const timing = { ...HASTY, reportMs: 60_000, firstReportMs: 40, youngMs: 60_000 };
      const agent = await startTestAgent(place, claiming(control), { timing });
      await control?.until('report', 4);
      writeReport(place.places, probeReport({ rounds: [reportedRound(Date.now())] }));
      await until(() => control?.reports.some(({ probe }) => probe?.rounds.length === 1) === true);
      const count = control?.reports.length;
      await new Promise((resolve) => setTimeout(resolve, 300));
      await agent.stop();

      is(control?.reports.length, count);
    }),
  );

  s.testIf(missingOpenssl(), 'a board in 1970 enrols over TLS with nothing but a pin', async () => {
    const startsMs = Date.now() + 86_400_000;
    const root = makeCertificate({ names: '', issuer: null, isAuthority: true });
    const tls = makeCertificate({ names: 'IP:127.0.0.1', issuer: root, startsMs });
    const control = await openFakeControl({ tls });
    control.register(MAC, CLAIM);
    await inPlace(async (place) => {
      const caFile = join(place.directory, 'ca.pem');
      writeFileSync(caFile, root.cert);
      const clocks = { systemMs: () => 20_000, isTimesyncDone: () => false };
      const agent = await startTestAgent(place, claiming(control, { caFile }), clocks);
      await control.until('report', 2);
      await agent.stop();

      is(control.reports[0]?.sentMs, 20_000, 'NTP has a minute before anybody else is believed');
      is(
        place.lines.some((line) => line.includes('warn')),
        false,
        place.lines.join(''),
      );

      // The same with a clock that is right: not valid yet.
      const strict = await startTestAgent(place, claiming(control, { caFile }), { isOnce: true });
      is(await strict.ended, false);
      match(place.lines.join(''), /not valid yet/);
    });
    await control.close();
  });

  s.test('the daemon, which can ask the kernel, says whether the clock is right', () =>
    withControls(1, async ([control], place) => {
      writeReport(place.places, probeReport({}));
      const agent = await startTestAgent(place, claiming(control), { isTimesyncDone: () => false });
      await control?.until('report', 1);
      await agent.stop();

      match(readFileSync(place.places.clock, 'utf8'), /"seenMs":\d{13}/);
    }),
  );
});
