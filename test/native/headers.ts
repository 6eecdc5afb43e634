// The IP headers of echo requests, as tcpdump words them: what capture.ts does not keep.
import type { Namespace } from '../lab/net.ts';

export interface Header {
  source: string;
  destination: string;
  ttl: number;
  tos: number;
  /** IPv4 only. */
  hasDf: boolean;
}

const V4 = /IP \((tos .*)\)\n\s+(\S+) > (\S+): ICMP echo request/g;
const V6 = /IP6 \((.*)\) (\S+) > (\S+): .*ICMP6, echo request/g;
const FILTER = 'icmp[icmptype] == 8 or (icmp6 and ip6[40] == 128)';

/** Headers of the echo requests that pass the device while `run` runs; waits for `count`. */
export async function headersOf(
  place: { namespace: Namespace; device: string },
  count: number,
  run: () => Promise<unknown>,
): Promise<Header[]> {
  const words = ['-i', place.device, '-n', '-v', '-l', '-U', '--immediate-mode', FILTER];
  const tcpdump = place.namespace.spawn('tcpdump', words);
  await tcpdump.waitFor('listening on');
  await run();
  const untilMs = Date.now() + 3000;
  for (;;) {
    const headers = parse(tcpdump.output().stdout);
    if (headers.length >= count || Date.now() > untilMs) {
      await tcpdump.stop('SIGINT');
      return headers;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function parse(text: string): Header[] {
  return [...text.matchAll(V4), ...text.matchAll(V6)].map(([, fields, source, destination]) => ({
    source: source ?? '',
    destination: destination ?? '',
    ttl: Number(/(?:ttl|hlim) (\d+)/.exec(fields ?? '')?.[1]),
    tos: Number(/(?:tos|class) (0x[0-9a-f]+)/.exec(fields ?? '')?.[1] ?? 0),
    hasDf: /flags \[DF\]/.test(fields ?? ''),
  }));
}
