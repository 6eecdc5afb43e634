// Every packet that is nobody's answer is counted under one reason, and changes nothing else.
import * as assert from 'uvu/assert';
import { ALIEN_REASONS } from '../../src/engine/engine.ts';
import { errorOf } from '../fake/icmp-error.ts';
import { openPath, openPaths, type PathRig, ROUTERS } from '../fake/paths.ts';
import { replyTo, type SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

type Reason = (typeof ALIEN_REASONS)[number];

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = value;
  return changed;
}

/** A packet for each reason, about a probe by ICMPv4. */
const PACKETS: Readonly<Record<Reason, (packet: SentPacket) => Uint8Array>> = {
  malformed: (packet) => errorOf(packet, { quotedBytes: 4 }),
  checksum: (packet) => withByte(errorOf(packet), 2, 0),
  foreign: (packet) => errorOf(packet, { type: 5 }),
  cookie: (packet) => errorOf({ ...packet, bytes: withByte(packet.bytes, 20, 0x33) }),
  stale: (packet) =>
    errorOf({ ...packet, bytes: withByte(packet.bytes, 6, 0xe0) }, { quotedBytes: 8 }),
  address: (packet) =>
    errorOf(packet, { quotedBytes: 8, translate: (quote) => quote.set([10, 9, 8, 7], 16) }),
};

function send(rig: PathRig, bytes: Uint8Array): void {
  rig.transport.inject(4, { delayNs: 0n, bytes, source: ROUTERS[4] });
  rig.engine.tick(0);
}

suite('wasm/alien', ({ test }) => {
  test('counts each reason under its name, each packet once', () => {
    const rig = openPaths();
    const packet = rig.probe(openPath(rig, 4, 'icmp'));
    ALIEN_REASONS.forEach((reason, i) => {
      for (let n = 0; n <= i; n++) send(rig, PACKETS[reason](packet));
    });

    const expected = ALIEN_REASONS.map((reason, i) => [reason, i + 1]);
    assert.equal(rig.engine.figures().alien, Object.fromEntries(expected));
    assert.equal(rig.outcomes(), []);
    assert.is(rig.hot.call.inflightCount(), 1);
    send(rig, errorOf(packet));
    assert.equal(rig.engine.figures().alien, Object.fromEntries(expected));
    assert.is(rig.outcomes().length, 1);
  });

  test('begins at nothing when all is configured anew', () => {
    const rig = openPaths();
    const packet = rig.probe(openPath(rig, 4, 'icmp'));
    for (const reason of ALIEN_REASONS) send(rig, PACKETS[reason](packet));
    rig.hot.call.configure(0x4a20, 4096, 30e9, 5e9, 0);

    assert.equal(Object.values(rig.engine.figures().alien), [0, 0, 0, 0, 0, 0]);
  });

  test('has no reason for what is an answer, even the second time', () => {
    const rig = openPaths();
    const packet = rig.probe(openPath(rig, 4, 'icmp'));
    rig.transport.inject(4, { delayNs: 0n, bytes: replyTo(packet), source: packet.destination });
    rig.engine.tick(0);
    send(rig, errorOf(packet));

    assert.equal(Object.values(rig.engine.figures().alien), [0, 0, 0, 0, 0, 0]);
    assert.equal(
      rig.outcomes().map(({ kind }) => kind),
      ['echo'],
    );
  });
});
