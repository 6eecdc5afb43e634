import { performance } from 'node:perf_hooks';
import { equal, is, ok } from 'uvu/assert';
import { openStop } from '../../src/cli/stop.ts';
import { suite } from '../helper.ts';

suite('cli/stop', (s) => {
  s.test('calls once, also who comes too late, and not who took it back', () => {
    const stop = openStop();
    const called: string[] = [];

    stop.onStop(() => called.push('early'));
    stop.onStop(() => called.push('never'))();
    equal([stop.isStopped(), called], [false, []]);
    stop.stop();
    stop.stop();
    stop.onStop(() => called.push('late'));

    equal([stop.isStopped(), called], [true, ['early', 'late']]);
  });

  s.test('ends a sleep and a wait', async () => {
    const stop = openStop();
    const startedMs = performance.now();

    const asleep = stop.sleep(10_000);
    const waiting = stop.orStopped(new Promise<string>(() => undefined));
    stop.stop();
    await asleep;

    is(await waiting, null);
    await stop.sleep(10_000);
    ok(performance.now() - startedMs < 1000);
  });

  s.test('lets through what comes before it, errors too', async () => {
    const stop = openStop();

    is(await stop.orStopped(Promise.resolve(7)), 7);
    const failed = await stop.orStopped(Promise.reject(new Error('no'))).catch(String);
    is(failed, 'Error: no');
    await stop.sleep(1);
    is(stop.isStopped(), false);
  });
});
