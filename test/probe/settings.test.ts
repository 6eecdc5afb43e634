import { equal, is, match } from 'uvu/assert';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { judgeConfig } from '../../src/probe/config-file.ts';
import { type ControlConfig, judgeControl } from '../../src/probe/control-config.ts';
import { type LoadedPolicy, NO_POLICY } from '../../src/probe/policy-file.ts';
import { settle } from '../../src/probe/settings.ts';
import { suite } from '../helper.ts';

const OWN: LoadedPolicy = { policy: DEFAULT_POLICY, file: '/etc/flint/policy.json' };
const LOCAL = judgeConfig(
  {
    schema: 1,
    hostname: 'local',
    listen: { port: 9999 },
    measurements: {
      smokeping: { interval: '10ms', targets: ['a.example'] },
      path: { targets: ['b.example'] },
    },
  },
  'local',
);

function controlOf(document: object): ControlConfig {
  const read = judgeControl({ schema: 1, etag: '"a"', document: { schema: 1, ...document } });
  if (read.state !== 'document') throw new Error(JSON.stringify(read));
  return read.control;
}

function settled(control: ControlConfig | null, policy: LoadedPolicy = NO_POLICY) {
  return settle({ local: LOCAL.config, control, policy });
}

suite('probe/settings', (s) => {
  s.test('what the owner wrote is in force as it is', () => {
    const { config, etag, ruled, capped } = settled(null);
    is(config, LOCAL.config);
    equal([etag, [...ruled], capped], [LOCAL.etag, [], []]);
  });

  s.test('the control rules its name and the kinds that it names, as a whole', () => {
    const control = controlOf({
      hostname: 'p7',
      measurements: { path: { targets: ['c.example'] } },
    });
    const { config, ruled } = settled(control);
    is(config.hostname, 'p7');
    is(config.listen.port, 9999);
    equal(
      config.measurements.path.targets.map(({ id }) => id),
      ['c.example'],
    );
    is(config.measurements.smokeping, LOCAL.config.measurements.smokeping);
    equal([...ruled], ['path']);
  });

  s.test('the built-in policy caps the control and not the owner', () => {
    const fast = { smokeping: { interval: '10ms', targets: ['a.example'] } };
    const { config, capped } = settled(controlOf({ measurements: fast }));
    equal(config.measurements.smokeping.targets[0]?.intervalMs, 40);
    match(capped.join(), 'a.example: 200 packets a second are asked for and 50 allowed');
    equal(settled(controlOf({})).capped, []);
  });

  s.test('a policy of the machine caps both', () => {
    const { config, ruled, capped } = settled(null, OWN);
    is(config.measurements.smokeping.targets[0]?.intervalMs, 40);
    equal([[...ruled], capped.length], [['smokeping', 'path'], 1]);
  });
});
