// The agent from its first start to its end, against a control that can do everything wrong.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { FACT_PLACES } from '../../src/board/facts.ts';
import { type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { HASTY, MAC, settingsFor, startTestAgent, until } from './agents.ts';
import { type BoardPlace, inPlace } from './place.ts';
import { probeReport, reportedEvent, reportedRound, writeReport } from './reports.ts';

const CLAIM = 'flint_claim_abcdefgh';

async function withControl(
  run: (control: FakeControl, place: BoardPlace) => Promise<void>,
): Promise<void> {
  const control = await openFakeControl();
  try {
    await inPlace((place) => run(control, place));
  } finally {
    await control.close();
  }
}

function kept(place: BoardPlace): { apiKey: string; probe: string } {
  return JSON.parse(readFileSync(place.places.credentials, 'utf8'));
}

function handed(place: BoardPlace): { etag: string; document: unknown } | null {
  const file = place.places.handedConfig;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

suite('board/agent', ({ test }) => {
  test('enrols, brings the configuration, reports, and goes on doing so', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const settings = settingsFor(control.origin, { claimToken: CLAIM });
      const agent = await startTestAgent(place, settings);
      await control.until('report', 3);

      equal(handed(place)?.document, { schema: 1 });
      equal(control.count('enroll'), 1);
      control.document = { etag: '"two"', text: '{"schema":1,"hostname":"b"}' };
      await until(() => handed(place)?.etag === '"two"');
      is(control.reports[0]?.probe, null);
      is(control.reports.at(-1)?.agent.configEtag !== null, true);
      is(await agent.stop(), true);
      not.match(place.lines.join(''), CLAIM);
      not.match(place.lines.join(''), kept(place).apiKey);
    }));

  test('says what to read out to the operator, and waits until it is accepted', () =>
    withControl(async (control, place) => {
      const agent = await startTestAgent(place, settingsFor(control.origin));
      await control.until('enroll', 2);
      control.register(MAC);
      await control.until('enroll', 4);
      control.approve(MAC);
      await control.until('report', 1);
      await agent.stop();

      const said = place.lines.join('');
      match(said, /operator must do: at http:\S+ register MAC 02:00:5e:10:00:01 and approve/);
      match(said, /fingerprint ([0-9a-f]{4} ){4}[0-9a-f]{4}/);
      is(place.lines.filter((line) => /waiting to be accepted/.test(line)).length, 1);
      match(said, /this board is probe probe1 of http/);
    }));

  test('the kept configuration is there before the control can be asked', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const settings = settingsFor(control.origin, { claimToken: CLAIM });
      const first = await startTestAgent(place, settings);
      await control.until('report', 1);
      await first.stop();
      rmSync(place.run, { recursive: true });
      for (const endpoint of ['config', 'report'] as const) {
        control.always(endpoint, { kind: 'stall', when: 'before' });
      }

      const second = await startTestAgent(place, settings);
      equal(handed(place)?.document, { schema: 1 });
      const startedMs = performance.now();
      await control.until('config', 2);
      await second.stop();
      ok(performance.now() - startedMs < 1_000, 'a stop does not wait for an answer');
    }));

  test('without a kept one, none of an earlier life is left to the daemon', () =>
    withControl(async (control, place) => {
      mkdirSync(place.places.handover, { recursive: true });
      writeFileSync(place.places.handedConfig, '{}');
      const agent = await startTestAgent(place, settingsFor(control.origin));
      is(handed(place), null);
      await agent.stop();
    }));

  test('a key that is refused means another enrolment, and until then nothing is lost', () =>
    withControl(async (control, place) => {
      const probe = control.register(MAC, CLAIM);
      const settings = settingsFor(control.origin, { claimToken: CLAIM });
      const agent = await startTestAgent(place, settings);
      await control.until('report', 1);
      const before = kept(place);
      probe.isDisabled = true;
      await control.until('enroll', 4);
      equal(kept(place), before);
      equal(handed(place)?.document, { schema: 1 });

      probe.isDisabled = false;
      probe.apiKeys.clear();
      const reports = control.reports.length;
      await until(() => control.reports.length > reports);
      not.equal(kept(place).apiKey, before.apiKey);
      await agent.stop();
      match(place.lines.join(''), /does not know the API key .* measuring goes on/);
    }));

  test('answers without a key never overwrite a good one', () =>
    withControl(async (control, place) => {
      const probe = control.register(MAC, CLAIM);
      const settings = settingsFor(control.origin, { claimToken: CLAIM });
      const agent = await startTestAgent(place, settings);
      await control.until('report', 1);
      const before = kept(place);
      probe.apiKeys.clear();
      control.always('enroll', {
        kind: 'change',
        change: (body) => JSON.stringify({ ...JSON.parse(body), apiKey: null }),
      });
      await control.until('enroll', 4);

      equal(kept(place), before);
      control.always('enroll', null);
      const reports = control.reports.length;
      await until(() => control.reports.length > reports);
      await agent.stop();
    }));

  test('a control that forgets each key at once is not hammered', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      for (const endpoint of ['config', 'report'] as const) {
        control.always(endpoint, { kind: 'say', status: 401, body: '' });
      }
      const settings = settingsFor(control.origin, { claimToken: CLAIM });
      const timing = { ...HASTY, enrollFirstMs: 400, retryMostMs: 400, random: () => 0.99 };
      const agent = await startTestAgent(place, settings, { timing });
      await new Promise((done) => setTimeout(done, 700));
      await agent.stop();

      ok(control.count('enroll') <= 4, `${control.count('enroll')} enrolments in 0.7 s`);
    }));

  test('a reply that was lost costs another key and nothing else', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      for (const endpoint of ['challenge', 'enroll', 'enroll', 'config', 'report'] as const) {
        control.once(endpoint, { kind: 'cut', when: 'after' });
      }
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => control.reports.length > 1 && handed(place) !== null);
      await agent.stop();

      is(control.probes.get(MAC)?.apiKeys.size, 1, 'the first use ended the others');
    }));

  test('rounds go once, events when they change, all again after a lost reply', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      writeReport(
        place.places,
        probeReport({ rounds: [reportedRound(1_000)], events: [reportedEvent('a')] }),
      );
      control.once('report', { kind: 'cut', when: 'after' });
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => control.reports.length >= 3);

      const counts = control.reports
        .slice(0, 3)
        .map(({ probe }) => [probe?.rounds.length, probe?.events.length]);
      equal(counts, [
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      writeReport(place.places, probeReport({ rounds: [reportedRound(1_000), reportedRound(2)] }));
      await until(() => control.reports.at(-1)?.probe?.rounds[0]?.untilMs === 2);
      await agent.stop();
    }));

  test('what the control refuses of the daemon does not silence the agent', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      writeReport(place.places, probeReport({ rounds: [reportedRound(1_000)] }));
      control.once('report', { kind: 'say', status: 400, body: '{"message":"odd \\u0007"}' });
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => control.reports.length >= 2);
      await agent.stop();

      is(control.reports[0]?.probe, null);
      match(String(control.reports[0]?.agent.lastError), /refused what the daemon says.*odd \?/);
      is(control.reports[1]?.probe?.rounds.length, 1);
    }));

  test('a document that is none is refused here, and not fetched again and again', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => handed(place) !== null);
      control.document = { etag: '"bad"', text: '{"schema":"1"}' };
      const before = control.reports.length;
      await until(() => control.reports.length > before + 4);
      const { length } = control.asked.filter(({ endpoint }) => endpoint === 'config');
      is(length, 2);
      is(handed(place)?.etag, '"one"');
      is(
        control.reports.some(({ agent: { lastError } }) => /"schema" is no/.test(lastError ?? '')),
        true,
      );

      control.document = { etag: '"good"', text: '{"schema":2}' };
      await until(() => handed(place)?.etag === '"good"');
      await agent.stop();
    }));

  test('a disk that takes no more ends nothing: what is there goes on', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => handed(place) !== null);
      rmSync(place.places.config);
      mkdirSync(join(place.places.config, 'in the way'), { recursive: true });
      control.document = { etag: '"two"', text: '{"schema":1}' };
      const before = control.reports.length;
      await until(() => control.reports.length > before + 2);

      is(handed(place)?.etag, '"one"');
      match(place.lines.join(''), /new configuration cannot be kept/);
      // The board's own page says so until it is over, also when the control has been told.
      const told = () => JSON.parse(readFileSync(place.places.boardState, 'utf8')).agentTrouble;
      await until(() => told() !== null);
      match(told().reason, /new configuration cannot be kept/);
      rmSync(place.places.config, { recursive: true });
      await until(() => handed(place)?.etag === '"two"');
      await until(() => told() === null);
      await agent.stop();
    }));

  test('a run directory that was emptied is filled again', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const agent = await startTestAgent(place, settingsFor(control.origin, { claimToken: CLAIM }));
      await until(() => handed(place) !== null);
      rmSync(place.run, { recursive: true });
      await until(() => handed(place) !== null);
      await agent.stop();
    }));

  test('a board starts with a broken profile, says so, and takes the mended one', () =>
    withControl(async (control, place) => {
      const hardware = join(place.directory, 'hardware');
      const net = (name: string) => join(place.directory, 'sys/class/net', name);
      for (const [name, mac] of Object.entries({ end0: MAC, enu1: '02:00:5e:10:00:02' })) {
        mkdirSync(join(net(name), 'device'), { recursive: true });
        writeFileSync(join(net(name), 'address'), mac);
        writeFileSync(join(net(name), 'type'), '1');
      }
      mkdirSync(join(hardware, 'odd'), { recursive: true });
      const file = join(hardware, 'odd/profile.json');
      writeFileSync(file, '{');
      const settings = settingsFor(control.origin, { mac: null, hardware: 'odd' });
      const sys = join(place.directory, 'sys');
      const factPlaces = { ...FACT_PLACES, sys, hardware: [hardware] };
      const agent = await startTestAgent(place, settings, { factPlaces });
      const said = () => place.lines.join('');

      match(said(), /odd.profile\.json: cannot be read: it is not JSON .*; going on without it/);
      match(said(), `register MAC ${MAC}`);
      const text = { schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', models: [] };
      writeFileSync(file, JSON.stringify({ ...text, interface: 'enu1', note: '' }));
      agent.reload();
      await until(() => /settings read again/.test(said()));
      is(said().match(/going on without it/g)?.length, 1);
      await agent.stop();
    }));

  test('a second agent in one place says so and ends', () =>
    withControl(async (control, place) => {
      const settings = settingsFor(control.origin);
      const agent = await startTestAgent(place, settings);
      const why = await startTestAgent(place, settings).catch((error: Error) => error.message);
      match(String(why), /in use by process/);
      await agent.stop();
      const third = await startTestAgent(place, settings);
      await third.stop();
    }));
});
