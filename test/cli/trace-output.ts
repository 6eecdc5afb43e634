// Runs `flint trace --json` and reads what it prints.
import type { HopLine } from '../../src/cli/trace/lines.ts';
import type { MdaReport } from '../../src/core/mda.ts';
import type { Path } from '../../src/core/path.ts';
import type { Namespace } from '../lab/net.ts';
import { type FlintOptions, flint } from './flint.ts';

export interface PathLine extends Pick<Path, 'hops' | 'reached' | 'hash'> {
  type: 'path';
  host: string;
  ip: string;
  family: string;
  protocol: string;
  end: string;
  multipath?: MdaReport;
  mtu?: number | null;
  mtuIp?: string | null;
  mtuBlackHole?: boolean;
}

export interface TraceOutput {
  code: number | null;
  stderr: string;
  hops: HopLine[];
  paths: PathLine[];
  errors: { host: string; reason: string }[];
  /** The types of all lines, in their order. */
  types: string[];
}

export async function trace(
  place: Namespace,
  words: string,
  options: FlintOptions = {},
): Promise<TraceOutput> {
  const { code, stdout, stderr } = await flint(place, `trace --json ${words}`, options);
  return { code, stderr, ...parseTrace(stdout) };
}

export function parseTrace(
  stdout: string,
): Pick<TraceOutput, 'hops' | 'paths' | 'errors' | 'types'> {
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text));
  const of = (type: string) => lines.filter((line) => line.type === type);
  const types = lines.map(({ type }) => type as string);
  return { hops: of('hop'), paths: of('path'), errors: of('error'), types };
}

/** Who answered at each TTL. */
export function ipsOf({ hops }: Pick<TraceOutput, 'hops'>): (string | null)[] {
  return hops.map(({ ip }) => ip);
}
