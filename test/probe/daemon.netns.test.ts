// The program as it is delivered, from its start to its end, against a network that is known.
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { threads } from '../lab/net.ts';
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
  dst 10.9.1.0/24 loss every 5
  dst 10.9.2.0/24 duplicate always 1 1ms
`;

const CONFIG = {
  schema: 1,
  hostname: 'probe07',
  measurements: {
    smokeping: {
      interval: '200ms',
      round: '5s',
      timeout: '500ms',
      targets: [
        { id: 'near', host: '10.9.0.1', labels: { site: 'north' } },
        { id: 'six', host: 'fd09::1' },
        { id: 'lossy', host: '10.9.1.1' },
        { id: 'twice', host: '10.9.2.1' },
        { id: 'nowhere', host: 'no-such-name.invalid' },
        { id: 'far', host: '192.0.2.1' },
      ],
    },
  },
};

suite('daemon', (s) => {
  let lab: DaemonLab;
  let daemon: RunningDaemon;

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    daemon = await lab.start(lab.write('probe.json', CONFIG));
    const whole = () => daemon.rounds('target=near');
    await daemon.until(whole, (rounds) => rounds.length >= 3, 20_000);
  });

  s.after(async () => {
    await lab?.close();
  });

  s.testIf(missing, 'says where it listens and who it is', () => {
    match(
      daemon.log(),
      / info measuring targets=6 stamps=kernel listen=http:\/\/127.0.0.1:9740\/ /,
    );
    not.match(daemon.log(), /Error|undefined/);
  });

  s.testIf(missing, 'has given up root and every capability in all its threads', () => {
    const all = threads(daemon.process.pid);
    ok(all.length > 1);
    for (const { uids, gids, groups, capabilities } of all) {
      not.ok([...uids, ...gids, ...groups].includes(0));
      equal([capabilities.Prm, capabilities.Eff, capabilities.Inh], Array(3).fill('0'.repeat(16)));
    }
  });

  s.testIf(missing, 'is healthy', async () => {
    const { status, body } = await daemon.get('/healthz');
    equal([status, JSON.parse(body)], [200, { ok: true, reason: null }]);
  });

  s.testIf(missing, 'tells the state of every target', async () => {
    const { targets, config, store, uptimeMs } = await daemon.status();
    const states = targets.map(({ id, family, state }) => `${id} ${family} ${state}`);
    equal(states, [
      'near v4 measuring',
      'six v6 measuring',
      'lossy v4 measuring',
      'twice v4 measuring',
      'nowhere v4 unresolved',
      'nowhere v6 unresolved',
      'far v4 unavailable',
    ]);
    is(targets.find(({ id }) => id === 'far')?.reason, 'no route to 192.0.2.1');
    ok(targets.filter(({ id }) => id === 'nowhere').every(({ reason }) => reason !== null));
    equal([config.error, store.errors], [null, 0]);
    ok(uptimeMs > 5000);
  });

  s.testIf(missing, 'measures in wire time, and accounts for every echo', async () => {
    for (const id of ['near', 'six', 'lossy', 'twice']) {
      const [, whole] = await daemon.rounds(`target=${id}`);
      if (whole === undefined) throw new Error(`${id} has no whole round`);
      const { sent, received, lost, discarded, rttNs, quality } = whole;
      ok(Math.abs(sent - 25) <= 1, `${sent} sent to ${id}`);
      is(received + lost + discarded, sent);
      is(quality.kernel, received);
      const median = rttNs?.median ?? 0;
      ok(median >= 5_000_000 && median < 6_000_000, `${id}: ${median} ns`);
      equal([whole.fromMs % 5000, whole.untilMs - whole.fromMs], [0, 5000]);
      const expected = id === 'lossy' ? sent / 5 : 0;
      ok(Math.abs(lost - expected) <= 1, `${lost} lost of ${id}`);
      is(whole.duplicates, id === 'twice' ? received : 0);
    }
  });

  s.testIf(missing, 'answers scrapes', async () => {
    const samples = parseMetrics(await daemon.metrics());
    const near = { host: '10.9.0.1', ip: '10.9.0.1', source: '', tos: '0', site: 'north' };
    const sent = findValue(samples, 'smokeping_requests_total', near) ?? 0;
    const count = findValue(samples, 'smokeping_response_duration_seconds_count', near) ?? 0;
    ok(sent > 50 && sent - count <= 1, `${sent} sent, ${count} answered`);
    const labels = { target: 'far', reason: 'unreachable' };
    ok((findValue(samples, 'flint_send_errors_total', labels) ?? 0) > 20);
    is(findValue(samples, 'flint_config_last_reload_successful'), 1);
    is((await daemon.get('/metrics/path')).status, 200);
    is((await daemon.get('/metrics/http-v4')).status, 404);
  });

  s.testIf(missing, 'shows a page for all targets and one for each', async () => {
    const all = await daemon.get('/');
    equal([all.status, all.type], [200, 'text/html; charset=utf-8']);
    for (const id of ['near', 'six', 'lossy', 'twice', 'nowhere', 'far']) match(all.body, id);
    match(all.body, '<svg');
    const style = /href="(\/style-[^"]+\.css)"/.exec(all.body)?.[1] ?? '/none';
    is((await daemon.get(style)).status, 200);
    is((await daemon.get('/target/near?span=6h')).status, 200);
    is((await daemon.get('/target/nobody')).status, 404);
  });

  s.testIf(missing, 'notes its start among the events', async () => {
    const [start, ...more] = await daemon.events('start');
    equal([start?.target, more.length], [null, 0]);
  });

  s.testIf(missing, 'ends within two seconds of SIGTERM, with the last round stored', async () => {
    const { bootId } = await daemon.status();
    const stopMs = Date.now();
    const { code } = await daemon.stop('SIGTERM');
    const tookMs = Date.now() - stopMs;
    const log = daemon.log();
    daemon = await lab.start(`${lab.directory}/probe.json`);
    const rounds = (await daemon.rounds()).filter((round) => round.bootId === bootId);

    is(code, 0, log);
    ok(tookMs < 2000, `${tookMs} ms`);
    const last = rounds.filter(({ target }) => target === 'near').at(-1);
    ok(last !== undefined && last.fromMs <= stopMs && last.untilMs > stopMs);
    const echoes = (await lab.reflector.log()).filter(({ arrivedNs, action }) => {
      return arrivedNs / 1_000_000n < BigInt(stopMs + tookMs) && action !== 'copied';
    });
    const sent = rounds.reduce((sum, round) => sum + round.sent, 0);
    is(sent, echoes.length);
  });

  s.testIf(missing, 'a second SIGTERM while it ends, ends it at once', async () => {
    // Nobody answers there, so that the end waits for what is in flight.
    await lab.reflector.command('dst 10.9.0.0/16 loss always');
    await new Promise((resolve) => setTimeout(resolve, 500));
    daemon.process.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { code, signal } = await daemon.stop('SIGTERM');

    equal([code, signal], [null, 'SIGTERM']);
  });
});
