import { equal, is, match, ok } from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import { type AddressRange, parseRange } from '../../src/core/address-range.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import type { MeasuredKind } from '../../src/core/policy-caps.ts';
import { openGuard } from '../../src/measure/guard.ts';
import { suite } from '../helper.ts';

function open(part: Partial<Policy> = {}, kinds: MeasuredKind[] = ['smokeping', 'path']) {
  const now = { ms: 0 };
  const links: AddressRange[] = [];
  const guard = openGuard({ monoMs: () => now.ms, ownRanges: () => links });
  const policy = { ...DEFAULT_POLICY, ...part };
  const rules = { policy, kinds: new Set(kinds) };
  guard.configure(rules);
  return { now, links, guard, rules };
}

function addressOf(text: string) {
  const address = parseAddress(text);
  if (address === null) throw new Error(text);
  return address;
}

const ONE = { ip: '1.1.1.1', packets: 1, bytes: 200 };

suite('measure/guard', (s) => {
  s.test('says which policy forbids an address, and why', () => {
    const { guard } = open();
    const reason = guard.refusal('smokeping', 'x.example', addressOf('192.168.1.1'));
    is(reason, 'the policy forbids its address 192.168.1.1: it is private (192.168.0.0/16)');
    is(guard.refusal('smokeping', 'x.example', addressOf('1.1.1.1')), null);
  });

  s.test('gateway and resolver are allowed by name, and by nothing that equals them', () => {
    const { guard } = open();
    const address = addressOf('192.168.1.1');
    is(guard.refusal('path', '@gateway', address), null);
    is(guard.refusal('path', '@resolver', address), null);
    for (const host of ['192.168.1.1', 'gateway', '@Gateway', '@gateway.']) {
      ok(guard.refusal('path', host, address) !== null, host);
    }
  });

  s.test('rules only its kinds, and nothing while there are no rules', () => {
    const { guard } = open({}, ['path']);
    const address = addressOf('10.0.0.1');
    is(guard.refusal('smokeping', 'x', address), null);
    ok(guard.refusal('path', 'x', address) !== null);
    guard.configure(null);
    is(guard.refusal('path', 'x', address), null);
    is(guard.isRuling('path'), false);
  });

  s.test('of several addresses those stay that may be measured', () => {
    const { guard } = open();
    const all = ['10.0.0.1', '1.1.1.1', '127.0.0.1', '9.9.9.9'].map(addressOf);
    const { addresses, refusal } = guard.screen('smokeping', 'x', all);
    equal(addresses, [all[1], all[3]]);
    match(refusal ?? '', '10.0.0.1');
    equal(guard.screen('smokeping', 'x', all.slice(0, 1)).addresses, []);
  });

  s.test('tells once when a link of the machine is another', () => {
    const { guard, links } = open();
    is(guard.look(), false);
    const range = parseRange('1.1.1.0/24');
    if (range !== null) links.push(range);
    equal([guard.look(), guard.look()], [true, false]);
    match(guard.refusal('smokeping', 'x', addressOf('1.1.1.1')) ?? '', 'on a link of this machine');
  });

  s.test('more than two seconds of an address, and nothing goes there until it is paid', () => {
    const { guard, now } = open({ packetsPerSecondPerDestination: 50 });
    guard.charge('smokeping', { ...ONE, packets: 100 });
    is(guard.holdMs(ONE.ip), 0);
    guard.charge('smokeping', { ...ONE, packets: 50 });
    is(guard.holdMs(ONE.ip), 3000);
    is(guard.holdMs('9.9.9.9'), 0);
    now.ms = 3000;
    is(guard.holdMs(ONE.ip), 0);
  });

  s.test('more than two seconds of all, and nothing goes anywhere', () => {
    const { guard } = open({ packetsPerSecond: 100, packetsPerSecondPerDestination: 50 });
    for (let n = 0; n < 25; n++)
      guard.charge('smokeping', { ...ONE, ip: `1.1.1.${n}`, packets: 10 });
    ok(guard.holdMs('9.9.9.9') > 0);
  });

  s.test("an hour of the day's bytes ahead is too much", () => {
    const { guard } = open({ bytesPerDay: 24_000_000 });
    guard.charge('path', { ...ONE, bytes: 999_000 });
    is(guard.holdMs('9.9.9.9'), 0);
    guard.charge('path', { ...ONE, bytes: 2000 });
    ok(guard.holdMs('9.9.9.9') > 0);
    ok(guard.waitMs('path', ONE) > 0);
  });

  s.test('probes of paths and echoes are one account', () => {
    const { guard, now } = open({ packetsPerSecondPerDestination: 50 });
    let sent = 0;
    guard.charge('smokeping', { ...ONE, packets: 70 });
    for (now.ms = 0; now.ms < 10_000; now.ms += 1) {
      if (guard.waitMs('path', ONE) > 0) continue;
      guard.charge('path', ONE);
      sent++;
    }
    ok(sent <= 10 * 50 + 5 && sent >= 10 * 50 - 5, `${sent}`);
  });

  s.test('a new configuration under the same policy is no new budget', () => {
    const { guard, rules } = open();
    guard.charge('smokeping', { ...ONE, packets: 150 });
    guard.configure(null);
    guard.configure({ ...rules });
    ok(guard.holdMs(ONE.ip) > 0);
  });

  s.test('what is not ruled is not counted', () => {
    const { guard } = open({}, ['path']);
    guard.charge('smokeping', { ...ONE, packets: 1e6 });
    is(guard.holdMs(ONE.ip), 0);
    is(guard.waitMs('smokeping', ONE), 0);
  });

  s.test('counts by kind what was held back', () => {
    const { guard } = open();
    guard.holdBack('path', 2);
    guard.holdBack('smokeping', 3);
    equal(guard.heldBack(), { smokeping: 3, path: 2 });
  });

  s.test('ten thousand addresses are not all remembered, nor is a debtor forgotten', () => {
    const { guard, now } = open({ packetsPerSecond: 100_000, bytesPerDay: 1e15 });
    for (let n = 0; n < 30_000; n++) {
      now.ms += 5;
      if (n % 300 === 0) guard.charge('path', { ...ONE, packets: 300 });
      guard.charge('path', { ...ONE, ip: `a${n}` });
    }
    ok(guard.holdMs(ONE.ip) > 0);
  });
});
