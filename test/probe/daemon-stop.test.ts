import { equal, is, match, ok } from 'uvu/assert';
import { openLog } from '../../src/host/log.ts';
import { stopMeasuring } from '../../src/probe/daemon-stop.ts';
import { answerAfter, openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

/** Stops a rig that measures one address, and notes in which order things were done. */
async function stopped(rig: Rig, isEngineSound = true) {
  const done: string[] = [];
  const lines: string[] = [];
  const log = openLog({
    stream: { write: (text) => lines.push(text) },
    nowMs: () => 0,
    journal: false,
  });
  const rounds: ReturnType<Rig['engine']['takeRounds']> = [];
  const close = rig.engine.close.bind(rig.engine);
  Object.assign(rig.engine, {
    close: () => {
      done.push('engine');
      close();
    },
  });
  await stopMeasuring({
    engine: rig.engine,
    isEngineSound,
    collect: () => {
      const taken = rig.engine.takeRounds();
      rounds.push(...taken);
      return taken.length;
    },
    closeServer: async () => void done.push('server'),
    closeStore: async () => void done.push('store'),
    log,
  });
  return { done, lines, rounds };
}

suite('daemon-stop', (s) => {
  s.test('closes the last round with what came back, then server, store and engine', async () => {
    const rig = openRig(answerAfter(5));
    rig.engine.addSeries(specOf(4, 1));
    rig.run(9995);

    const { done, rounds, lines } = await stopped(rig);

    equal(done, ['server', 'store', 'engine']);
    equal(
      rounds.map(({ sent, received }) => [sent, received]),
      [[10, 10]],
    );
    equal(lines, []);
  });

  s.test('waits a second for what is in flight, no more, and calls it discarded', async () => {
    const rig = openRig(silence);
    rig.engine.addSeries(specOf(4, 1));
    rig.run(2500);

    const beganMs = performance.now();
    const { rounds } = await stopped(rig);
    const tookMs = performance.now() - beganMs;

    ok(tookMs >= 900 && tookMs < 1900, `${tookMs} ms`);
    equal(
      rounds.map(({ sent, lost, discarded }) => [sent, lost, discarded]),
      [[3, 0, 3]],
    );
  });

  s.test('takes an answer that comes while it waits', async () => {
    const rig = openRig(answerAfter(300));
    rig.engine.addSeries(specOf(4, 1));
    rig.run(110);
    setTimeout(() => rig.clock.advanceMs(400), 100);

    const { rounds } = await stopped(rig);

    equal(
      rounds.map(({ sent, received, discarded }) => [sent, received, discarded]),
      [[1, 1, 0]],
    );
  });

  s.test(
    'believes nothing of an engine that failed, and closes the store all the same',
    async () => {
      const rig = openRig(answerAfter(5));
      rig.engine.addSeries(specOf(4, 1));
      rig.run(9995);

      const { done, rounds } = await stopped(rig, false);

      equal(done, ['server', 'store', 'engine']);
      equal(rounds, []);
    },
  );

  s.test('an engine that fails at the end costs the last round, and is told', async () => {
    const rig = openRig(answerAfter(5));
    const fail = (): never => {
      throw new Error('unreachable');
    };
    Object.assign(rig.engine, { finish: fail });

    const { done, lines } = await stopped(rig);

    equal(done, ['server', 'store', 'engine']);
    is(lines.length, 1);
    match(lines[0] ?? '', 'error the last round is lost: unreachable');
  });
});
