// Errors about probes: whose they are when the quote is short or was translated, and what else they
// say. Forged ones are in answer.test.ts, random ones in fuzz-probes.test.ts.
import * as assert from 'uvu/assert';
import { FLOWS_MAX, MPLS_MAX } from '../../src/engine/limits.ts';
import type { ProbeOutcome } from '../../src/engine/probes.ts';
import { type ErrorWish, errorOf, objectOf, stackOf } from '../fake/icmp-error.ts';
import { openPath, openPaths, PATHS, type PathRig, ROUTERS } from '../fake/paths.ts';
import { addressOf, PORT } from '../fake/rig.ts';
import { type SentPacket, withChecksum } from '../fake/transport.ts';
import { suite } from '../helper.ts';

interface Out {
  rig: PathRig;
  packet: SentPacket;
}

type Path = (typeof PATHS)[number];

/** One for each path, since a memory is large; its probes end with the test. */
const rigs = new Map<string, { rig: PathRig; trace: number }>();

function openOut({ family, protocol }: Path, payloadBytes = 32): Out {
  const name = `${protocol}${family}`;
  const made = rigs.get(name) ?? { rig: openPaths({ probeTimeoutMs: 60_000 }), trace: -1 };
  if (made.trace === -1) made.trace = openPath(made.rig, family, protocol);
  rigs.set(name, made);
  const { rig, trace } = made;
  return { rig, packet: rig.probe(trace, { ttl: 3, flow: 6, tag: 41, payloadBytes }) };
}

/** What an error about a new probe is counted as. */
function judge(path: Path, wish: ErrorWish): string[] {
  const { rig, packet } = openOut(path);
  return rig.take(path.family, { bytes: errorOf(packet, wish), source: ROUTERS[path.family] });
}

/** The outcome of an error about a new probe. */
function outcomeOf(path: Path, wish: ErrorWish, payloadBytes = 32): ProbeOutcome {
  const { rig, packet } = openOut(path, payloadBytes);
  const arrival = { delayNs: 2_000_000n, bytes: errorOf(packet, wish) };
  rig.transport.inject(path.family, { ...arrival, source: ROUTERS[path.family] });
  rig.clock.advanceMs(2);
  rig.engine.tick(0);
  const [outcome, ...more] = rig.outcomes();
  if (outcome === undefined) throw new Error('there is no outcome');
  assert.is(more.length, 0);
  return outcome;
}

/** Sets bytes of the quote from `at` on; from behind the IP header where `isInner`. */
function set(path: Path, at: number, bytes: readonly number[], isInner = false) {
  const from = at + (isInner ? headerOf(path) : 0);
  return (quote: Uint8Array) => quote.set(bytes, from);
}

function headerOf({ family }: Path): number {
  return family === 4 ? 20 : 40;
}

/** What a translator between us and the router may have left in the IP header that comes back. */
function translations(path: Path): [string, (quote: Uint8Array) => void][] {
  if (path.family === 6) {
    return [
      ['another source', set(path, 8, [0xfd, 0xaa])],
      ['another hop limit', set(path, 7, [0])],
      ['another class and label', set(path, 0, [0x6b, 0x8c, 1, 2])],
      ['another length', set(path, 4, [0x05, 0xdc])],
    ];
  }
  return [
    ['another source', set(path, 12, [10, 0, 0, 7])],
    ['another identification', set(path, 4, [0xbe, 0xef])],
    ['another TTL', set(path, 8, [250])],
    ['another length', set(path, 2, [0, 20])],
    ['another TOS', set(path, 1, [0xb8])],
    ['a wrong checksum', set(path, 10, [0xff, 0x01])],
    ['DF, and an offset', set(path, 6, [0x5f, 0xff])],
  ];
}

/** Labels behind a quote that was cut to `quotedBytes`. */
function labelled(objects: Uint8Array[], wish: ErrorWish = {}): ErrorWish {
  return { quotedBytes: 28, objects, ...wish };
}

function numbers({ labels }: ProbeOutcome): number[] {
  return labels.map(({ label }) => label);
}

