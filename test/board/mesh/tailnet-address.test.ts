import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressesIn,
  addressWords,
  canonical,
  hostOf,
  hostRoute,
  openAddressTool,
  strictInterfaces,
} from '../../../src/board/mesh/tailnet-address.ts';
import { suite } from '../../helper.ts';
import { openFakeTailscale } from './fake-tailscale.ts';

suite('the address on the tailnet', (s) => {
  const fake = openFakeTailscale();
  const tool = openAddressTool({ env: fake.env, signal: new AbortController().signal });
  s.after(() => fake.close());

  s.test('is read, added and removed by ip', async () => {
    fake.addresses(['fd00::1']);
    equal(await tool.add('tailscale0', 'fd00::2'), null);
    const both = await tool.addressesOf('tailscale0');
    equal(await tool.remove('tailscale0', 'fd00::1'), null);
    const one = await tool.addressesOf('tailscale0');
    fake.addresses(null);
    const none = await tool.addressesOf('tailscale0');

    deepEqual(both, { ok: true, addresses: ['fd00::1', 'fd00::2'] });
    deepEqual(one, { ok: true, addresses: ['fd00::2'] });
    deepEqual(none, { ok: true, addresses: null });
    match((await tool.add('tailscale0', 'fd00::3')) ?? '', /does not exist/);
  });

  s.test('is added as one host, at once usable', () => {
    deepEqual(
      addressWords('add', 'ts0', 'fd00:0::1').join(' '),
      ['-6 address add fd00::1/128 dev ts0 nodad'][0],
    );
    equal(addressWords('del', 'ts0', '10.0.0.1').join(' '), '-4 address del 10.0.0.1/32 dev ts0');
    equal(hostRoute('fd00:0:0::1'), 'fd00::1/128');
    equal(hostRoute('10.0.0.1'), '10.0.0.1/32');
  });

  s.test('is known among routes, in whatever spelling', () => {
    deepEqual(['fd00:0::1/128', '10.0.0.1/32', 'fd00::1'].map(hostOf), [
      'fd00::1',
      '10.0.0.1',
      'fd00::1',
    ]);
    deepEqual(['fd00::/64', '0.0.0.0/0', '10.0.0.1/128', 'x/32', ''].map(hostOf), [
      null,
      null,
      null,
      null,
      null,
    ]);
    equal(canonical('fe80::1%eth0'), null);
  });

  s.test('of ip no nonsense is taken', () => {
    for (const text of ['', '{}', '[7]', '[{"addr_info":7}]', '[{"addr_info":[{"local":7}]}]']) {
      deepEqual(addressesIn(text), []);
    }
    const many = Array.from({ length: 20 }, (_, i) => ({ local: `fd00::${i}`, scope: 'global' }));
    equal(addressesIn(JSON.stringify([{ addr_info: many }])).length, 8);
  });

  s.test('is warned of a strict reverse path filter, as the kernel combines the two', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-proc-'));
    const filters = (values: Record<string, string>): string[] => {
      for (const [name, value] of Object.entries(values)) {
        mkdirSync(join(directory, name), { recursive: true });
        writeFileSync(join(directory, name, 'rp_filter'), `${value}\n`);
      }
      return strictInterfaces(directory);
    };

    deepEqual(filters({ all: '0', lo: '1', eth0: '1', tailscale0: '0' }), ['eth0']);
    deepEqual(filters({ all: '1', eth0: '2' }), ['tailscale0']);
    deepEqual(filters({ all: '2', eth0: '1', tailscale0: '1' }), []);
    deepEqual(strictInterfaces('/nowhere'), []);
    rmSync(directory, { recursive: true });
  });
});
