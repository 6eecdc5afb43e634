import { equal, is, match } from 'uvu/assert';
import { openServiceManager, watchdogMs } from '../../src/host/notify.ts';
import { suite } from '../helper.ts';

const PID = 4242;
const ENV = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '20000' };

interface Rig {
  manager: ReturnType<typeof openServiceManager>;
  sent: string[];
  warnings: string[];
}

function openRig(env: Record<string, string>, send?: () => number): Rig {
  const sent: string[] = [];
  const warnings: string[] = [];
  const manager = openServiceManager({
    env,
    pid: PID,
    log: { warn: (text) => warnings.push(text) },
    send(address, text) {
      if (send !== undefined) return send();
      sent.push(`${address} ${text}`);
      return 0;
    },
  });
  return { manager, sent, warnings };
}

suite('host/notify', (s) => {
  s.test('tells ready, reloads and the end', () => {
    const { manager, sent, warnings } = openRig({ NOTIFY_SOCKET: '@manager' });

    manager.ready('measuring 3 targets');
    manager.reload(() => 'measuring 4\ntargets\u0000');
    manager.stopping();

    is(sent[0], '@manager READY=1\nSTATUS=measuring 3 targets');
    match(sent[1] ?? '', /^@manager RELOADING=1\nMONOTONIC_USEC=\d+$/);
    is(sent[2], '@manager READY=1\nSTATUS=measuring 4 targets ');
    is(sent[3], '@manager STOPPING=1');
    equal([sent.length, warnings], [4, []]);
  });

  s.test('says how it is when that is another line than before', () => {
    const { manager, sent } = openRig({ NOTIFY_SOCKET: '@manager' });

    manager.ready('measuring 0 targets');
    manager.status('measuring 0 targets');
    manager.status('measuring 2 targets');
    manager.status('measuring 2 targets');

    equal(sent.slice(1), ['@manager STATUS=measuring 2 targets']);
  });

  s.test('without a manager nothing is sent, and no watchdog runs', () => {
    const { manager, sent } = openRig({ WATCHDOG_USEC: '2000' });
    let asked = 0;

    manager.ready('here');
    manager.watch(() => ++asked > 0, 'nothing works');
    manager.close();

    equal([sent, asked], [[], 0]);
  });

  s.test('lives at half of the time, and not while it fails', async () => {
    let isAlive = true;
    const { manager, sent, warnings } = openRig(ENV);
    manager.watch(() => isAlive, 'nothing is measured');

    await new Promise((resolve) => setTimeout(resolve, 100));
    const beats = sent.length;
    isAlive = false;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = sent.length;
    manager.close();
    await new Promise((resolve) => setTimeout(resolve, 30));

    is(beats >= 3 && beats <= 11, true, `${beats} beats`);
    equal([after, sent.length], [beats, beats]);
    match(warnings[0] ?? '', /^nothing is measured: /);
    equal([...new Set(sent)], ['/run/systemd/notify WATCHDOG=1']);
  });

  s.test('a manager that does not listen is told of by name', () => {
    const { manager, warnings } = openRig(ENV, () => 111);

    manager.ready('here');

    equal(warnings, ['the service manager was not told: ECONNREFUSED at NOTIFY_SOCKET']);
  });

  s.test('without the addon that is said once', () => {
    const { manager, warnings } = openRig(ENV, () => {
      throw new Error('build/flint.node cannot be loaded');
    });

    manager.ready('here');
    manager.stopping();

    is(warnings.length, 1);
    match(warnings[0] ?? '', /told nothing: build\/flint\.node cannot be loaded/);
  });

  for (const [says, env, expected] of [
    ['none', {}, null],
    ['half a minute', { WATCHDOG_USEC: '60000000' }, 30_000],
    ['for this process', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: `${PID}` }, 30_000],
    ['for another process', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' }, null],
    ['no number', { WATCHDOG_USEC: 'soon' }, null],
    ['nothing', { WATCHDOG_USEC: '0' }, null],
    ['less than nothing', { WATCHDOG_USEC: '-5' }, null],
    ['next to nothing', { WATCHDOG_USEC: '1' }, 1],
    ['years', { WATCHDOG_USEC: '9007199254740991' }, 2 ** 31 - 1],
  ] as const) {
    s.test(`watchdog: ${says}`, () => {
      is(watchdogMs(env, PID), expected);
    });
  }
});
