import { equal, is, match } from 'uvu/assert';
import type { Fact } from '../../src/graph/board-facts.ts';
import { lockdownFacts, meshFacts, peerFacts, pushFacts } from '../../src/graph/board-facts.ts';
import { plainText } from '../../src/graph/text.ts';
import { BOARD_NOW_MS, fakeLockdown, fakeMesh, fakePeer, fakePush } from '../fake/board.ts';
import { suite } from '../helper.ts';

/** Values by their names, as a reader sees them. */
async function read(facts: readonly Fact[]): Promise<Record<string, string>> {
  const pairs = facts.map(async ([name, value]) => [name, await plainText(value)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

suite('graph/board-facts', ({ test }) => {
  test('a mesh says where it is joined, by which address, and who may read there', async () => {
    const mesh = fakeMesh({ kind: 'tailscale', addresses: ['100.64.0.7', 'fd57::a'] });
    const facts = await read(meshFacts(mesh, BOARD_NOW_MS));
    is(facts['mesh'], 'tailnet, joined');
    is(facts['its address there'], 'fd57::a');
    is(facts['also'], '100.64.0.7');
    is(facts['who may read there'], 'fd57::1');
    match(facts['joined'] ?? '', /\d\d:\d\d UTC, 1\sh ago$/);
  });

  test('peers say how they are met', async () => {
    const relayed = fakePeer({ name: 'jump', via: 'relayed', relay: 'fra', handshakeMs: null });
    const facts = await read(peerFacts([fakePeer(), relayed], BOARD_NOW_MS));
    match(facts['monitor'] ?? '', /^direct, handshake 42\ss ago, .* in, .* out$/);
    match(facts['jump'] ?? '', /^relayed by fra, no handshake yet/);
  });

  test('many peers are counted', async () => {
    const peers = Array.from({ length: 11 }, (_, i) => fakePeer({ name: `peer${i}` }));
    is((await read(peerFacts(peers, BOARD_NOW_MS)))['and'], '3 more peers');
  });

  test('what is unknown is left out', async () => {
    const bare = fakeMesh({ joinedMs: null, version: null, addresses: [], address: null });
    const facts = await read(meshFacts({ ...bare, readers: [] }, BOARD_NOW_MS));
    is(facts['its address there'], 'none yet');
    is(facts['who may read there'], 'nobody');
    equal(
      ['joined', 'client', 'also'].filter((name) => name in facts),
      [],
    );
  });

  test('an old client says what would do', async () => {
    const old = fakeMesh({ isVersionOld: true, version: '1.70', versionMin: '1.80' });
    const facts = await read(meshFacts(old, BOARD_NOW_MS));
    is(facts['mesh'], 'WireGuard, joined');
    is(facts['client'], '1.70, older than 1.80');
  });

  test('a lockdown says since when, and who else was at it', async () => {
    const calm = await read(lockdownFacts(fakeLockdown(), BOARD_NOW_MS));
    is(calm['lockdown'], 'in force');
    is(calm['changed by others'], 'never');
    const drifted = fakeLockdown({ drifts: 3, lastDriftMs: BOARD_NOW_MS - 60_000 });
    const facts = await read(lockdownFacts(drifted, BOARD_NOW_MS));
    match(facts['changed by others'] ?? '', /^3 times, last /);
    const once = fakeLockdown({ drifts: 1 });
    is((await read(lockdownFacts(once, BOARD_NOW_MS)))['changed by others'], 'once');
  });

  test('a push says what waits, since when, and what was lost', async () => {
    const calm = await read(pushFacts(fakePush(), BOARD_NOW_MS));
    match(calm['push'] ?? '', 'pushing to http://[fd57::1]:8427');
    match(calm['waiting'] ?? '', /^nothing, of /);
    equal('given up' in calm, false);
    const stalled = fakePush({
      ...{ state: 'stalled', queueBytes: 5_000_000, queueAgeMs: 3_600_000 },
      ...{ droppedBlocks: 2, restarts: 1, acceptedMs: null, server: null },
    });
    const facts = await read(pushFacts(stalled, BOARD_NOW_MS));
    is(facts['push'], 'stalled');
    match(facts['waiting'] ?? '', /^4\.77\sMiB of 64\.0\sMiB, the oldest sample 1\sh old$/);
    is(facts['given up'], '2 blocks');
    is(facts['restarts of vmagent'], '1');
  });

  test('a time ahead of the clock here is no negative one', async () => {
    const ahead = fakePush({ acceptedMs: BOARD_NOW_MS + 60_000 });
    match((await read(pushFacts(ahead, BOARD_NOW_MS)))['taken last'] ?? '', /^0\D.* ago$/);
  });
});
