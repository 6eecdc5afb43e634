import { deepEqual, equal } from 'node:assert/strict';
import {
  forgetNames,
  learnLease,
  learnNames,
  NOTHING_LEARNED,
} from '../../../src/board/lockdown/learned.ts';
import type { Lease } from '../../../src/board/lockdown/lease.ts';
import { suite } from '../../helper.ts';

const DAY_MS = 86_400_000;
const NO_LEASE: Lease = {
  gateways: [],
  resolvers: [],
  timeServers: [],
  leaseServers: [],
  near: [],
};

suite('what the board has learnt of whom it must reach', (s) => {
  s.test('a network that is down takes nothing away, another one replaces', () => {
    const home = learnLease(NOTHING_LEARNED, { ...NO_LEASE, gateways: ['a'], resolvers: ['b'] });

    deepEqual(learnLease(home, NO_LEASE), home);
    const moved = learnLease(home, { ...NO_LEASE, gateways: ['c'] });
    deepEqual([moved.gateways, moved.resolvers], [['c'], ['b']]);
  });

  s.test('an address lives on for a week after its name means another', () => {
    const answer = (address: string) => [{ host: 'x', addresses: [address] }];
    const first = learnNames(NOTHING_LEARNED, answer('192.0.2.1'), 0);
    const second = learnNames(first, answer('192.0.2.2'), 6 * DAY_MS);
    const third = learnNames(second, answer('192.0.2.2'), 8 * DAY_MS);

    const addresses = [second, third].map(({ names }) => names.map(({ address }) => address));
    deepEqual(addresses, [['192.0.2.2', '192.0.2.1'], ['192.0.2.2']]);
  });

  s.test('a name means machines alone, whatever a resolver says', () => {
    const lies = ['0.0.0.0', '127.0.0.1', '239.255.255.250', '255.255.255.255', '::', '::1'];
    const more = ['ff02::fb', '::ffff:10.0.0.1', '::ffff:7f00:1', 'rubbish'];
    const addresses = [...lies, ...more, '192.168.1.1', 'fd00::1'];
    const known = learnNames(NOTHING_LEARNED, [{ host: 'x', addresses }], 0);

    deepEqual(
      known.names.map(({ address }) => address),
      ['192.168.1.1', 'fd00::1'],
    );
    equal(learnNames(known, [{ host: 'x', addresses: lies }], 90 * DAY_MS), known);
  });

  s.test('a name that nobody answers, and a clock that was set back, change nothing', () => {
    const known = learnNames(NOTHING_LEARNED, [{ host: 'x', addresses: ['192.0.2.1'] }], DAY_MS);

    equal(learnNames(known, [{ host: 'x', addresses: [] }], 90 * DAY_MS), known);
    equal(learnNames(known, [], 90 * DAY_MS), known);
    const back = learnNames(known, [{ host: 'x', addresses: ['192.0.2.2'] }], 0);
    deepEqual(back.names.length, 2);
  });

  s.test('a name that answers something else each time fills nothing', () => {
    let learned = NOTHING_LEARNED;
    for (let at = 0; at < 100; at++) {
      learned = learnNames(learned, [{ host: 'x', addresses: [`192.0.2.${at}`] }], at);
    }
    equal(learned.names.length, 16);
    equal(learned.names[0]?.address, '192.0.2.99');
  });

  s.test('what is no longer asked for is forgotten', () => {
    const known = learnNames(NOTHING_LEARNED, [{ host: 'x', addresses: ['192.0.2.1'] }], 0);
    deepEqual(forgetNames(known, new Set(['y'])).names, []);
    deepEqual(forgetNames(known, new Set(['x'])), known);
  });
});
