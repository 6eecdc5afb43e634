import { deepEqual, equal } from 'node:assert/strict';
import { overlaps, parseInterval } from '../../../src/board/lockdown/address-set.ts';
import { canonicalElements, SET_NAMES, setsOf } from '../../../src/board/lockdown/sets.ts';
import { wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { suite } from '../../helper.ts';
import { agentSettings, lockdownSettings, TAILNET } from './settings-samples.ts';

const WANTED = wantedOf(agentSettings({ tailnet: TAILNET }));
const SETTINGS = lockdownSettings({ jumpHosts: ['fd12:3:4::2', '100.100.0.2'] });
const NONE = { settings: SETTINGS, wanted: WANTED, infra: [], near: [], services: [] };

suite('the sets of the lockdown', (s) => {
  s.test('each address stands in the set of its family', () => {
    const sets = setsOf({
      ...NONE,
      infra: ['192.168.1.1', 'fe80::1', '192.168.1.1'],
      services: [{ address: 'FD12:3:4::9', port: 80, protocol: 'tcp' }],
    });

    deepEqual([sets.infra4, sets.infra6], [['192.168.1.1'], ['fe80::1']]);
    deepEqual([sets.jumphosts4, sets.jumphosts6], [['100.100.0.2'], ['fd12:3:4::2']]);
    deepEqual([sets.services4, sets.services6], [[], ['fd12:3:4::9 . tcp . 80']]);
    deepEqual(Object.keys(sets).sort(), [...SET_NAMES].sort());
  });

  s.test('every kind of private address is private, and no public one', () => {
    const { private4, private6 } = setsOf(NONE);
    const ranges = [...private4, ...private6].flatMap((text) => parseInterval(text) ?? []);
    const isPrivate = (text: string): boolean => {
      const address = parseInterval(text);
      return address !== null && ranges.some((range) => overlaps(range, address));
    };

    const hidden = ['10.1.2.3', '172.31.0.1', '192.168.0.9', '100.127.0.1', '169.254.169.254'];
    const hidden6 = ['fc00::1', 'fdff::1', 'fe80::1', 'fec0::1', 'ff02::fb', '::1', '64:ff9b:1::1'];
    const inside = ['::ffff:10.0.0.1', '64:ff9b::c0a8:101', '2002:c0a8:101::1', '64:ff9b::7f00:1'];
    for (const text of [...hidden, ...hidden6, ...inside, '127.0.0.1', '239.1.2.3', '0.0.0.0']) {
      equal(isPrivate(text), true, text);
    }
    const open = ['1.1.1.1', '100.128.0.1', '172.32.0.1', '223.255.255.255', '192.0.0.9'];
    for (const text of [...open, '2001:4860::1', '64:ff9b::101:101', '2002:101:101::1']) {
      equal(isPrivate(text), false, text);
    }
  });

  s.test('what is of the mesh alone comes from elsewhere only as a lie', () => {
    const { mesh4, mesh6 } = setsOf(NONE);

    deepEqual(mesh6, ['fd12:3:4::/48', 'fd7a:115c:a1e0::/48']);
    deepEqual(mesh4, ['100.100.0.2']);
  });

  s.test('a home network with the same addresses is no liar, but for those that are named', () => {
    const { mesh4, mesh6 } = setsOf({ ...NONE, near: ['fd12:3:4:7::5/64', '100.100.0.9/24'] });

    deepEqual([mesh4, mesh6], [[], ['fd12:3:4::2', 'fd12:3:4::9', 'fd7a:115c:a1e0::/48']]);
  });

  s.test('the words of the kernel become ours', () => {
    deepEqual(canonicalElements('infra4', ['10.0.1.0/24', '10.0.0.0/24']), ['10.0.0.0/23']);
    deepEqual(canonicalElements('services6', ['fd00::1 . 17 . 5', 'fd00::1 . tcp . 80']), [
      'fd00::1 . tcp . 80',
      'fd00::1 . udp . 5',
    ]);
  });
});