suite('wasm/quote', ({ test }) => {
  for (const path of PATHS) {
    const { family, protocol } = path;
    const name = `${protocol} over IPv${family}`;

    test(`${name}: is known by a whole quote, by eight bytes, and by eight filled up`, () => {
      const wishes: ErrorWish[] = [
        {},
        { quotedBytes: 8 },
        { quotedBytes: 8, paddedTo: 128 },
        { quotedBytes: 8, paddedTo: 548 },
        { quotedBytes: 8, paddedTo: 128, told: 128 },
        { quotedBytes: 8, objects: [stackOf(1)] },
        { quotedBytes: 20 },
        { quotedBytes: 24 },
      ];
      for (const wish of wishes) {
        const outcome = outcomeOf(path, wish);
        const { kind, ttl, flow, tag, rttNs, quality, address } = outcome;
        assert.equal([kind, ttl, flow, tag], ['error', 3, 6, 41], JSON.stringify(wish));
        assert.equal([rttNs, quality], [2_000_000, 'kernel']);
        assert.equal(address, ROUTERS[family]);
        assert.equal([outcome.answerTtl, outcome.quotedTtl, outcome.mtu], [57, 1, null]);
        assert.is(outcome.info, family === 4 ? 11 * 256 : 3 * 256);
      }
    });

    test(`${name}: is known though the quoted header was translated`, () => {
      for (const [says, translate] of translations(path)) {
        for (const quotedBytes of [8, 24]) {
          assert.equal(
            judge(path, { translate, quotedBytes }),
            ['error'],
            `${says}: ${quotedBytes}`,
          );
        }
      }
    });

    test(`${name}: is known by another destination only where more proves it`, () => {
      const translate = set(path, family === 4 ? 16 : 24, [172, 16, 0, 1]);
      // Sixteen bits of TCP's sequence number are of the cookie.
      const alone = protocol === 'tcp' ? ['error'] : ['address'];

      assert.equal(judge(path, { translate }), ['error']);
      assert.equal(judge(path, { translate, quotedBytes: 8 }), alone);
      assert.equal(judge(path, { translate, quotedBytes: 8, paddedTo: 128 }), alone);
    });

    test(`${name}: is known by another number on the wire only where the cookie proves it`, () => {
      const at = protocol === 'tcp' ? 4 : 6;
      const translate = (quote: Uint8Array) => {
        const place = headerOf(path) + at;
        quote[place] = (quote[place] ?? 0) ^ 0x40;
      };
      const alone = protocol === 'tcp' ? ['cookie'] : ['stale'];

      assert.equal(judge(path, { translate }), protocol === 'tcp' ? alone : ['error']);
      assert.equal(judge(path, { translate, quotedBytes: 8 }), alone);
    });

    test(`${name}: is not looked for in less than eight bytes, or in no whole header`, () => {
      for (let quotedBytes = 0; quotedBytes < 8; quotedBytes++) {
        assert.equal(judge(path, { quotedBytes }), ['malformed'], `${quotedBytes} bytes`);
      }
      const { rig, packet } = openOut(path);
      const whole = errorOf(packet, { quotedBytes: 0 });
      for (let length = 8; length < whole.length; length++) {
        const raw = errorOf(packet, { quotedBytes: 0 }).subarray(0, length);
        const kind = family === 4 ? 44 : 6;
        const what = rig.take(family, { raw: resummed(raw, family), kind });
        assert.equal(what, ['malformed'], `${length} bytes`);
      }
    });

    test(`${name}: brings its labels wherever they stand`, () => {
      const stack = [stackOf(2)];
      for (const wish of [
        labelled(stack),
        labelled(stack, { sum: 'none' }),
        // Routers older than RFC 4884 tell no length, and begin at 128 bytes.
        labelled(stack, { told: 0 }),
        labelled(stack, { quotedBytes: 8 }),
        labelled(stack, { paddedTo: 160 }),
        labelled([objectOf(2, 1, new Uint8Array(8)), ...stack]),
        labelled([objectOf(1, 2, new Uint8Array(4)), objectOf(1, 1, new Uint8Array(0)), ...stack]),
        // The first stack is what the packet came in with.
        labelled([...stack, stackOf(3, 900)]),
      ]) {
        const outcome = outcomeOf(path, wish);
        assert.equal(outcome.labels, [
          { label: 100, trafficClass: 0, ttl: 1 },
          { label: 101, trafficClass: 1, ttl: 2 },
        ]);
        assert.is(outcome.kind, 'error');
      }
    });

    test(`${name}: has no labels where the extension is none, and is known all the same`, () => {
      const stack = [stackOf(2)];
      for (const [says, wish] of [
        ['a wrong checksum', labelled(stack, { sum: 'wrong' })],
        ['another version', labelled(stack, { version: 1 })],
        ['another version', labelled(stack, { version: 3 })],
        ['a length that is too small', labelled(stack, { told: 64 })],
        ['an object of length 0', labelled([objectOf(1, 1, new Uint8Array(8), 0), ...stack])],
        ['an object of length 3', labelled([objectOf(1, 1, new Uint8Array(8), 3), ...stack])],
        ['an object beyond the end', labelled([objectOf(1, 1, new Uint8Array(8), 13)])],
        [
          'an object far beyond it',
          labelled([objectOf(9, 9, new Uint8Array(8), 65_535), ...stack]),
        ],
        ['no object', labelled([])],
        ['half an object', labelled([Uint8Array.of(0, 8)])],
        ['half an entry', labelled([objectOf(1, 1, Uint8Array.of(1, 2, 3))])],
        ['an unknown class', labelled([objectOf(3, 1, new Uint8Array(8))])],
      ] as const) {
        const outcome = outcomeOf(path, wish);
        assert.equal([outcome.kind, outcome.labels], ['error', []], says);
      }
    });

    test(`${name}: keeps eight labels, and the last that is whole`, () => {
      for (const [count, kept] of [
        [1, 1],
        [MPLS_MAX, MPLS_MAX],
        [MPLS_MAX + 1, MPLS_MAX],
        [60, MPLS_MAX],
      ] as const) {
        const expected = Array.from({ length: kept }, (_, i) => 100 + i);
        assert.equal(numbers(outcomeOf(path, labelled([stackOf(count)]))), expected);
      }
      const stack = stackOf(3).subarray(4);
      const cut = objectOf(1, 1, stack.subarray(0, 11));
      assert.equal(numbers(outcomeOf(path, labelled([cut]))), [100, 101]);
    });
  }

  for (const path of PATHS.filter(({ protocol }) => protocol !== 'icmp')) {
    const { family, protocol } = path;
    test(`${protocol} over IPv${family}: is known by other ports only where more proves it`, () => {
      const port = (number: number, at = 0) => set(path, at, [number >> 8, number & 0xff], true);
      const alone = protocol === 'tcp' ? ['error'] : ['address'];
      const moved = port(PORT + 7);
      assert.equal(judge(path, { translate: moved }), ['error']);
      assert.equal(judge(path, { translate: moved, quotedBytes: 8 }), alone);
      const toOther = port(4000, 2);
      assert.equal(judge(path, { translate: toOther }), ['error']);
      assert.equal(judge(path, { translate: toOther, quotedBytes: 8 }), alone);
      for (const stranger of [PORT - 1, PORT + FLOWS_MAX, 0, 65_535]) {
        const translate = port(stranger);
        assert.equal(judge(path, { translate, quotedBytes: 8 }), ['foreign'], `${stranger}`);
        const whole = protocol === 'tcp' ? ['foreign'] : ['error'];
        assert.equal(judge(path, { translate, quotedBytes: 24 }), whole, `${stranger}`);
      }
    });
  }

  for (const family of [4, 6] as const) {
    const path = { family, protocol: 'icmp' } as const;
    test(`icmp over IPv${family}: has another identifier only where more proves it`, () => {
      for (const identifier of [0x4a1f, 0x4a31, 0x4a3f, 0xffff]) {
        const translate = set(path, 4, [identifier >> 8, identifier & 0xff], true);
        assert.equal(judge(path, { translate }), ['error'], `${identifier}`);
        assert.equal(judge(path, { translate, quotedBytes: 8 }), ['foreign'], `${identifier}`);
      }
      const asReply = set(path, 0, [family === 4 ? 0 : 129], true);
      assert.equal(judge(path, { translate: asReply }), ['foreign']);
    });

    test(`IPv${family}: quotes a protocol that paths are traced by`, () => {
      for (const protocol of [0, 2, 41, 47, 50, 132, family === 4 ? 58 : 1]) {
        const translate = set(path, family === 4 ? 9 : 6, [protocol]);
        assert.equal(judge(path, { translate }), ['foreign'], `${protocol}`);
      }
      const version = set(path, 0, [family === 4 ? 0x65 : 0x45]);
      assert.equal(judge(path, { translate: version }), ['malformed']);
    });

    test(`IPv${family}: says with every type what was wrong, and nothing with others`, () => {
      const known = family === 4 ? [3, 11, 12] : [1, 2, 3, 4];
      for (let type = 0; type < 256; type++) {
        // An echo reply is no error; what it carries here is none of ours.
        if (type === (family === 4 ? 0 : 129)) continue;
        if (known.includes(type)) {
          assert.is(outcomeOf(path, { type, code: 13 }).info, type * 256 + 13);
        } else {
          assert.equal(judge(path, { type }), ['foreign'], `type ${type}`);
        }
      }
    });
  }

  test('skips the options of a quoted IPv4 header, and believes no length of it', () => {
    for (const path of PATHS.filter(({ family }) => family === 4)) {
      const withOptions = (first: number) => {
        const { rig, packet } = openOut(path);
        const plain = errorOf(packet);
        const quote = [first, ...plain.subarray(9, 28), 1, 1, 1, 1, ...plain.subarray(28)];
        const bytes = resummed(Uint8Array.from([...plain.subarray(0, 8), ...quote]), 4);
        return rig.take(4, { bytes, source: ROUTERS[4] });
      };
      assert.equal(withOptions(0x46), ['error']);
      assert.equal(withOptions(0x44), ['malformed']);
      assert.equal(withOptions(0x4f), ['malformed']);
    }
  });

  test('brings the MTU of the next link', () => {
    for (const path of PATHS) {
      const tooBig = path.family === 4 ? { type: 3, code: 4 } : { type: 2, code: 0 };
      for (const [told, mtu] of [
        [1280, 1280],
        [1500, 1500],
        [1, 1],
        [0xffff, 0xffff],
        // Routers older than RFC 1191 leave it out.
        [0, null],
      ] as const) {
        const outcome = outcomeOf(path, { ...tooBig, word: told });
        assert.equal([outcome.info, outcome.mtu], [tooBig.type * 256 + tooBig.code, mtu]);
      }
      const other = path.family === 4 ? { type: 3, code: 3 } : { type: 1, code: 4 };
      assert.is(outcomeOf(path, { ...other, word: 1280 }).mtu, null);
    }
    const six = { family: 6, protocol: 'udp' } as const;
    assert.is(outcomeOf(six, { type: 2, word: 0x1234_5678 }).mtu, 65_535);
    // A pointer is no length (RFC 4443 §3.4), nor is an MTU: the labels then stand at 128 bytes.
    const pointer = labelled([stackOf(1)], { type: 4, code: 0, told: 0, word: 0x0600_0000 });
    assert.equal(numbers(outcomeOf(six, pointer)), [100]);
  });

  test('believes a length up to the end, and takes a larger one for none', () => {
    for (const path of PATHS) {
      const unit = path.family === 4 ? 4 : 8;
      for (let told = unit; told <= 255 * unit; told += unit) {
        const what = judge(path, { told });
        // Less than headers of both protocols can no longer be a quote; it may be one of old.
        assert.equal(what, ['error'], `${told} told`);
      }
    }
  });

  test('never finds labels in what it quotes, whatever its size', () => {
    for (const path of PATHS) {
      for (let payload = 60; payload < 400; payload += 1) {
        if (path.protocol === 'tcp' && payload > 60) break;
        assert.equal(numbers(outcomeOf(path, {}, payload)), [], `${payload} bytes`);
      }
    }
  });

  test('takes an error from the queue of a ping socket, with no more than it tells', () => {
    for (const family of [4, 6] as const) {
      const raw = (packet: SentPacket) => packet.bytes;
      const kind = family === 4 ? 54 : 56;
      const [type, code] = family === 4 ? [3, 4] : [2, 0];
      for (const [errorType, errorCode, errorMtu, mtu] of [
        [type, code, 1400, 1400],
        [type, code, 0, null],
        [type, code, 100_000, 65_535],
        // Whatever stood there in other errors: a length of RFC 4884, a pointer.
        [family === 4 ? 11 : 3, 0, 0x1000_0000, null],
        [family === 4 ? 12 : 4, 0, 6, null],
      ] as const) {
        const { rig, packet } = openOut({ family, protocol: 'icmp' });
        const told = { errorType, errorCode, errorMtu };
        rig.transport.inject(family, { delayNs: 0n, raw: raw(packet), kind, ...told });
        rig.engine.tick(0);
        const [outcome] = rig.outcomes();
        assert.equal([outcome?.kind, outcome?.tag], ['error', 41]);
        assert.equal([outcome?.info, outcome?.mtu], [errorType * 256 + errorCode, mtu]);
        assert.equal([outcome?.quotedTtl, outcome?.labels], [null, []]);
      }
    }
  });

  test('knows what the error queue quotes by eight bytes, for the kernel found the socket', () => {
    for (const family of [4, 6] as const) {
      const { rig, packet } = openOut({ family, protocol: 'icmp' });
      const kind = family === 4 ? 54 : 56;
      const other = packet.bytes.slice(0, 8);
      other[6] = (other[6] ?? 0) ^ 0x40;
      assert.equal(rig.take(family, { raw: other, kind }), ['stale']);
      assert.equal(rig.take(family, { raw: packet.bytes.slice(0, 7), kind }), ['malformed']);
      const source = addressOf(family, 9);
      assert.equal(rig.take(family, { raw: packet.bytes.slice(0, 8), kind, source }), ['error']);
    }
  });
});

/** The checksum made right again, of ICMP over IPv4. */
function resummed(message: Uint8Array, family: 4 | 6): Uint8Array {
  return family === 4 ? withChecksum(message) : message;
}
