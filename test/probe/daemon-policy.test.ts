import { equal, is, match, ok } from 'uvu/assert';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { openDaemonPolicy } from '../../src/probe/daemon-policy.ts';
import { suite } from '../helper.ts';

function open() {
  const now = { ms: 0 };
  const warnings: [string, object | undefined][] = [];
  const nothing = (): void => undefined;
  let rechecks = 0;
  const policy = openDaemonPolicy({
    log: {
      info: nothing,
      error: nothing,
      flush: nothing,
      warn: (message, fields) => void warnings.push([message, fields]),
    },
    monoMs: () => now.ms,
    recheck: () => rechecks++,
  });
  const rule = (): void =>
    policy.configure({
      policy: { policy: DEFAULT_POLICY, file: null },
      ruled: new Set(['smokeping'] as const),
      capped: [],
    });
  return { now, warnings, policy, rule, rechecks: () => rechecks };
}

suite('probe/daemon-policy', (s) => {
  s.test('what was held back is told once a minute, and only when there was any', () => {
    const { now, warnings, policy, rule } = open();
    rule();
    for (now.ms = 0; now.ms < 180_000; now.ms += 1000) {
      if (now.ms < 90_000) policy.guard.holdBack('path', 2);
      policy.look();
    }
    const said = 'policy: packets were held back in the last minute';
    equal(warnings, [
      [said, { packets: 122 }],
      [said, { packets: 58 }],
    ]);
    equal(policy.restraint().heldBack, { smokeping: 0, path: 180 });
  });

  s.test('judges addresses anew when the links are known, and then no more', () => {
    const { now, policy, rule, rechecks } = open();
    policy.look();
    is(rechecks(), 0);
    rule();
    for (now.ms = 1000; now.ms < 10_000; now.ms += 1000) policy.look();
    is(rechecks(), 1);
  });

  s.test('says which addresses had to slow down, the first of many', () => {
    const { policy, rule } = open();
    rule();
    for (let n = 0; n < 20; n++) {
      for (let m = 0; m < 100; m++) {
        policy.guard.shares.join({}, `1.1.1.${n}`, { intervalMs: 1000, onSlower: () => undefined });
      }
    }
    const { slowed } = policy.restraint();
    match(
      slowed[0] ?? '',
      '1.1.1.0: 100 targets are this address, so their intervals are 2.5 times',
    );
    equal([slowed.length, slowed.at(-1)], [9, 'and 12 more addresses']);
  });

  s.test('nothing is ruled where nothing is to be', () => {
    const { policy, rule } = open();
    rule();
    ok(policy.guard.isRuling('smokeping'));
    const none = { policy: { policy: DEFAULT_POLICY, file: null }, capped: [] };
    policy.configure({ ...none, ruled: new Set() });
    is(policy.guard.isRuling('smokeping'), false);
  });
});
