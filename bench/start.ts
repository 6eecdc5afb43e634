// From exec of the daemon to its first echo on the wire (README.md, start).
import { phaseMs } from '../src/measure/phase.ts';
import { capture, requireLab, sleep } from '../test/lab/net.ts';
import { missingDaemon, startDaemon } from './daemon.ts';
import { TARGETS } from './footprint.ts';
import { openPair } from './inside.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { median } from './statistics.ts';
import { figure } from './table.ts';

export const name = 'start';
export const goal = 'the first echo leaves within a second of exec';

const MS_MAX = 1000;
const STARTS: Record<Length, number> = { quick: 2, normal: 5, long: 15 };
const WAIT_MS = 5000;
const INTERVAL_MS = 1000;

export async function run({ length, say }: RunOptions): Promise<Row[]> {
  const what = `exec to the first echo, median of ${STARTS[length]}`;
  const text = `≤ ${figure(MS_MAX)} ms`;
  const missing = requireLab('tcpdump') ?? missingDaemon();
  if (missing !== null) return [absent(what, text, missing)];
  const pair = await openPair();
  try {
    const spent: number[] = [];
    for (let i = 0; i < STARTS[length]; i++) {
      say(`start: ${i + 1} of ${STARTS[length]}`);
      spent.push(await startOnce(pair));
    }
    const ms = median(spent);
    return [
      {
        what,
        goal: text,
        flint: `${figure(ms)} ms, ${figure(firstPhaseMs())} of them the first target’s own phase`,
        peers: '–',
        verdict: judge(ms <= MS_MAX),
        figures: { ms: spent },
      },
    ];
  } finally {
    await pair.close();
  }
}

/** ms from before the fork to the first echo request in the capture. */
async function startOnce(pair: Awaited<ReturnType<typeof openPair>>): Promise<number> {
  const watched = await capture(pair.near, pair.device);
  const startMs = Date.now();
  const daemon = startDaemon(pair.near, { targets: TARGETS });
  try {
    await daemon.process.waitFor('measuring', WAIT_MS);
    await sleep(INTERVAL_MS);
    const packets = await watched.stop();
    const first = packets.find(({ kind }) => kind === 'request');
    if (first === undefined) throw new Error('it sent no echo');
    return Number(first.timeNs / 1000n) / 1000 - startMs;
  } finally {
    await daemon.close();
  }
}

/** Echoes are spread over the interval by a hash of the target: the first has to wait, too. */
function firstPhaseMs(): number {
  const phases = TARGETS.map((host) =>
    phaseMs(host.replaceAll(':', '_'), host.includes(':') ? 'v6' : 'v4', INTERVAL_MS),
  );
  return Math.min(...phases);
}
