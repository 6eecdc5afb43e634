import { equal, throws } from 'uvu/assert';
import { lookUpHost } from '../../src/cli/host-addresses.ts';
import { familiesOf, sourceOf } from '../../src/cli/host-options.ts';
import { parseAddress } from '../../src/core/address.ts';
import type { FamilyAnswer, Names } from '../../src/measure/resolution.ts';
import { suite } from '../helper.ts';

function namesOf(answers: Record<string, readonly string[] | string>): Names {
  const resolve = async (host: string, family: string): Promise<FamilyAnswer> => {
    const found = answers[`${host} ${family}`] ?? 'no such name';
    if (typeof found === 'string') return { ok: false, reason: found, ttlMs: 1 };
    const addresses = found.flatMap((text) => parseAddress(text) ?? []);
    return { ok: true, addresses, ttlMs: 1 };
  };
  return { resolve, close: () => undefined };
}

suite('cli/host', (s) => {
  s.test('takes the first address of each family', async () => {
    const names = namesOf({ 'a v4': ['192.0.2.1', '192.0.2.2'], 'a v6': ['2001:db8::1'] });

    const { found, reasons } = await lookUpHost(names, 'a', ['v4', 'v6']);

    equal(
      found.map(({ family }) => family),
      ['v4', 'v6'],
    );
    equal([...(found[0]?.bytes ?? [])], [192, 0, 2, 1]);
    equal(reasons, []);
  });

  s.test('says of each family why there is none', async () => {
    const names = namesOf({ 'a v4': ['192.0.2.1'], 'a v6': 'no answer in time' });

    const half = await lookUpHost(names, 'a', ['v4', 'v6']);
    const none = await lookUpHost(names, 'b', ['v4', 'v6']);

    equal([half.found.length, half.reasons], [1, ['IPv6: no answer in time']]);
    equal(none.reasons, ['IPv4: no such name', 'IPv6: no such name']);
  });

  s.test('-4 and -6 choose a family, both or neither all of them', () => {
    equal(familiesOf({}), ['v4', 'v6']);
    equal(familiesOf({ 4: true, 6: true }), ['v4', 'v6']);
    equal(familiesOf({ 4: true }), ['v4']);
    equal(familiesOf({ 6: true }), ['v6']);
  });

  s.test('a source is an address, or wrong use', () => {
    equal([sourceOf({}), sourceOf({ source: '192.0.2.1' })], [null, '192.0.2.1']);
    throws(() => sourceOf({ source: 'eth0' }), /expected an address of this machine, got "eth0"/);
  });
});
