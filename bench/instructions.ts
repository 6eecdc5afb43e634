// How many instructions of aarch64 the hot path takes, and a start of the daemon (README.md,
// instructions): counted under qemu, as a Cortex-A53 would run them, by a plugin of ours. What the
// hardware makes of an instruction it does not say; times for a board are an estimate.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { INBOX_MAX } from '../src/engine/limits.ts';
import { scratchFile } from '../test/lab/namespace.ts';
import { openNamespace, requireLab } from '../test/lab/net.ts';
import { ROOT } from '../test/native/copy.ts';
import { type Guest, missingGuest, openGuest } from '../test/native/guest.ts';
import { RECORDS } from './fold.ts';
import { absent, type Row, type RunOptions } from './row.ts';
import { median } from './statistics.ts';
import { figure } from './table.ts';

export const name = 'instructions';
export const goal = 'known for aarch64: a sample folded, a value recorded, a start';

const CHILD = 'bench/instructions-child.ts';
/** The one with plugins: Debian's static one cannot load any. */
const EMULATOR = 'qemu-aarch64';
const GETPPID = 173;
const SENDMMSG = 269;
const CHILD_MS_MAX = 120_000;
const START_MS_MAX = 120_000;
/** NanoPi R2S, RK3328; an in-order core that waits for its memory now and then. */
const BOARD_HZ = 1.3e9;
const PER_CYCLE = [0.5, 1] as const;

interface Mark {
  number: number;
  main: number;
  all: number;
}

export async function run({ say }: RunOptions): Promise<Row[]> {
  const missing = requireLab() ?? missingGuest(EMULATOR);
  if (missing !== null) return [absent('instructions on aarch64', goal, missing)];
  const plugin = (...marks: number[]) =>
    [`${ROOT}build/lab/count`, ...marks.map((number) => `mark=${number}`)].join(',');
  const emulator = (...marks: number[]) => [
    ...[EMULATOR, '-cpu', 'cortex-a53', '-plugin', plugin(...marks)],
  ];
  const guest = openGuest([CHILD], emulator(GETPPID));
  try {
    say('instructions: fold and record');
    const steps = countSteps(guest);
    say('instructions: start');
    const first = await countStart([...emulator(SENDMMSG), ...guest.node.slice(5)]);
    return toRows(steps, first);
  } finally {
    guest.remove();
  }
}

interface Steps {
  fold: number[];
  record: number[];
}

/** Pairs of marks: twenty folds, twenty records, twenty times nothing. */
function countSteps(guest: Guest): Steps {
  const [command = '', ...args] = [...guest.node, guest.path(CHILD)];
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: CHILD_MS_MAX });
  const marks = marksOf(stderr).filter(({ number }) => number === GETPPID);
  if (status !== 0 || marks.length !== 120) {
    throw new Error(`${marks.length} marks, code ${status}: ${stderr.slice(-500)}`);
  }
  const spans = marks.flatMap(({ main }, i) =>
    i % 2 === 0 ? [] : [main - (marks[i - 1]?.main ?? 0)],
  );
  const nothing = median(spans.slice(40));
  return {
    fold: spans.slice(0, 20).map((span) => (span - nothing) / INBOX_MAX),
    record: spans.slice(20, 40).map((span) => (span - nothing) / RECORDS),
  };
}

/** Until the first echo is handed to the kernel. */
async function countStart(node: readonly string[]): Promise<Mark> {
  const lab = await openNamespace();
  try {
    const config = scratchFile('json');
    const smokeping = { targets: ['127.0.0.1', '::1'] };
    const document = { schema: 1, listen: { port: 0 }, measurements: { smokeping } };
    writeFileSync(config, JSON.stringify(document));
    const places = ['--state', scratchFile('state'), '--run', scratchFile('run')];
    const [command = '', ...args] = [...node, `${ROOT}dist/main.js`, 'probe', '--config', config];
    const daemon = lab.spawn(command, [...args, ...places]);
    await daemon.waitFor(`mark ${SENDMMSG} `, START_MS_MAX);
    await daemon.stop('SIGKILL');
    const [first] = marksOf(daemon.output().stderr);
    if (first === undefined) throw new Error('the mark is not whole');
    return first;
  } finally {
    await lab.close();
  }
}

function marksOf(text: string): Mark[] {
  return [...text.matchAll(/^mark (\d+) main=(\d+) all=(\d+)$/gm)].map(([, number, main, all]) => ({
    number: Number(number),
    main: Number(main),
    all: Number(all),
  }));
}

function toRows(steps: Steps, start: Mark): Row[] {
  const seconds = PER_CYCLE.map((per) => figure(start.main / per / BOARD_HZ)).reverse();
  const millions = figure(start.main / 1e6);
  const row = { goal: 'known', peers: '–', verdict: 'info' } as const;
  return [
    {
      ...row,
      what: 'aarch64: one sample folded, in a batch of 64',
      flint: `${figure(median(steps.fold))} instructions`,
      figures: steps,
    },
    {
      ...row,
      what: `aarch64: histogram record, in a batch of ${RECORDS}`,
      flint: `${figure(median(steps.record))} instructions`,
    },
    {
      ...row,
      what: 'aarch64: exec to the first echo',
      flint:
        `${millions} million instructions (all threads ${figure(start.all / 1e6)}); ` +
        `on an R2S some ${seconds.join(' to ')} s, estimated`,
      figures: start,
    },
  ];
}
