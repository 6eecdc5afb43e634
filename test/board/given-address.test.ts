import { equal } from 'uvu/assert';
import * as v from 'valibot';
import {
  DEVICE_NAME,
  HOST_AND_PORT,
  MACHINE_ADDRESS,
  MACHINES,
  RANGE,
} from '../../src/board/given-address.ts';
import { suite } from '../helper.ts';

type Schema = v.GenericSchema<unknown, string>;

function taken(schema: Schema, texts: readonly unknown[]): unknown[] {
  return texts.filter((text) => v.is(schema, text));
}

function said(schema: Schema, text: unknown): string {
  return v.safeParse(schema, text).issues?.[0]?.message ?? 'it is taken';
}

suite('board/given-address', ({ test }) => {
  test('an address is one by which others reach a machine', () => {
    const good = ['10.0.0.1', '100.64.0.7', '198.51.100.1', 'fd00::1', '2001:DB8::1'];
    equal(taken(MACHINE_ADDRESS, good), good);
    const bad = [
      ...['', '10.0.0', '10.0.0.256', '010.0.0.1', 'fd00::1::2', 'a', 7, null],
      ...['127.0.0.1', '::1', '0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1'],
      ...['169.254.1.1', 'fe80::1', 'fe80::1%eth0', '::ffff:10.0.0.1', '::ffff:7f00:1'],
    ];
    equal(taken(MACHINE_ADDRESS, bad), []);
    equal(said(MACHINE_ADDRESS, '::ffff:10.0.0.1'), '::ffff:10.0.0.1: write it as 10.0.0.1');
    equal(said(MACHINE_ADDRESS, 'fe80::1%eth0'), 'fe80::1%eth0: a zone has no meaning here');
  });

  test('a range has no bits behind its prefix, and is not everything', () => {
    const good = ['10.0.0.0/8', '192.168.1.1/32', 'fd00::/8', '2001:db8::/32'];
    equal(taken(RANGE, good), good);
    const bad = [
      ...['10.0.0.0/99', '10.0.0.0/33', '10.0.0.5/8', 'fd00::/129', 'fd00::1/64', '10.0.0.1'],
      ...['0.0.0.0/0', '::/0', '10.0.0.0/08', '10.0.0.0/', '/8', 'a/8', '::ffff:10.0.0.0/104'],
    ];
    equal(taken(RANGE, bad), []);
    equal(said(RANGE, '::ffff:10.0.0.0/104'), '::ffff:10.0.0.0/104: write it as 10.0.0.0/8');
    equal(said(RANGE, '::/0'), '::/0 is everything: name the networks that are meant');
  });

  test('whom the board must reach is an address, a range or a name, and not nearly one', () => {
    const good = ['10.0.0.1', 'fd00::/8', 'cache.example', 'ntp', 'a_b.example.'];
    equal(taken(MACHINES, good), good);
    const bad = [
      'a/99',
      '10.0.0.0/99',
      '10.0.0',
      '999.1.1.1',
      '1',
      '-a.example',
      'a..b',
      'a b',
      '',
    ];
    equal(taken(MACHINES, [...bad, 'cache.example:80', '0x7f.1', 'fe80::1%eth0']), []);
  });

  test('a port is one of 1 to 65535, and IPv6 stands in brackets', () => {
    const good = ['127.0.0.1:9100', '[fd00::1]:1', 'monitor.example:51820', 'a:65535'];
    equal(taken(HOST_AND_PORT, good), good);
    const bad = ['a:0', 'a:65536', 'a:99999', 'a', ':80', 'fd00::1:80', '[::1::2]:5', '[]:5'];
    equal(taken(HOST_AND_PORT, [...bad, '[10.0.0.1]:5', '10.0.0:5', 'a:5 ', 'a:5\n']), []);
  });

  test('an interface is none of the names that mean something else', () => {
    const good = ['tailscale0', 'flint0', 'eth0.7', 'wg_a'];
    equal(taken(DEVICE_NAME, good), good);
    const bad = ['', '.', '..', 'lo', 'all', 'default', '-f', 'a/b', 'a b', 'x'.repeat(16)];
    equal(taken(DEVICE_NAME, [...bad, 'a"', 'a\n']), []);
  });

  test('a message never shows more than a line of what came', () => {
    const long = 'x'.repeat(10_000);
    for (const schema of [MACHINE_ADDRESS, RANGE, MACHINES, HOST_AND_PORT, DEVICE_NAME]) {
      equal(said(schema, long).length < 200, true);
    }
  });
});
