import { performance } from 'node:perf_hooks';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/core/address.ts';
import type { Family } from '../../src/core/round.ts';
import { boundTtlMs, type Dns, type DnsAnswer, openDns } from '../../src/measure/names-dns.ts';
import { type FakeDns, openFakeDns } from '../fake/dns.ts';
import { suite } from '../helper.ts';

suite('measure/names-dns', ({ test }) => {
  test('gives all addresses in the order of the server, and the shortest TTL', async () => {
    const { fake, dns } = await open();
    const v4 = ['192.0.2.3', '192.0.2.1', '192.0.2.2'];
    const ttls = [600, 300, 900];
    const records = v4.map((address, i) => ({ address, ttl: ttls[i] ?? 0 }));
    fake.replies.set('many.test A', { records });
    fake.replies.set('many.test AAAA', { records: [{ address: '2001:db8::1', ttl: 45 }] });

    assert.is(await ask(dns, 'many.test', 'v4'), `${v4.join(' ')} 300000`);
    assert.is(await ask(dns, 'many.test', 'v6'), '2001:db8::1 45000');
    fake.close();
  });

  test('a TTL holds for 30 s at least and an hour at most', async () => {
    const { fake, dns } = await open();
    const wanted = new Map([
      [0, 30_000],
      [29, 30_000],
      [31, 31_000],
      [3600, 3_600_000],
      [1e9, 3_600_000],
      [2 ** 31, 30_000],
    ]);
    for (const [ttl, ttlMs] of wanted) {
      fake.replies.set('ttl.test A', { records: [{ address: '192.0.2.1', ttl }] });
      const answer = await dns.ask({ name: 'ttl.test', family: 'v4', isFailing: false });
      // RFC 2181 §8 reads the topmost bit as 0, others cut at the longest: both are within bounds.
      const isOdd = ttl === 2 ** 31;
      assert.ok(answer.ok && (isOdd || answer.ttlMs === ttlMs), `${ttl}`);
      assert.ok(answer.ok && answer.ttlMs >= 30_000 && answer.ttlMs <= 3_600_000, `${ttl}`);
    }
    assert.is(boundTtlMs(-1), 30_000);
    fake.close();
  });

  test('says in words why there is no address', async () => {
    const { fake, dns } = await open();
    fake.replies.set('empty.test A', { records: [] });
    fake.replies.set('empty.test AAAA', { records: [] });
    fake.replies.set('broken.test A', { rcode: 'SERVFAIL' });
    fake.replies.set('refused.test A', { rcode: 'REFUSED' });
    const asked = `(asked ${fake.server})`;

    assert.is(await ask(dns, 'gone.test', 'v4'), 'no such name');
    assert.is(await ask(dns, 'nas', 'v4'), 'no such name: write it with its domain');
    assert.is(await ask(dns, 'empty.test', 'v4'), 'no IPv4 address (A record)');
    assert.is(await ask(dns, 'empty.test', 'v6'), 'no IPv6 address (AAAA record)');
    assert.is(await ask(dns, 'broken.test', 'v4'), `the DNS server failed ${asked}`);
    assert.is(await ask(dns, 'refused.test', 'v4'), `the DNS server refused ${asked}`);
    assert.is(await ask(dns, `${'a'.repeat(64)}.test`, 'v4'), 'not a name that DNS can hold');
    fake.close();
  });

  test('silence and nonsense end within about five seconds', async () => {
    const { fake, dns } = await open();
    fake.replies.set('silent.test A', 'silence');
    fake.replies.set('nonsense.test A', 'nonsense');
    const beganMs = performance.now();
    const reasons = await Promise.all([
      ask(dns, 'silent.test', 'v4'),
      ask(dns, 'nonsense.test', 'v4'),
    ]);
    const tookMs = performance.now() - beganMs;

    assert.is(reasons[0], `no DNS server answered in time (asked ${fake.server})`);
    assert.match(reasons[1] ?? '', /answered (in time|nonsense) \(asked/);
    assert.ok(tookMs > 2000 && tookMs < 5500, `${tookMs} ms`);
    assert.ok(fake.asked.filter((key) => key === 'silent.test A').length >= 2);
    fake.close();
  });

  test('asks the next server when the first one is dead', async () => {
    const fake = await openFakeDns();
    fake.replies.set('here.test A', { records: [{ address: '192.0.2.1', ttl: 60 }] });
    const list = ['127.53.53.53', fake.server];
    const dns = openDns(() => ({ list, isSet: true }));

    assert.is(await ask(dns, 'here.test', 'v4'), '192.0.2.1 60000');
    fake.close();
  });

  test('asks the servers of the moment', async () => {
    const servers = [await openFakeDns(), await openFakeDns()];
    let list: string[] = [];
    const dns = openDns(() => ({ list, isSet: true }));
    assert.match(await ask(dns, 'where.test', 'v4'), /^no DNS server is configured/);

    for (const [i, fake] of servers.entries()) {
      fake.replies.set('where.test A', { records: [{ address: `192.0.2.${i}`, ttl: 60 }] });
      list = [fake.server];
      assert.is(await ask(dns, 'where.test', 'v4'), `192.0.2.${i} 60000`);
    }
    for (const fake of servers) fake.close();
  });

  test('puts sixteen questions at once, and first those that may succeed', async () => {
    const { fake, dns } = await open();
    let release = () => {};
    fake.hold(
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const names = Array.from({ length: 18 }, (_, i) => `n${i}.test`);
    const all = names.map((name) => ask(dns, name, 'v4', true));
    const hopeful = ask(dns, 'hopeful.test', 'v4', false);
    await until(() => fake.asked.length === 16);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.is(fake.asked.length, 16);

    release();
    await Promise.all([...all, hopeful]);
    assert.is(fake.asked.length, 19);
    // Two turns come free within one wake-up, and their packets may cross.
    assert.ok(fake.asked.indexOf('hopeful.test A') <= 17, fake.asked.join());
    assert.is(new Set(fake.asked).size, 19);
    fake.close();
  });

  test('a question that waits too long is not put, and says so', async () => {
    const { fake, dns } = await open();
    for (let i = 0; i < 20; i++) fake.replies.set(`n${i}.test A`, 'silence');
    const beganMs = performance.now();
    const all = Array.from({ length: 20 }, (_, i) =>
      dns.ask({ name: `n${i}.test`, family: 'v4', isFailing: false }),
    );
    const answers = await Promise.all(all);

    const notAsked = answers.filter((answer) => !answer.ok && !answer.isAsked);
    assert.is(notAsked.length, 4);
    assert.is(toText(notAsked[0]), 'too many names are being looked up at once');
    assert.is(new Set(fake.asked).size, 16);
    assert.ok(performance.now() - beganMs < 5500);
    fake.close();
  });

  test('closing ends what is under way and what waits', async () => {
    const { fake, dns } = await open();
    for (let i = 0; i < 20; i++) fake.replies.set(`n${i}.test A`, 'silence');
    const all = Array.from({ length: 20 }, (_, i) => ask(dns, `n${i}.test`, 'v4'));
    await until(() => fake.asked.length === 16);
    const beganMs = performance.now();
    dns.close();

    await Promise.all(all);
    assert.ok(performance.now() - beganMs < 500);
    assert.is(await ask(dns, 'n0.test', 'v4'), 'closed');
    fake.close();
  });
});

async function open(): Promise<{ fake: FakeDns; dns: Dns }> {
  const fake = await openFakeDns();
  return { fake, dns: openDns(() => ({ list: [fake.server], isSet: true })) };
}

async function ask(dns: Dns, name: string, family: Family, isFailing = false): Promise<string> {
  return toText(await dns.ask({ name, family, isFailing }));
}

function toText(answer: DnsAnswer | undefined): string {
  if (answer === undefined) return 'no answer';
  if (!answer.ok) return answer.reason;
  const texts = answer.addresses.map((one) => formatAddress(one.family, one.bytes, one.zone));
  return `${texts.join(' ')} ${answer.ttlMs}`;
}

async function until(isReached: () => boolean): Promise<void> {
  const beganMs = performance.now();
  while (!isReached()) {
    if (performance.now() - beganMs > 1900) throw new Error('not reached within 1.9 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
