// A configuration that changes under a running daemon.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { Round } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import {
  type DaemonLab,
  missingDaemonLab,
  openDaemonLab,
  type RunningDaemon,
} from './daemon-lab.ts';
import { findValue, parseMetrics } from './metrics-parse.ts';

const missing = missingDaemonLab();

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
`;

interface Settings {
  targets: unknown[];
  port?: number;
  interval?: string;
}

const KEPT = { id: 'kept', host: '10.9.0.1', interval: '100ms' };

function config({ targets, port = 9740, interval = '200ms' }: Settings): unknown {
  const smokeping = { interval, round: '5s', timeout: '500ms', targets };
  return { schema: 1, listen: { port }, measurements: { smokeping } };
}

suite('reload', (s) => {
  let lab: DaemonLab;
  let daemon: RunningDaemon;
  let file = '';

  /** Puts a configuration in the place of the old one, and waits for what the log says. */
  async function change(content: unknown, said: string | RegExp): Promise<void> {
    const before = daemon.log().length;
    lab.write('probe.json', content);
    await daemon.until(
      async () => daemon.log().slice(before),
      (log) => (typeof said === 'string' ? log.includes(said) : said.test(log)),
      5000,
    );
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    file = lab.write('probe.json', config({ targets: [KEPT, '10.9.0.2'] }));
    daemon = await lab.start(file);
  });

  s.after(async () => {
    await lab?.close();
  });

  s.testIf(missing, 'takes a changed file over by itself', async () => {
    await change(config({ targets: [KEPT, '10.9.0.3'] }), 'configuration applied');

    const ids = (await daemon.status()).targets.map(({ id }) => id);
    equal(ids, ['kept', '10.9.0.3']);
  });

  s.testIf(missing, 'takes over a file that is written in place', async () => {
    const before = daemon.log().length;
    writeFileSync(file, JSON.stringify(config({ targets: [KEPT, 'fd09::3'] })));
    await daemon.until(
      async () => daemon.log().slice(before),
      (log) => log.includes('configuration applied'),
      5000,
    );

    equal((await daemon.status()).targets.at(-1)?.ip, 'fd09::3');
  });

  s.testIf(missing, 'reads the file again on SIGHUP', async () => {
    const before = (await daemon.status()).config;
    const loaded = async () => findValue(parseMetrics(await daemon.metrics()), LOADED) ?? 0;
    const beforeSeconds = await loaded();
    await sleep(50);
    daemon.process.child.kill('SIGHUP');

    await daemon.until(loaded, (seconds) => seconds > beforeSeconds, 5000);
    equal((await daemon.status()).config.etag, before.etag);
  });

  s.testIf(missing, 'refuses a wrong value with file, path and reason, and goes on', async () => {
    const { etag } = (await daemon.status()).config;
    await change(config({ targets: [KEPT], interval: '5 parsec' }), 'configuration refused');

    const said = `${file}: measurements.smokeping.interval: expected a duration from`;
    ok(daemon.log().includes(`the one before goes on: ${said}`), daemon.log());
    const { config: now, targets } = await daemon.status();
    equal([now.etag, targets.length], [etag, 2]);
    ok(now.error?.startsWith(said));
    const [event] = await daemon.events('config');
    ok(String(event?.detail['error']).startsWith(said));
    const samples = parseMetrics(await daemon.metrics());
    is(findValue(samples, 'flint_config_last_reload_successful'), 0);
    is((await daemon.get('/healthz')).status, 200);
  });

  s.testIf(missing, 'refuses what is not JSON, and a file that is gone', async () => {
    await change('{\n  "schema": 1,\n  oops\n}\n', /not JSON: .*line 3/);
    const before = daemon.log().length;
    rmSync(file);
    await daemon.until(
      async () => daemon.log().slice(before),
      (log) => log.includes('cannot be read: ENOENT'),
      5000,
    );

    is((await daemon.status()).targets.length, 2);
  });

  s.testIf(missing, 'forgets the refusal with the next good file', async () => {
    await change(config({ targets: [KEPT, '10.9.0.4'] }), 'configuration applied');

    is((await daemon.status()).config.error, null);
    const samples = parseMetrics(await daemon.metrics());
    is(findValue(samples, 'flint_config_last_reload_successful'), 1);
  });

  s.testIf(missing, 'says of what it reads only at the start that it waits', async () => {
    await change(config({ targets: [KEPT], port: 9741 }), 'configuration applied');

    match(daemon.log(), `${file}: the change of listen takes effect at the next start`);
    is((await daemon.get('/healthz')).status, 200);
  });

  s.testIf(
    missing,
    'measures through an interface as soon as it is there, also a new one',
    async () => {
      const through = { id: 'through', host: '10.6.0.2', device: 'later0' };
      await change(config({ targets: [KEPT, through] }), 'configuration applied');
      const target = async () => (await daemon.status()).targets.find(({ id }) => id === 'through');
      const absent = await daemon.until(target, (one) => one?.state === 'unavailable');
      is(absent?.reason, 'there is no interface later0');

      for (const turn of ['first', 'again']) {
        await addInterface(lab, turn === 'first' ? 10 : 77);
        await daemon.until(target, (one) => one?.reason === null, 15_000);
        await lab.namespace.ip('link del later0');
        const gone = await daemon.until(target, (one) => one?.state === 'unavailable', 15_000);
        match(gone?.reason ?? '', /interface later0/);
      }
    },
    40_000,
  );

  s.testIf(missing, 'no echo and no round of an unchanged target was lost', async () => {
    await daemon.stop();
    daemon = await lab.start(lab.write('probe.json', config({ targets: [] })));
    const rounds = await daemon.rounds('target=kept');
    const answered = (await lab.reflector.log()).filter((one) => one.destination === '10.9.0.1');

    isWithoutGap(rounds);
    const sum = (read: (round: Round) => number) =>
      rounds.reduce((total, round) => total + read(round), 0);
    is(
      sum(({ sent }) => sent),
      answered.length,
    );
    is(
      sum(({ received }) => received),
      answered.length,
    );
    is(
      sum(({ lost }) => lost),
      0,
    );
    // A busy machine may keep an echo from leaving in time.
    for (const round of rounds.slice(1, -1)) {
      ok(Math.abs(round.sent + round.skipped - 50) <= 1, JSON.stringify(round));
    }
  });

  s.testIf(missing, 'warns at the start when the file cannot be read again', async () => {
    const hidden = join(lab.directory, 'hidden');
    mkdirSync(hidden);
    chmodSync(hidden, 0o700);
    const port = 9742;
    writeFileSync(join(hidden, 'probe.json'), JSON.stringify(config({ targets: [KEPT], port })));
    const other = await lab.start(join(hidden, 'probe.json'), { state: 'other', port });

    match(other.log(), /hidden\/probe.json cannot be read by \w+: a change of it takes effect at/);
    not.match(other.log(), 'is not watched');
    const samples = parseMetrics(await other.metrics());
    is(findValue(samples, 'flint_config_last_reload_successful'), 0);
    other.process.child.kill('SIGHUP');
    await other.process.waitFor('configuration refused');
    is((await other.status()).targets[0]?.id, 'kept');
  });
});

const LOADED = 'smokeping_prober_config_last_reload_success_timestamp_seconds';

/** Its number is another each time, as that of a modem that was plugged in again. */
async function addInterface({ namespace }: DaemonLab, index: number): Promise<void> {
  await namespace.ip(`link add later0 index ${index} type veth peer name peer0`);
  await namespace.ip('address add 10.6.0.1/24 dev later0');
  await namespace.ip('link set later0 up');
  await namespace.ip('link set peer0 up');
  // Answered by nobody, but sent.
  await namespace.ip('neigh add 10.6.0.2 lladdr 02:00:00:00:00:01 dev later0 nud permanent');
}

function isWithoutGap(rounds: readonly Round[]): void {
  ok(rounds.length >= 3, `${rounds.length} rounds`);
  rounds.forEach((round, index) => {
    is(round.sequence, index);
    if (index > 0) is(round.fromMs, rounds[index - 1]?.untilMs);
  });
}
