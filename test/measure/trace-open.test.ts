import { equal, is, match, throws } from 'uvu/assert';
import { type Address, parseAddress } from '../../src/core/address.ts';
import { openPath, type PathSpec, PORTS } from '../../src/measure/trace-open.ts';
import { Tracer } from '../../src/measure/tracer.ts';
import { openRig, silence } from '../fake/rig.ts';
import { suite } from '../helper.ts';

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${text} is no address`);
  return address;
}

function openBench() {
  const rig = openRig(silence);
  const pace = { packetsPerSecond: null, answersPerSecond: null, monoMs: () => 0 };
  const tracer = new Tracer(rig.engine, pace);
  return {
    ...rig,
    open(host: string, part: Partial<PathSpec> = {}) {
      const plain = { protocol: 'icmp', port: null, tos: 0, source: null, device: null } as const;
      return openPath(rig.engine, tracer, { ...plain, address: addressOf(host), ...part });
    },
    send(trace: number) {
      tracer.ask({
        trace,
        ttl: 3,
        flow: 1,
        payloadBytes: 32,
        dontFragment: false,
        likely: null,
        onOutcome: () => undefined,
        onBatch: () => undefined,
      });
      rig.run(20);
      return rig.transport.sent.at(-1);
    },
  };
}

suite('measure/trace-open', (s) => {
  for (const protocol of ['icmp', 'udp', 'tcp'] as const) {
    s.test(`opens paths of both families by ${protocol}, that can be probed`, () => {
      for (const [host, family] of [
        ['198.51.100.1', 'v4'],
        ['2001:db8::1', 'v6'],
      ] as const) {
        const bench = openBench();

        const opened = bench.open(host, { protocol });
        if (!opened.ok) throw new Error(opened.reason);
        const sent = bench.send(opened.path.trace);

        equal([opened.path.family, opened.path.protocol, opened.path.ip], [family, protocol, host]);
        equal([sent?.protocol, sent?.ttl], [protocol, 3]);
        if (protocol !== 'icmp') {
          const view = new DataView(
            sent?.bytes.buffer ?? new ArrayBuffer(4),
            sent?.bytes.byteOffset,
          );
          is(view.getUint16(2), PORTS[protocol]);
        }
      }
    });
  }

  s.test('a zone is an interface, and is no part of what answers', () => {
    const opened = openBench().open('fe80::1%lo');

    is(opened.ok && opened.path.ip, 'fe80::1');
  });

  s.test('says what is wrong with an interface or a source', () => {
    const bench = openBench();
    for (const [part, reason] of [
      [{ device: 'nope0' }, /there is no interface nope0/],
      [{ source: '2001:db8::9' }, /its source 2001:db8::9 is no address of the same family/],
      [{ source: 'eth0' }, /its source eth0 is no address/],
    ] as const) {
      const opened = bench.open('198.51.100.1', part);

      is(opened.ok, false);
      match(opened.ok ? '' : opened.reason, reason);
    }
  });

  s.test('a target without a route is told so, a protocol without a socket is an error', () => {
    const bench = openBench();
    Object.assign(bench.engine.transport, { sourceOf: () => 101 });
    const opened = bench.open('198.51.100.1', { protocol: 'tcp' });
    Object.assign(bench.engine.transport, { protocols: ['icmp'] });

    match(opened.ok ? '' : opened.reason, /no route \(ENETUNREACH\)/);
    throws(() => bench.open('198.51.100.1', { protocol: 'tcp' }), /without a raw socket/);
  });
});
