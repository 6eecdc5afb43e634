import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/core/address.ts';
import type { Family } from '../../src/core/round.ts';
import { type HostsFile, openHostsFile } from '../../src/measure/names-hosts.ts';
import { suite } from '../helper.ts';

const TEXT = `# 192.0.2.99 commented
127.0.0.1\tlocalhost
192.0.2.1 nas NAS.Home.test\tnas.test # other.test
  192.0.2.2   nas.test
2001:db8::1 nas.test
fe80::1%Lan0 nas.test
192.0.2.1 nas.test nas.test
192.0.2.300 wrong.test
192.0.2.4
nas.test
192.0.2.5 my-nas.test nas.test.example xnas.test nas.testx\r
192.0.2.6 last.test`;

suite('measure/names-hosts', ({ test, after }) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-hosts-'));
  const path = join(directory, 'hosts');
  after(() => rmSync(directory, { recursive: true }));

  test('gives all addresses of a name in one family, each once', () => {
    writeFileSync(path, TEXT);
    const hosts = openHostsFile(path);

    assert.equal(find(hosts, 'nas.test', 'v4'), ['192.0.2.1', '192.0.2.2']);
    assert.equal(find(hosts, 'nas.test', 'v6'), ['2001:db8::1', 'fe80::1%Lan0']);
  });

  test('takes whole names, in any case, up to the comment and the end', () => {
    const hosts = openHostsFile(path);

    assert.equal(find(hosts, 'nas', 'v4'), ['192.0.2.1']);
    assert.equal(find(hosts, 'nas.home.test', 'v4'), ['192.0.2.1']);
    assert.equal(find(hosts, 'my-nas.test', 'v4'), ['192.0.2.5']);
    assert.equal(find(hosts, 'nas.testx', 'v4'), ['192.0.2.5']);
    assert.equal(find(hosts, 'last.test', 'v4'), ['192.0.2.6']);
    for (const name of ['other.test', 'commented', 'wrong.test', 'home.test', 'test', '', '#']) {
      assert.equal(find(hosts, name, 'v4'), [], name);
    }
    assert.equal(find(hosts, '192.0.2.4', 'v4'), []);
  });

  test('sees that the file was written, replaced, removed and came back', () => {
    const hosts = openHostsFile(path);
    for (const text of ['192.0.2.1 a', '192.0.2.2 a', '192.0.2.2 b', '192.0.2.3 a', null, TEXT]) {
      if (text === null) rmSync(path);
      else writeFileSync(path, text);

      const wanted = text?.endsWith(' a') === true ? [text.slice(0, -2)] : [];
      assert.equal(find(hosts, 'a', 'v4'), wanted, String(text));
    }
  });

  test('a directory or an unreadable place is as no file', () => {
    assert.equal(find(openHostsFile(directory), 'a', 'v4'), []);
    assert.equal(find(openHostsFile(`${path}/hosts`), 'a', 'v4'), []);
    assert.equal(find(openHostsFile('\0'), 'a', 'v4'), []);
  });

  test('a list of 200 000 blocked names does not hold up the probe', () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `0.0.0.0 ads-${i}.test`);
    writeFileSync(path, `${lines.join('\n')}\n192.0.2.7 real.test\n`);
    const hosts = openHostsFile(path);
    assert.equal(find(hosts, 'real.test', 'v4'), ['192.0.2.7']);

    const beganMs = performance.now();
    for (let i = 0; i < 10; i++) find(hosts, `absent-${i}.test`, 'v4');
    const eachMs = (performance.now() - beganMs) / 10;
    assert.ok(eachMs < 50, `${eachMs} ms each`);
  });
});

function find(hosts: HostsFile, name: string, family: Family): string[] {
  return hosts.find(name, family).map((one) => formatAddress(one.family, one.bytes, one.zone));
}
