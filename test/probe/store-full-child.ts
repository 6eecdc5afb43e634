import { appendFileSync, rmSync, statfsSync } from 'node:fs';
import { openStore } from '../../src/probe/store/store.ts';
import { fakeEvent, fakeRound, ROUND_MS, START_MS } from '../fake/rounds.ts';

// Runs on a file system of 4 MiB of its own: fills it by rounds, then by a foreign file that takes
// what the store gives up, then makes room again, and prints what became of the store after each
// step.

const directory = `${process.argv[2]}/rounds`;
const filler = `${process.argv[2]}/filler`;
const store = await openStore(directory, {
  keepMs: 1e15,
  bytesMax: 64 * 1_048_576,
  nowMs: () => START_MS,
});
let next = 0;

async function write(rounds: number, before = () => undefined): Promise<string | null> {
  let failure: string | null = null;
  for (let step = 0; step < rounds; step++) {
    store.appendRound(fakeRound(next++));
    if (step % 500 !== 499) continue;
    before();
    await store.flush().catch((error) => (failure = error.message));
  }
  return failure;
}

async function report(step: string, failure: string | null): Promise<void> {
  const rounds = await store.rounds({});
  const isWhole = rounds.every(
    (round, index) => round.sequence === (rounds[0]?.sequence ?? 0) + index,
  );
  const { errors, lastError, oldestMs } = store.stats();
  const first = ((oldestMs ?? 0) - START_MS) / ROUND_MS;
  const told = {
    step,
    failure,
    next,
    first,
    last: rounds.at(-1)?.sequence,
    isWhole,
    errors,
    lastError,
  };
  process.stdout.write(`${JSON.stringify({ ...told, open: store.openEvents().length })}\n`);
}

/** Somebody else takes whatever room there is. */
function fill(): undefined {
  const { bavail, bsize } = statfsSync(directory);
  appendFileSync(filler, new Uint8Array(bavail * bsize));
}

store.appendEvent(fakeEvent('long'));
await report('full of rounds', await write(80_000));
await report('full of others', await write(10_000, fill));
rmSync(filler);
await report('room again', await write(1000));
await store.close();
