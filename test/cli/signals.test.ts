// In this process: whoever listens is asked for, so that no signal can end the test.
import { equal, is } from 'uvu/assert';
import { followSignals } from '../../src/cli/signals.ts';
import { suite } from '../helper.ts';

function listeners(): number[] {
  return (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((name) => process.listenerCount(name));
}

suite('cli/signals', ({ test }) => {
  test('a signal to end resolves with 0, another end with its code', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const signals = followSignals(true);
      process.kill(process.pid, signal);
      is(await signals.ended, 0);
      signals.close();
    }
    const signals = followSignals(true);
    signals.end(1);
    is(await signals.ended, 1);
    signals.close();
  });

  test('a hang-up reloads where that can be done, also one that came too early', async () => {
    const signals = followSignals(true);
    const hungUp = new Promise((done) => process.once('SIGHUP', done));
    process.kill(process.pid, 'SIGHUP');
    await hungUp;
    const reloads = await new Promise((done) => signals.onReload(() => done(1)));
    is(reloads, 1);
    signals.close();
  });

  test('where it cannot, a hang-up is an end', async () => {
    const signals = followSignals(false);
    process.kill(process.pid, 'SIGHUP');
    is(await signals.ended, 0);
    signals.close();
  });

  test('nothing listens any more in the end, and no end is caught twice', () => {
    const before = listeners();
    const signals = followSignals(true);
    signals.letThrough();
    equal(listeners(), [before[0], before[1], (before[2] ?? 0) + 1]);
    signals.close();
    equal(listeners(), before);
  });
});
