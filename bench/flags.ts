// What V8's flags do to daemon and agent of a board (README.md, flags): those of the units are the
// ones that were chosen by this table.
import { join } from 'node:path';
import { missingFleetLab, openFleetLab, TARGETS } from '../test/fleet/lab.ts';
import type { LabBoard } from '../test/fleet/lab-board.ts';
import { sleep } from '../test/lab/net.ts';
import { flagsOf } from './board.ts';
import { MAIN } from './daemon.ts';
import { absent, type Length, type Row, type RunOptions } from './row.ts';
import { figure } from './table.ts';
import { cpuSeconds, readMemory } from './usage.ts';

export const name = 'flags';
export const goal = 'the least memory that costs no processor time worth speaking of';

const LIFE_MS: Record<Length, number> = { quick: 15_000, normal: 90_000, long: 600_000 };

const YOUNG = '--max-semi-space-size=1';
const SMALL = '--optimize-for-size';
const THREADS = ['--v8-pool-size=1', '--single-threaded-gc'];

/** The last one is the unit's. Without a compiler (`--lite-mode`) there is no WebAssembly. */
const VARIANTS: Record<Program, readonly (readonly string[])[]> = {
  probe: [[], [YOUNG], [YOUNG, SMALL], [YOUNG, SMALL, ...THREADS], flagsOf('flint-probe.service')],
  agent: [
    ...[[], [YOUNG], [YOUNG, SMALL, ...THREADS], [YOUNG, SMALL, ...THREADS, '--no-opt']],
    flagsOf('flint-agent.service'),
  ],
};

type Program = 'probe' | 'agent';

export async function run({ length, say }: RunOptions): Promise<Row[]> {
  const missing = missingFleetLab();
  if (missing !== null) return [absent(name, goal, missing)];
  const lab = await openFleetLab();
  try {
    const uses = VARIANTS.agent.length;
    const claim = await lab.fleet(`claim add --label bench --uses ${uses} --for 1d`);
    await lab.saveSet([...TARGETS]);
    const rows: Row[] = [];
    for (const program of ['probe', 'agent'] as const) {
      const started = [];
      for (const flags of VARIANTS[program]) {
        const board = await lab.board({ claimToken: claim.stdout.trim() });
        if (program === 'agent') await lab.api('POST', '/api/v1/probes', { mac: board.mac });
        started.push({ flags, pid: start(board, program, flags) });
      }
      say(`flags: ${program}, ${LIFE_MS[length] / 1000} s`);
      await sleep(LIFE_MS[length]);
      for (const { flags, pid } of started) rows.push(rowOf(program, flags, pid));
    }
    return rows;
  } finally {
    await lab.close();
  }
}

function start(board: LabBoard, program: Program, flags: readonly string[]): number {
  const config = join(board.directory, `${program}.json`);
  const places = ['--config', config, '--state', board.state, '--run', board.run];
  return board.namespace.spawn(process.execPath, [...flags, MAIN, program, ...places]).pid;
}

function rowOf(program: Program, flags: readonly string[], pid: number): Row {
  const { rss, private: own } = readMemory(pid);
  const cpu = cpuSeconds(pid);
  return {
    what: `flint ${program}, ${flags.length === 0 ? 'no flags' : flags.join(' ')}`,
    goal: '–',
    flint: `RSS ${figure(rss)}, private ${figure(own)} MiB, CPU ${cpu.toFixed(2)} s`,
    peers: '–',
    verdict: 'info',
    figures: { rss, own, cpu },
  };
}
