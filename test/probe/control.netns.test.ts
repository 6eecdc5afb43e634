// timeout: 240 s
// waits
// What a control may tell a daemon, and how the daemon answers.
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type ControlLab, openControlLab } from './control-lab.ts';
import {
  type DaemonLab,
  missingDaemonLab,
  openDaemonLab,
  type RunningDaemon,
} from './daemon-lab.ts';
import { findValue, parseMetrics } from './metrics-parse.ts';

const missing =
  missingDaemonLab() ?? (existsSync('/etc/flint') ? 'this machine has a /etc/flint' : null);

const SCENARIO = `
  dst 93.184.216.0/24 delay 5ms
  dst 10.9.0.0/16 delay 5ms
`;

const KEPT = { id: 'kept', host: '93.184.216.1', interval: '200ms' };

function documentOf(targets: unknown[], more: object = {}): object {
  const smokeping = { round: '5s', timeout: '500ms', interval: '1s', targets };
  return { schema: 1, measurements: { smokeping, ...more } };
}

suite('control', (s) => {
  let lab: DaemonLab;
  let control: ControlLab;
  let daemon: RunningDaemon;

  interface Told {
    etag: string | null;
    error: string | null;
    unsupported: string[];
  }
  const told = async (): Promise<Told> =>
    ((await daemon.status()) as unknown as { control: Told }).control;
  const ids = async () => [...new Set((await daemon.status()).targets.map(({ id }) => id))];

  async function inForce(etag: string): Promise<void> {
    await daemon.until(told, (now) => now.etag === etag && now.error === null, 5000);
  }

  async function isRefused(why: RegExp): Promise<void> {
    const { etag } = await told();
    const now = await daemon.until(told, ({ error }) => error !== null && why.test(error), 5000);
    is(now.etag, etag);
    is(findValue(parseMetrics(await daemon.metrics()), 'flint_control_config_refused'), 1);
    await daemon.until(
      async () => control.report()?.config ?? null,
      (config) => config !== null && config.etag === etag && why.test(config.error ?? ''),
      5000,
    );
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    await lab.namespace.ip(`route add 93.184.216.0/24 dev ${lab.reflector.device}`);
    control = openControlLab(lab);
    daemon = await control.start();
  });

  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'without a configuration it starts, measures nothing and says why',
    async () => {
      equal(await ids(), []);
      match(daemon.log(), 'there is no /etc/flint/probe.json: only what the control asks for');
      const report = await daemon.until(
        async () => control.report(),
        (one) => one !== null,
      );
      equal(report?.config.etag, null);
      is(statSync(join(control.run, 'probe', 'report.json')).mode & 0o777, 0o644);
    },
  );

  s.testIf(missing, 'takes a document from a directory that was not there before', async () => {
    const etag = control.send({ ...documentOf([KEPT, '93.184.216.2']), hostname: 'probe07' });
    await inForce(etag);

    equal(await ids(), ['kept', '93.184.216.2']);
    const report = await daemon.until(
      async () => control.report(),
      (one) => one?.config.etag === etag,
      5000,
    );
    is(report?.hostname, 'probe07');
    match(
      daemon.log(),
      'the change of measurements.smokeping.round takes effect at the next start',
    );
  });

  s.testIf(
    missing,
    'leaves out what it does not know or may not be told, and says so',
    async () => {
      const document = { ...documentOf([KEPT], { telepathy: {} }), listen: { address: '0.0.0.0' } };
      const etag = control.send({ ...document, store: { keep: '1h' }, colour: 'red' });
      await inForce(etag);

      const unsupported = ['listen', 'store', 'measurements.telepathy', 'colour'];
      // What was sent before, and waits for a start, is told as long as it waits.
      const waiting = ['round', 'timeout'].map(
        (key) => `measurements.smokeping.${key} (until the probe starts again)`,
      );
      equal((await told()).unsupported.sort(), [...unsupported, ...waiting].sort());
      is((await daemon.get('/healthz')).status, 200);
    },
  );

  s.testIf(missing, 'refuses what is wrong, and the document before goes on', async () => {
    const send = (document: unknown) => void control.send(document);
    const cases: [RegExp, () => void][] = [
      [/schema: expected 1 but got 2/, () => send({ schema: 2 })],
      [/interval: expected a duration/, () => send(documentOf([{ ...KEPT, interval: '1 h' }]))],
      [/schema: expected 1 but got 7/, () => control.put('{"schema":7}')],
      [/JSON/, () => control.put(JSON.stringify(documentOf([])).slice(0, 40))],
      [/belongs to user 4711/, () => control.put('{"schema":1}', 4711)],
      [/etag: expected an ETag/, () => control.put('{"schema":1,"etag":"\\n","document":{}}')],
      [/more than 1048576/, () => control.put(' '.repeat(1_100_000))],
    ];
    for (const [why, attack] of cases) {
      attack();
      await isRefused(why);
      equal(await ids(), ['kept']);
    }
    const [event] = await daemon.events('config');
    match(String(event?.detail['error']), "the control's configuration: ");
  });

  s.testIf(missing, 'takes up a file that is written in two pieces once it is whole', async () => {
    const text = JSON.stringify({ schema: 1, etag: '"whole"', document: documentOf([KEPT]) });
    const file = join(control.run, 'agent', 'config.json');
    writeFileSync(file, text.slice(0, 50));
    await isRefused(/JSON/);
    writeFileSync(file, text);
    await inForce('"whole"');
  });

  s.testIf(
    missing,
    'begins with the kept document after kill -9, under its round',
    async () => {
      const etag = control.send(documentOf([KEPT]));
      await inForce(etag);
      await daemon.stop('SIGKILL');
      const startedMs = Date.now();
      daemon = await control.start();

      equal([(await told()).etag, await ids()], [etag, ['kept']]);
      const rounds = await daemon.until(
        () => daemon.rounds('target=kept'),
        (all) => all.some((one) => one.sequence === 1),
        20_000,
      );
      const last = rounds.at(-1);
      is((last?.untilMs ?? 0) - (last?.fromMs ?? 0), 5000);
      const report = await daemon.until(
        async () => control.report(),
        (one) => (one?.rounds.filter(({ fromMs }) => fromMs >= startedMs).length ?? 0) >= 2,
        20_000,
      );
      // Those of the run before come first.
      const own = report?.rounds.find(({ fromMs }) => fromMs >= startedMs);
      equal([own?.target, own?.lost], ['kept', 0]);
      ok((report?.quality.kernel ?? 0) > 0);
    },
    50_000,
  );

  s.testIf(missing, 'loses no echo of a target that a document leaves as it is', async () => {
    for (const other of ['93.184.216.3', '93.184.216.4', '93.184.216.5']) {
      await inForce(control.send(documentOf([KEPT, other])));
    }
    const before = await daemon.rounds('target=kept');
    const rounds = await daemon.until(
      () => daemon.rounds('target=kept'),
      (all) => all.length > before.length,
      10_000,
    );
    for (const round of rounds.slice(1)) {
      ok(Math.abs(round.sent + round.skipped - 25) <= 1, JSON.stringify(round));
    }
    rounds.forEach((round, at) => {
      if (at > 0 && round.bootId === rounds[at - 1]?.bootId) {
        is(round.fromMs, rounds[at - 1]?.untilMs);
      }
    });
  });

  s.testIf(missing, 'goes back to the local configuration when the document is gone', async () => {
    control.remove();
    await daemon.until(told, ({ etag }) => etag === null, 5000);
    equal(await ids(), []);
  });

  s.testIf(missing, 'a local file holds for the kinds that the control does not name', async () => {
    await daemon.stop();
    const local = {
      schema: 1,
      listen: { port: 9741 },
      measurements: {
        smokeping: { targets: [{ id: 'mine', host: '10.9.0.1' }] },
        path: { targets: [{ id: 'mine', host: '10.9.0.1' }] },
      },
    };
    const config = lab.write('local.json', local);
    daemon = await control.start({ config, port: 9741 });
    const states = async () => (await daemon.status()).targets.map(({ id, state }) => [id, state]);
    await daemon.until(states, ([first]) => first?.[1] === 'measuring', 5000);

    await inForce(control.send(documentOf([KEPT, { id: 'lan', host: '10.9.0.1' }])));
    await daemon.until(states, (all) => all[1]?.[1] === 'unavailable', 5000);
    const paths = JSON.parse((await daemon.get('/api/v1/paths')).body);
    // The owner of the machine may trace to his own network.
    equal([paths.paths[0].id, paths.paths[0].state], ['mine', 'tracing']);
  });

  s.testIf(
    missing,
    'a policy of the machine rules its owner, too; a wrong one ends the start',
    async () => {
      await daemon.stop();
      control.remove();
      const policy = lab.write('policy.json', { schema: 1, packetsPerSecondPerDestination: 1 });
      const targets = [
        { id: 'lan', host: '10.9.0.1' },
        { ...KEPT, interval: '100ms' },
      ];
      const config = lab.write('local.json', documentOf(targets));
      const words = ['probe', '--config', config, '--run', control.run, '--policy', policy];
      const started = lab.flint([...words, '--state', join(lab.directory, 'ruled')]);
      await started.waitFor(' measuring ', 10_000);
      daemon = lab.attach(started);
      const status = await daemon.until(
        () => daemon.status(),
        ({ targets: all }) => all.some(({ state }) => state === 'unavailable'),
      );
      match(status.targets[0]?.reason ?? '', 'the policy forbids its address 10.9.0.1');
      const { policy: inUse } = status as unknown as { policy: { file: string; capped: string[] } };
      equal(inUse.file, policy);
      match(inUse.capped[0] ?? '', '93.184.216.1: 10 packets a second are asked for and 1 allowed');
      await daemon.stop();

      lab.write('policy.json', { schema: 1, packetPerSecond: 1 });
      const refused = lab.flint(words);
      is((await refused.exited).code, 2);
      match(refused.output().stderr, 'policy.json: "packetPerSecond": unknown key');
    },
  );
});
