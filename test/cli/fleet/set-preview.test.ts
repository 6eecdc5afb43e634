import { equal, is, match } from 'uvu/assert';
import { costText, previewLines } from '../../../src/cli/fleet/set-preview.ts';
import { suite } from '../../helper.ts';

const COST = { packetsPerSecond: 4.25, packetsPerDay: 367_200, bytesPerDay: 30_844_800 };

suite('cli/fleet/set-preview', (s) => {
  s.test('a cost has its rate, its packets and its bytes', () => {
    match(costText(COST), /^4\.25 packets\/s, 367.200 packets and 29\.4.MiB a day$/);
    match(costText({ ...COST, packetsPerSecond: 1234.5 }), /^1235 packets\/s/);
  });

  s.test('warnings come last, and nothing steers a terminal', () => {
    const lines = previewLines({
      probes: 1,
      example: { probe: 'probe05', document: {}, before: COST, after: COST },
      most: COST,
      fleet: COST,
      destinations: [{ host: 'a\u001b[31m', packetsPerSecond: 1 }],
      warnings: ['dear\u0007'],
    });

    is(lines.at(-1), 'warning: dear?');
    is(lines.at(-2), '  a?[31m gets 1 packets/s from all probes together');
  });

  s.test('a set that nobody runs costs nothing', () => {
    const none = { probes: 0, example: null, most: COST, fleet: COST };
    equal(previewLines({ ...none, destinations: [], warnings: [] }).length, 1);
  });
});
