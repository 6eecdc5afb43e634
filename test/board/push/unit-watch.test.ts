import { equal, match } from 'uvu/assert';
import { openUnitWatch } from '../../../src/board/push/unit-watch.ts';
import { suite } from '../../helper.ts';

/** Looks ten seconds apart, each a state and NRestarts. */
function looks(...seen: readonly (readonly [string, number])[]): (string | null)[] {
  let nowMs = 0;
  const watch = openUnitWatch({
    ...{ unit: 'x.service', name: 'vmagent', wellMs: 60_000 },
    monotonicMs: () => nowMs,
  });
  return seen.map(([activeState, restarts]) => {
    nowMs += 10_000;
    return watch.look({ activeState, restarts });
  });
}

const WELL = Array.from({ length: 6 }, () => ['active', 9] as const);

suite('push-unit-watch', ({ test }) => {
  test('one that runs is well, however often it was started before we looked', () => {
    equal(looks(['active', 7], ['active', 7]), [null, null]);
  });

  test('one death is over when it is back', () => {
    const [first, second, third] = looks(['active', 0], ['activating', 0], ['active', 1]);
    equal([first, third], [null, null]);
    equal(second, 'vmagent does not run: x.service is activating');
    equal(looks(['active', 0], ['active', 1]), [null, null]);
  });

  test('one that dies again and again is down though it is found running', () => {
    const said = looks(['active', 0], ['activating', 2], ['active', 3], ['activating', 4]);
    equal(said[0], null);
    for (const one of said.slice(1)) match(one ?? '', 'vmagent does not stay: journalctl');
  });

  test('until it has stayed for a while', () => {
    const said = looks(['active', 5], ['active', 8], ['active', 9], ...WELL);
    equal(
      said.map((one) => one === null),
      [true, false, false, false, false, false, false, false, true],
    );
  });

  test('and a restart by hand counts anew', () => {
    const said = looks(['active', 8], ['active', 9], ['active', 0], ['active', 1]);
    equal(said, [null, null, null, null]);
  });

  test('what was is over once it was told to restart', () => {
    const watch = openUnitWatch({ unit: 'x.service', name: 'vmagent', wellMs: 60_000 });
    watch.look({ activeState: 'active', restarts: 0 });
    match(watch.look({ activeState: 'active', restarts: 3 }) ?? '', 'does not stay');
    watch.forget();
    equal(watch.look({ activeState: 'active', restarts: 4 }), null);
  });
});
