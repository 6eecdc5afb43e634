import fc from 'fast-check';
import { equal, is, match, ok } from 'uvu/assert';
import { formatRange } from '../../src/core/address-range.ts';
import { DEFAULT_POLICY, parsePolicy } from '../../src/core/policy.ts';
import { suite } from '../helper.ts';

function issuesOf(document: unknown): string {
  const parsed = parsePolicy(document);
  if (parsed.ok) throw new Error(`accepted: ${JSON.stringify(document)}`);
  return parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('\n');
}

suite('core/policy', (s) => {
  s.test('a policy that says nothing has the built-in limits', () => {
    const parsed = parsePolicy({ schema: 1 });
    equal(parsed, { ok: true, policy: DEFAULT_POLICY });
    equal(DEFAULT_POLICY, {
      privateRanges: [],
      packetsPerSecond: 1000,
      packetsPerSecondPerDestination: 50,
      bytesPerDay: 2_147_483_648,
      kinds: ['smokeping', 'path'],
      httpMethods: ['GET', 'HEAD'],
    });
  });

  s.test('every key is taken', () => {
    const parsed = parsePolicy({
      schema: 1,
      privateRanges: ['10.20.0.0/16', 'fd00:1::/32'],
      packetsPerSecond: 10,
      packetsPerSecondPerDestination: 2,
      bytesPerDay: 1_000_000,
      kinds: ['path'],
      httpMethods: [],
    });
    if (!parsed.ok) throw new Error('refused');
    equal(parsed.policy.privateRanges.map(formatRange), ['10.20.0.0/16', 'fd00:1::/32']);
    equal([parsed.policy.packetsPerSecond, parsed.policy.kinds], [10, ['path']]);
  });

  s.test('a key that is not understood might have been a limit: it is refused', () => {
    match(issuesOf({ schema: 1, packetPerSecond: 5 }), /"packetPerSecond": unknown key: expected/);
  });

  s.test('wrong values are refused, each with its key and what came', () => {
    match(issuesOf({ schema: 2 }), 'schema: expected 1 but got 2');
    match(issuesOf({}), 'schema: expected but missing');
    match(
      issuesOf({ schema: 1, packetsPerSecond: 0 }),
      'packetsPerSecond: expected a whole number',
    );
    match(issuesOf({ schema: 1, bytesPerDay: '2G' }), 'bytesPerDay: expected a whole number');
    match(issuesOf({ schema: 1, kinds: ['smokping'] }), 'kinds.0: expected one of smokeping');
    match(issuesOf({ schema: 1, httpMethods: ['get'] }), 'httpMethods.0: expected a method');
    const range = issuesOf({ schema: 1, privateRanges: ['10.0.0.0/8', '10.0.0.1/8'] });
    match(range, 'privateRanges.1: expected a range such as "10.20.0.0/16" but got "10.0.0.1/8"');
  });

  s.test('whatever comes, it is judged and never thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (document) => {
        const parsed = parsePolicy(document);
        ok(parsed.ok || parsed.issues.length > 0);
      }),
    );
    is(parsePolicy(null).ok, false);
    is(parsePolicy([]).ok, false);
  });
});
