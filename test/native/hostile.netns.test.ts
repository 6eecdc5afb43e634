// Peers that lie: they see our echoes, and send back what they please. The engine believes a reply
// only when everything fits; each lie is counted by what was wrong with it, and changes nothing.
import { equal, is, ok } from 'uvu/assert';
import { ALIEN_REASONS } from '../../src/engine/engine.ts';
import { errorAbout } from '../fake/packets.ts';
import { type SentPacket, withChecksum } from '../fake/transport.ts';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { identifierOf, KINDS, type Kind, openPlaces, type Places } from './places.ts';
import { type Driver, NOBODY, openDriver, type Seen } from './remote.ts';
import { bytesOf, reply } from './wire.ts';

type Reason = (typeof ALIEN_REASONS)[number];

interface Lie {
  says: string;
  /** What the peer sends, knowing our echo. */
  tell(request: Buffer, family: 4 | 6): Uint8Array;
  /** An address of the peer's that we did not ask. */
  source?: { 4: string; 6: string };
  /** As what it is counted; null when the kernel keeps it from us. */
  alien: Reason | null;
  /** Where ping sockets differ: the kernel judges what a raw socket leaves to us. */
  alienPing?: Reason | null;
  families?: readonly (4 | 6)[];
}

const TARGETS = { 4: '10.78.1.1', 6: 'fd78::1:1' } as const;
const ELSEWHERE = { 4: '10.78.9.9', 6: 'fd78::9:9' } as const;

const LIES: readonly Lie[] = [
  {
    says: 'another cookie',
    tell: (request, family) => changed(reply(family, request), 20, family),
    alien: 'cookie',
  },
  {
    says: 'the next generation of the slot',
    tell: (request, family) => changed(reply(family, request), 12, family),
    alien: 'cookie',
  },
  {
    says: 'another slot in the payload',
    tell: (request, family) => changed(reply(family, request), 8, family),
    alien: 'cookie',
  },
  {
    says: 'another sequence number',
    tell: (request, family) => changed(reply(family, request), 7, family),
    alien: 'cookie',
  },
  {
    says: 'another of our identifiers',
    tell: (request, family) => changed(reply(family, request), 5, family),
    alien: 'cookie',
    alienPing: null,
  },
  {
    says: 'no payload',
    tell: (request, family) => cut(reply(family, request), 8, family),
    alien: 'malformed',
  },
  {
    says: 'half a cookie',
    tell: (request, family) => cut(reply(family, request), 20, family),
    alien: 'malformed',
  },
  {
    says: 'one byte less',
    tell: (request, family) => cut(reply(family, request), request.length - 1, family),
    alien: 'malformed',
  },
  {
    says: 'one byte more',
    tell: (request, family) => grown(reply(family, request), 1, family),
    alien: 'malformed',
  },
  {
    says: 'more than we ever read',
    tell: (request, family) => grown(reply(family, request), 1584 - request.length, family),
    alien: 'malformed',
  },
  {
    says: 'all of it, but is not whom we asked',
    tell: (request, family) => reply(family, request),
    source: ELSEWHERE,
    alien: 'address',
  },
  {
    says: 'a wrong checksum',
    tell: (request, family) => {
      const message = reply(family, request);
      message[2] = (message[2] ?? 0) ^ 0x55;
      return message;
    },
    alien: 'checksum',
    alienPing: null,
    // The kernel writes the checksum of what a raw ICMPv6 socket sends.
    families: [4],
  },
  {
    says: 'our own request again',
    tell: (request) => request,
    alien: null,
  },
  {
    says: 'an error that quotes another cookie',
    tell: (request, family) => errorAbout(sentPacket(family, changed(request, 20, family)), 3, 1),
    alien: 'cookie',
  },
  {
    says: 'a short error about somebody else',
    tell: (request, family) => errorAbout(sentPacket(family, request, ELSEWHERE[family]), 3, 1, 8),
    alien: 'address',
    // The kernel hands over what was quoted, not to whom it went.
    alienPing: null,
  },
];

const missing = requireLab();
let places: Places;
let liar: Driver;

/** One byte turned, under a right checksum. */
function changed(message: Buffer, place: number, family: 4 | 6): Buffer {
  const copy = Buffer.from(message);
  copy[place] = (copy[place] ?? 0) ^ 1;
  return family === 4 ? Buffer.from(withChecksum(copy)) : copy;
}

function cut(message: Buffer, bytes: number, family: 4 | 6): Buffer {
  const short = Buffer.from(message.subarray(0, bytes));
  return family === 4 ? Buffer.from(withChecksum(short)) : short;
}

