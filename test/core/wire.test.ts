import fc from 'fast-check';
import { is, ok } from 'uvu/assert';
import * as v from 'valibot';
import { IP, line, MAC, parseMac, queryNumber, SLUG } from '../../src/core/wire.ts';
import { suite } from '../helper.ts';

suite('wire', (s) => {
  s.test('a MAC address is taken in every notation people write, and told in one', () => {
    for (const written of [
      'AA:91:36:0C:4E:B1',
      'aa-91-36-0c-4e-b1',
      'aa91360c4eb1',
      'aa91.360c.4eb1',
      '  aa:91:36:0c:4e:b1 ',
    ]) {
      is(parseMac(written), 'aa:91:36:0c:4e:b1', written);
    }
  });

  s.test('what is no address of one interface is refused', () => {
    for (const written of [
      '',
      'aa:91:36:0c:4e',
      'aa:91:36:0c:4e:b1:00',
      'ga:91:36:0c:4e:b1',
      'ff:ff:ff:ff:ff:ff',
      '01:00:5e:00:00:01',
      '00:00:00:00:00:00',
      'a'.repeat(10_000),
    ]) {
      is(parseMac(written), null, written);
    }
  });

  s.test('what was parsed is canonical', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('-');
        const mac = parseMac(text.toUpperCase());
        return mac === null ? ((bytes[0] ?? 0) & 1) === 1 || !bytes.some(Boolean) : v.is(MAC, mac);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  s.test('a line holds no controls and nothing that turns the direction of writing', () => {
    const schema = line('a note', 30);
    for (const good of ['', 'Wolfsburg, Porschestr. 3', 'Łódź – Süd', '測試', 'a😀']) {
      ok(v.is(schema, good), good);
    }
    for (const bad of ['a\nb', 'a\u001b[31m', 'a\u202eb', 'a\u2066b', 'a\u200fb', 'x'.repeat(31)]) {
      ok(!v.is(schema, bad), JSON.stringify(bad));
    }
  });

  s.test('names and addresses are what they say', () => {
    for (const good of ['probe07', '7', 'a-b']) ok(v.is(SLUG, good), good);
    for (const bad of ['', '-a', 'A', 'a_b', 'a'.repeat(64), 'a\n']) ok(!v.is(SLUG, bad), bad);
    for (const good of ['192.0.2.1', '2001:db8::1']) ok(v.is(IP, good), good);
    for (const bad of ['192.0.2', '192.0.2.01', 'x', '2001:db8::1/64']) ok(!v.is(IP, bad), bad);
  });

  s.test('a number of a query is written in digits and within its bounds', () => {
    const limit = queryNumber(1, 1000);
    is(v.parse(limit, '100'), 100);
    for (const odd of ['', '0', '1001', '-1', '1e2', '1.5', ' 1', '９', 5, null]) {
      is(v.is(limit, odd), false, String(odd));
    }
  });
});
