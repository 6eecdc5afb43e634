import { equal, is, match } from 'uvu/assert';
import type { Fact } from '../../src/graph/board-facts.ts';
import { lockdownFacts, meshFacts, pushFacts } from '../../src/graph/board-facts.ts';
import { plainText } from '../../src/graph/text.ts';
import { lockdownState, meshPeer, meshState, NOW_MS, pushState } from '../board/boards.ts';
import { suite } from '../helper.ts';

/** Values by their names, as a reader sees them. */
async function read(facts: readonly Fact[]): Promise<Record<string, string>> {
  const pairs = facts.map(async ([name, value]) => [name, await plainText(value)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

suite('graph/board-facts', ({ test }) => {
  test('a mesh says where it is joined, by which address and how its peers are met', async () => {
    const relayed = meshPeer({ name: 'jump', via: 'relayed', relay: 'fra', handshakeMs: null });
    const facts = await read(meshFacts(meshState({ peers: [meshPeer(), relayed] }), NOW_MS));
    is(facts['mesh'], 'tailnet, joined');
    is(facts['its address there'], 'fd8f:89ae:ca73:3::7');
    is(facts['also'], '100.64.0.7');
    match(facts['metrics'] ?? '', /^direct, handshake 30\ss ago, .* in, .* out$/);
    match(facts['jump'] ?? '', /^relayed by fra, no handshake yet/);
  });

  test('many peers are counted, and what is unknown is left out', async () => {
    const peers = Array.from({ length: 11 }, (_, i) => meshPeer({ name: `peer${i}` }));
    const bare = meshState({ peers, joinedMs: null, version: null, addresses: [], address: null });
    const facts = await read(meshFacts(bare, NOW_MS));
    is(facts['and'], '3 more peers');
    is(facts['its address there'], 'none yet');
    equal(
      ['joined', 'client', 'also'].filter((name) => name in facts),
      [],
    );
  });

  test('an old client says what would do', async () => {
    const old = meshState({ isVersionOld: true, version: '1.70', versionMin: '1.80' });
    is((await read(meshFacts(old, NOW_MS)))['client'], '1.70, older than 1.80');
  });

  test('a lockdown says since when, and who else was at it', async () => {
    const calm = await read(lockdownFacts(lockdownState(), NOW_MS));
    is(calm['packet filter'], 'in force');
    is(calm['changed by others'], 'never');
    const drifted = lockdownState({ drifts: 3, lastDriftMs: NOW_MS - 60_000 });
    match(
      (await read(lockdownFacts(drifted, NOW_MS)))['changed by others'] ?? '',
      /^3 times, last /,
    );
  });

  test('a push says what waits, since when, and what was lost', async () => {
    const calm = await read(pushFacts(pushState(), NOW_MS));
    match(calm['metrics'] ?? '', 'pushed to http://[fd8f:89ae:ca73:2::1]');
    match(calm['waiting'] ?? '', /^nothing, of /);
    equal('given up' in calm, false);
    const stalled = pushState({
      ...{ state: 'stalled', queueBytes: 5_000_000, queueAgeMs: 3_600_000 },
      ...{ droppedBlocks: 2, restarts: 1, acceptedMs: null, server: null },
    });
    const facts = await read(pushFacts(stalled, NOW_MS));
    is(facts['metrics'], 'are not taken');
    match(facts['waiting'] ?? '', /, the oldest 1\sh/);
    is(facts['given up'], '2 blocks');
    is(facts['restarts of vmagent'], '1');
  });
});