function grown(message: Buffer, bytes: number, family: 4 | 6): Buffer {
  const long = Buffer.concat([message, Buffer.alloc(bytes, 0xa5)]);
  return family === 4 ? Buffer.from(withChecksum(long)) : long;
}

function sentPacket(family: 4 | 6, bytes: Buffer, to: string = TARGETS[family]): SentPacket {
  const destination = bytesOf(to);
  const rest = { key: 0, ttl: 0, tos: 0, dontFragment: false, sentMono: 0n };
  return { family, protocol: 'icmp', bytes, destination, source: new Uint8Array(16), ...rest };
}

function inFamilies(lie: Lie): [Lie, 4 | 6][] {
  return (lie.families ?? ([4, 6] as const)).map((family) => [lie, family]);
}

function expected(lie: Lie, kind: Kind): Reason | null {
  if (kind.open.kind === 'ping' && lie.alienPing !== undefined) return lie.alienPing;
  return lie.alien;
}

async function send(family: 4 | 6, message: Uint8Array, source: string): Promise<void> {
  const icmp = Buffer.from(message).toString('hex');
  const to = family === 4 ? '10.77.0.1' : 'fd77::1';
  const [sent] = await liar.ask('send', { packets: [{ family, to, source, icmp }] });
  is(sent?.errno, 0);
}

/** An engine with one echo to each family in flight, and those echoes. */
async function openVictim(
  kind: Kind,
): Promise<{ victim: Driver; requests: Record<4 | 6, Buffer> }> {
  const victim = await openDriver(places.near);
  if (kind.isUnprivileged) await victim.ask('drop', NOBODY);
  await victim.ask('engine', {
    ...kind.open,
    identifier: identifierOf(kind),
    timeoutMs: 20_000,
    series: [TARGETS[4], TARGETS[6]].map((to) => ({ to, intervalMs: 60_000 })),
  });
  const sent = await victim.ask('tick', { most: 64 });
  const v4 = sent.find((icmp) => icmp.startsWith('08'));
  const v6 = sent.find((icmp) => icmp.startsWith('80'));
  ok(v4 !== undefined && v6 !== undefined);
  return { victim, requests: { 4: Buffer.from(v4, 'hex'), 6: Buffer.from(v6, 'hex') } };
}

/** Drains until the packet must be there; what the kernel drops never is. */
async function look(victim: Driver): Promise<Seen> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await victim.ask('drain', null);
  return victim.ask('observe', null);
}

suite('hostile peers', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    places = await openPlaces();
    const mute = { 'net/ipv4/icmp_echo_ignore_all': '1', 'net/ipv6/icmp/echo_ignore_all': '1' };
    await places.far.sysctl(mute);
    // An address of IPv6 must be assigned before one may send from it.
    for (const address of [TARGETS[6], ELSEWHERE[6]]) {
      await places.far.ip(`address add ${address}/128 dev lo nodad`);
    }
    liar = await openDriver(places.far);
    await liar.ask('open', { kind: 'raw', identifier: 0x10 });
  });
  s.after(async () => {
    if (missing !== null) return;
    await liar.close();
    await places.close();
  });

  for (const kind of KINDS) {
    const absent = missing ?? kind.missing;
    s.testIf(absent, `${kind.name}: no lie is believed, each is counted`, async () => {
      const { victim, requests } = await openVictim(kind);
      const counts: Record<string, number> = {};
      for (const reason of ALIEN_REASONS) counts[reason] = 0;

      for (const [lie, family] of LIES.flatMap(inFamilies)) {
        const message = lie.tell(requests[family], family);
        await send(family, message, (lie.source ?? TARGETS)[family]);
        const reason = expected(lie, kind);
        if (reason !== null) counts[reason] = (counts[reason] ?? 0) + 1;

        const { figures, states, log } = await look(victim);

        const what = `${lie.says}, IPv${family}`;
        equal(figures.alien, counts, what);
        is(figures.inflight, 2, what);
        equal(states.map(answers), [NONE, NONE], what);
        is(log.filter((line) => line.kind !== 'icmp-error').length, 0, what);
      }

      // After all that the truth still counts, once.
      for (const family of [4, 6] as const) {
        const truth = reply(family, requests[family]);
        await send(family, truth, TARGETS[family]);
        await send(family, truth, TARGETS[family]);
      }
      const { figures, states } = await look(victim);
      equal(figures.alien, counts);
      is(figures.inflight, 0);
      equal(states.map(answers), [ONCE, ONCE]);
      await victim.close();
    });
  }
});

const NONE = { received: 0, duplicates: 0, late: 0, lost: 0, discarded: 0 };
const ONCE = { ...NONE, received: 1, duplicates: 1 };

function answers({ received, duplicates, late, lost, discarded }: Seen['states'][number]) {
  return { received, duplicates, late, lost, discarded };
}
