import { equal, is, match } from 'uvu/assert';
import {
  openEndpoints,
  RETRY_MS,
  type SeenPeer,
} from '../../../src/board/mesh/wireguard-endpoint.ts';
import { parseRange } from '../../../src/core/address-range.ts';
import { suite } from '../../helper.ts';

function rig(answers: Record<string, readonly string[]> = {}) {
  const time = { ms: 0 };
  const asked: string[] = [];
  const endpoints = openEndpoints({
    monoMs: () => time.ms,
    resolve: async (host) => {
      asked.push(host);
      const all = answers[host];
      if (all === undefined) throw new Error(`${host} has no address (ENOTFOUND)`);
      return all;
    },
  });
  /** What is set of a peer that has this endpoint now. */
  async function choose(host: string, now: string | null, rest: Partial<SeenPeer> = {}) {
    const range = parseRange('fd57::/64');
    const peer = {
      ...{ name: 'm', publicKey: 'K', presharedKey: null, keepaliveS: 25 },
      endpoint: { host, port: 51_820 },
      allowed: range === null ? [] : [range],
    };
    const found = {
      ...{ publicKey: 'K', presharedKey: null, endpoint: now, allowed: [], keepaliveS: 25 },
      ...{ handshakeS: 0, receivedBytes: 0, sentBytes: 0 },
    };
    const seen = { peer, found, isSilent: false, isMoved: false, ...rest };
    return (await endpoints.choose([seen])).get('K') ?? null;
  }
  return { time, asked, endpoints, choose };
}

suite('board/mesh/wireguard-endpoint', (s) => {
  s.test('an address is set once, and left alone while the peer answers', async () => {
    const { choose, asked, time } = rig();
    is(await choose('192.0.2.1', null, { isSilent: true }), '192.0.2.1:51820');
    time.ms += 10 * RETRY_MS;
    is(await choose('192.0.2.1', '192.0.2.1:51820'), null);
    // It roamed, and WireGuard followed.
    is(await choose('192.0.2.1', '198.51.100.9:7'), null);
    equal(asked, []);
  });

  s.test('the first time the settings win over what the interface was left with', async () => {
    is(await rig().choose('192.0.2.1', '198.51.100.9:7'), '192.0.2.1:51820');
    is(await rig().choose('192.0.2.1', '192.0.2.1:51820'), null);
  });

  s.test('an IPv6 address stands in brackets', async () => {
    is(await rig().choose('2001:DB8::1', null), '[2001:db8::1]:51820');
  });

  s.test('a name is looked up again when its peer is silent, and not sooner', async () => {
    const { choose, asked, time } = rig({ 'dyn.example': ['192.0.2.1'] });
    is(await choose('dyn.example', null), '192.0.2.1:51820');
    await choose('dyn.example', '192.0.2.1:51820', { isSilent: true });
    is(asked.length, 1);
    time.ms += RETRY_MS;
    await choose('dyn.example', '192.0.2.1:51820');
    is(asked.length, 1);
    is(await choose('dyn.example', '192.0.2.1:51820', { isSilent: true }), '192.0.2.1:51820');
    is(asked.length, 2);
  });

  s.test('of several addresses the next is tried each time', async () => {
    const { choose, time } = rig({ 'two.example': ['2001:db8::1', '192.0.2.1'] });
    const tried: (string | null)[] = [];
    let now: string | null = null;
    for (let tries = 0; tries < 3; tries++) {
      now = await choose('two.example', now, { isSilent: true });
      tried.push(now);
      time.ms += RETRY_MS;
    }
    equal(tried, ['[2001:db8::1]:51820', '192.0.2.1:51820', '[2001:db8::1]:51820']);
  });

  s.test('a board that moved sets it again at once, and keeps that which worked', async () => {
    const { choose } = rig({ 'two.example': ['2001:db8::1', '192.0.2.1'] });
    await choose('two.example', null);
    is(await choose('two.example', '192.0.2.1:51820', { isMoved: true }), '192.0.2.1:51820');
  });

  s.test('an interface that was made anew gets it at once', async () => {
    const { choose } = rig();
    await choose('192.0.2.1', null);
    is(await choose('192.0.2.1', null, { isSilent: true }), '192.0.2.1:51820');
  });

  s.test('a name that cannot be found is said, and tried again after a while', async () => {
    const { choose, endpoints, asked, time } = rig();
    is(await choose('gone.example', null, { isSilent: true }), null);
    match(endpoints.trouble() ?? '', 'peer m: gone.example has no address (ENOTFOUND)');
    await choose('gone.example', null, { isSilent: true });
    is(asked.length, 1);
    time.ms += RETRY_MS;
    await choose('gone.example', null, { isSilent: true });
    is(asked.length, 2);
  });

  s.test('an endpoint inside of the mesh would go in circles', async () => {
    const { choose, endpoints } = rig({ 'in.example': ['fd57::99', 'fe80::1', 'x'] });
    is(await choose('in.example', null), null);
    match(endpoints.trouble() ?? '', 'no address outside of the mesh');
  });

  s.test('a peer that calls us is not looked for', async () => {
    const { endpoints } = rig();
    const peer = {
      ...{ name: 'b', publicKey: 'B', presharedKey: null, endpoint: null },
      ...{ allowed: [], keepaliveS: 0 },
    };
    const seen = { peer, found: null, isSilent: true, isMoved: true };
    is((await endpoints.choose([seen])).size, 0);
    is(endpoints.trouble(), null);
  });
});
