import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/core/address.ts';
import type { Family } from '../../src/core/round.ts';
import { openNames } from '../../src/measure/names.ts';
import type { FamilyAnswer, Names } from '../../src/measure/resolution.ts';
import { openFakeDns } from '../fake/dns.ts';
import { suite } from '../helper.ts';

const SILENT_SERVER = ['127.0.0.1:9'];

interface Files {
  hostsFile: string;
  resolvConf: string;
  resolvConfBehindStub: string;
  routes4: string;
  routes6: string;
}

suite('measure/names', ({ test, after }) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-names-'));
  const files: Files = {
    hostsFile: join(directory, 'hosts'),
    resolvConf: join(directory, 'resolv.conf'),
    resolvConfBehindStub: join(directory, 'behind.conf'),
    routes4: join(directory, 'route'),
    routes6: join(directory, 'ipv6_route'),
  };
  after(() => rmSync(directory, { recursive: true }));

  test('an address means itself in its family, and says so in the other', async () => {
    const names = openNames({ ...files, servers: SILENT_SERVER });

    assert.is(await ask(names, '192.0.2.7', 'v4'), '192.0.2.7 3600000');
    assert.is(await ask(names, 'fe80::1%eth0', 'v6'), 'fe80::1%eth0 3600000');
    assert.is(await ask(names, '192.0.2.7', 'v6'), 'an IPv4 address');
    assert.is(await ask(names, '2001:db8::1', 'v4'), 'an IPv6 address');
  });

  test('@gateway is read from the routes at every look-up', async () => {
    const names = openNames({ ...files, servers: SILENT_SERVER });
    assert.is(await ask(names, '@gateway', 'v4'), 'no default route for IPv4');
    assert.is(await ask(names, '@gateway', 'v6'), 'no default route for IPv6');
    // Looked for again soon: a board begins before its network.
    assert.is((await names.resolve('@gateway', 'v6')).ttlMs, 5000);

    writeFileSync(
      files.routes4,
      `eth0\t00000000\t${word(192, 0, 2, 1)}\t0003\t0\t0\t0\t00000000\n`,
    );
    writeFileSync(
      files.routes6,
      `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fe80${'0'.repeat(27)}1 400 1 0 3 eth0\n`,
    );

    assert.is(await ask(names, '@gateway', 'v4'), '192.0.2.1 30000');
    assert.is(await ask(names, '@gateway', 'v6'), 'fe80::1%eth0 30000');
  });

  test('a default route into a tunnel is told apart from none', async () => {
    writeFileSync(files.routes4, 'tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n');
    const names = openNames({ ...files, servers: SILENT_SERVER });

    assert.is(await ask(names, '@gateway', 'v4'), 'the default route for IPv4 has no gateway');
  });

  test('@resolver looks behind the stub of systemd-resolved where it can', async () => {
    const names = openNames({ ...files, servers: SILENT_SERVER });
    writeFileSync(files.resolvConf, 'nameserver 127.0.0.53\noptions edns0\n');
    assert.is(await ask(names, '@resolver', 'v4'), '127.0.0.53 30000');

    writeFileSync(files.resolvConfBehindStub, 'nameserver 192.0.2.53\nnameserver fe80::53%eth0\n');
    assert.is(await ask(names, '@resolver', 'v4'), '192.0.2.53 30000');
    assert.is(await ask(names, '@resolver', 'v6'), 'fe80::53%eth0 30000');

    writeFileSync(files.resolvConf, 'nameserver 198.51.100.53\n');
    assert.is(await ask(names, '@resolver', 'v4'), '198.51.100.53 30000');
    assert.is(await ask(names, '@resolver', 'v6'), 'no resolver with an IPv6 address');
  });

  test('localhost is loopback whether or not a file says so, and never asked for', async () => {
    const fake = await openFakeDns();
    const names = openNames({ ...files, servers: [fake.server] });

    assert.is(await ask(names, 'localhost', 'v4'), '127.0.0.1 30000');
    assert.is(await ask(names, 'LocalHost.', 'v6'), '::1 30000');
    assert.is(await ask(names, 'a.localhost', 'v4'), '127.0.0.1 30000');
    assert.equal(fake.asked, []);
    fake.close();
  });

  test('the hosts file comes before DNS, and is read again when it changes', async () => {
    const fake = await openFakeDns();
    fake.replies.set('nas.test AAAA', { records: [{ address: '2001:db8::9', ttl: 60 }] });
    const names = openNames({ ...files, servers: [fake.server] });
    writeFileSync(files.hostsFile, '192.0.2.9 nas.test\n');
    assert.is(await ask(names, 'nas.test', 'v4'), '192.0.2.9 30000');
    assert.equal(fake.asked, []);

    // The same size and time: only the moment of the change tells.
    writeFileSync(files.hostsFile, '192.0.2.8 nas.test\n');
    utimesSync(files.hostsFile, 1e9, 1e9);
    assert.is(await ask(names, 'nas.test', 'v4'), '192.0.2.8 30000');
    assert.is(await ask(names, 'nas.test', 'v6'), '2001:db8::9 60000');

    rmSync(files.hostsFile);
    assert.is(await ask(names, 'nas.test', 'v4'), 'no such name');
    fake.close();
  });

  test('the address of a blocked name is not measured', async () => {
    const fake = await openFakeDns();
    fake.replies.set('ads.test A', { records: [{ address: '0.0.0.0', ttl: 60 }] });
    fake.replies.set('ads.test AAAA', { records: [{ address: '::', ttl: 60 }] });
    const mixed = ['0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1'];
    fake.replies.set('some.test A', { records: mixed.map((address) => ({ address, ttl: 60 })) });
    const unfit = ['ff02::1', 'fe80::1', '::ffff:c000:201'];
    fake.replies.set('some.test AAAA', { records: unfit.map((address) => ({ address, ttl: 60 })) });
    const names = openNames({ ...files, servers: [fake.server] });

    assert.is(await ask(names, 'ads.test', 'v4'), 'its address 0.0.0.0 is not that of a host');
    assert.is(await ask(names, 'ads.test', 'v6'), 'its address :: is not that of a host');
    assert.is(await ask(names, 'some.test', 'v4'), '192.0.2.1 60000');
    assert.match(await ask(names, 'some.test', 'v6'), /not that of a host/);
    fake.close();
  });

  test('one family that fails does not hold up the other', async () => {
    const fake = await openFakeDns();
    fake.replies.set('half.test A', { records: [{ address: '192.0.2.4', ttl: 60 }] });
    fake.replies.set('half.test AAAA', 'silence');
    const names = openNames({ ...files, servers: [fake.server] });
    const other = ask(names, 'half.test', 'v6');

    assert.is(await ask(names, 'half.test', 'v4'), '192.0.2.4 60000');
    assert.is(names.resolve('half.test', 'v6'), names.resolve('half.test', 'v6'));
    names.close();
    assert.match(await other, /^no DNS server answered in time/);
    fake.close();
  });

  test('questions for the same thing at the same time are one', async () => {
    const fake = await openFakeDns();
    fake.replies.set('one.test A', { records: [{ address: '192.0.2.5', ttl: 60 }] });
    const names = openNames({ ...files, servers: [fake.server] });

    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(names, 'one.test', 'v4')),
    );
    assert.equal(new Set(answers), new Set(['192.0.2.5 60000']));
    assert.equal(fake.asked, ['one.test A']);

    await ask(names, 'one.test', 'v4');
    assert.is(fake.asked.length, 2);
    fake.close();
  });

  test('a name that keeps failing is asked for ever less, until it is there again', async () => {
    const fake = await openFakeDns();
    let nowMs = 0;
    const names = openNames({ ...files, servers: [fake.server], nowMs: () => nowMs });
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { ttlMs } = await names.resolve('gone.test', 'v4');
      waits.push(ttlMs);
      nowMs += ttlMs;
    }

    for (const [i, wanted] of [5, 10, 20, 40, 80, 160, 300, 300].entries()) {
      const wait = (waits[i] ?? 0) / 1000;
      assert.ok(wait >= wanted * 0.8 && wait <= wanted * 1.2, `${wait} s is not about ${wanted} s`);
    }
    assert.ok((await names.resolve('gone.test', 'v6')).ttlMs <= 6000);

    fake.replies.set('gone.test A', { records: [{ address: '192.0.2.6', ttl: 60 }] });
    assert.is(await ask(names, 'gone.test', 'v4'), '192.0.2.6 60000');
    fake.replies.delete('gone.test A');
    assert.ok((await names.resolve('gone.test', 'v4')).ttlMs <= 6000);
    fake.close();
  });

  test('without a server it says so, and asks one as soon as there is one', async () => {
    const names = openNames(files);
    for (const text of [null, '', 'search test\n']) {
      if (text === null) rmSync(files.resolvConf, { force: true });
      else writeFileSync(files.resolvConf, text);
      const reason = await ask(names, 'some.test', 'v4');
      assert.is(reason, 'no DNS server is configured on this machine');
    }

    // Loopback has nobody on port 53 at this address.
    writeFileSync(files.resolvConf, 'nameserver 127.53.53.53\n');
    const reason = await ask(names, 'some.test', 'v4');
    assert.is(reason, 'no DNS server can be reached (asked 127.53.53.53)');
  });

  test('nothing is thrown, whatever is asked', async () => {
    const fake = await openFakeDns();
    const names = openNames({ ...files, hostsFile: directory, servers: [fake.server] });

    for (const host of [
      '',
      '.',
      '..',
      '@',
      '@nobody',
      'a b',
      'a\0b',
      'x'.repeat(5000),
      '%',
      'ü.test',
    ]) {
      const answer = await names.resolve(host, 'v4');
      assert.is(answer.ok, false, host);
    }
    const wrong = openNames({ ...files, servers: ['no server'] });
    assert.match(await ask(wrong, 'some.test', 'v4'), /^the look-up failed: /);
    names.close();
    assert.is(await ask(names, 'some.test', 'v4'), 'closed');
    fake.close();
  });
});

async function ask(names: Names, host: string, family: Family): Promise<string> {
  return toText(await names.resolve(host, family));
}

function toText(answer: FamilyAnswer): string {
  if (!answer.ok) return answer.reason;
  const texts = answer.addresses.map((one) => formatAddress(one.family, one.bytes, one.zone));
  return `${texts.join(' ')} ${answer.ttlMs}`;
}

/** An address as the kernel prints it: a word in the byte order of this machine. */
function word(...bytes: number[]): string {
  const [value = 0] = new Uint32Array(Uint8Array.from(bytes).buffer);
  return value.toString(16).toUpperCase().padStart(8, '0');
}
