// Answers to TTL-limited probes, as every kind of router and target gives them, and spoiled ones.
import { type Hot, inboxAt, packetAt } from '../../src/engine/hot.ts';
import { type ErrorWish, errorOf, objectOf, stackOf, tcpAnswer, udpAnswer } from './icmp-error.ts';
import { Mutator } from './mutator.ts';
import type { OracleShot } from './probe-oracle.ts';
import type { Random } from './random.ts';
import { replyTo, type SentPacket } from './transport.ts';

/** With the packet as it was handed over. */
export interface Shot extends OracleShot {
  packet: SentPacket;
}

const QUOTED = [8, 12, 16, 20, 24, 28, 1500, 1500] as const;
const PADDED = [0, 0, 36, 128, 132, 200] as const;
const FLAGS = [0x12, 0x14, 0x10, 0x04, 0x02, 0x19] as const;
const PATH_PROTOCOLS = ['icmp', 'udp', 'tcp'] as const;
const WAYS = 11;

export class ProbeMutator {
  readonly plain: Mutator;
  private readonly hot: Hot;
  private readonly random: Random;

  constructor(hot: Hot, random: Random) {
    this.hot = hot;
    this.random = random;
    this.plain = new Mutator(hot, random);
  }

  /** Something about `shot`: three in eight are as a well-meaning router or target made them. */
  write(index: number, shot: Shot, stampNs: bigint): void {
    const { random } = this;
    if (random.chance(0.3)) this.answer(index, shot, stampNs);
    else this.error(index, shot, stampNs);
    if (random.chance(0.6)) this.plain.damage(random.below(WAYS));
  }

  private answer(index: number, { packet }: Shot, stampNs: bigint): void {
    const { random } = this;
    const { family, destination: source } = packet;
    // Sometimes the answer to a protocol that was not asked.
    const protocol = random.chance(0.1) ? random.pick(PATH_PROTOCOLS) : packet.protocol;
    let bytes = replyTo(packet);
    if (protocol === 'udp') bytes = udpAnswer(packet, 'x'.repeat(random.below(5)));
    if (protocol === 'tcp') {
      const acknowledged = random.chance(0.9) ? 1 : random.between(-2, 70_000);
      bytes = tcpAnswer(packet, { flags: random.pick(FLAGS), acknowledged });
    }
    this.plain.message(index, { family, protocol, bytes, source }, stampNs);
  }

  private error(index: number, { packet }: Shot, stampNs: bigint): void {
    const { random } = this;
    const { family } = packet;
    const source = new Uint8Array(16);
    source.set(family === 4 ? [10, 1, 2, random.below(4)] : [0xfd, 0, 0, random.below(4)]);
    const bytes = errorOf(packet, this.wish(packet));
    this.plain.message(index, { family, protocol: 'icmp', bytes, source }, stampNs);
    if (packet.protocol === 'icmp' && random.chance(0.1)) this.queue(index, packet);
  }

  private wish(packet: SentPacket): ErrorWish {
    const { random } = this;
    const isV4 = packet.family === 4;
    const wish: ErrorWish = {
      type: isV4 ? random.pick([11, 11, 3, 12]) : random.pick([3, 3, 1, 2, 4]),
      code: random.below(6),
      quotedBytes: Math.min(random.pick(QUOTED), packet.bytes.length),
      paddedTo: random.pick(PADDED),
    };
    if (random.chance(0.3)) wish.word = random.chance(0.7) ? 1280 : random.below(2 ** 31);
    if (random.chance(0.4)) {
      wish.objects = this.objects();
      wish.sum = random.pick(['right', 'right', 'none', 'wrong']);
      if (random.chance(0.2)) wish.told = 0;
    }
    if (random.chance(0.15)) wish.told = random.below(64) * 8;
    if (random.chance(0.3)) wish.translate = (quote) => this.translate(quote, packet);
    return wish;
  }

  private objects(): Uint8Array[] {
    const { random } = this;
    return Array.from({ length: random.below(4) }, () => {
      if (random.chance(0.6)) return stackOf(random.below(11), random.below(1000));
      const told = random.chance(0.5) ? undefined : random.below(40);
      return objectOf(random.below(3), random.below(3), new Uint8Array(random.below(20)), told);
    });
  }

  /** One or two bytes of the quoted IP header, or of what stands behind it. */
  private translate(quote: Uint8Array, { family }: SentPacket): void {
    const header = family === 4 ? 20 : 40;
    for (let n = this.random.between(1, 2); n > 0; n--) {
      const at = this.random.below(Math.min(quote.length, header + 8));
      quote[at] = this.random.chance(0.5) ? this.random.below(256) : (quote[at] ?? 0) ^ 1;
    }
  }

  /** As the error queue of a ping socket has it: our own packet, as much as came back. */
  private queue(index: number, { family, bytes }: SentPacket): void {
    const { view } = this.hot;
    const record = inboxAt(this.hot, index);
    const quoted = bytes.subarray(0, this.random.pick(QUOTED));
    view.setUint32(record, family === 4 ? 54 : 56, true);
    view.setUint32(record + 4, quoted.length, true);
    view.setUint32(record + 52, this.random.pick([3, 11, 2, 1]), true);
    view.setUint32(record + 56, this.random.below(6), true);
    view.setUint32(record + 60, this.random.pick([0, 1280, 0x1000_0000]), true);
    this.hot.bytes.set(quoted, packetAt(record));
  }
}
