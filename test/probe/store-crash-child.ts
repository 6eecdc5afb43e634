import { writeSync } from 'node:fs';
import { openStore } from '../../src/probe/store/store.ts';
import { fakeEvent, fakeRound, START_MS } from '../fake/rounds.ts';

// Writes to several stores at once, as fast as it can, and reports on its output the last round of
// each that is on disk, until somebody kills it.

const [, , root = '', count = '1', bytesMax = '0'] = process.argv;

async function write(index: number): Promise<void> {
  const options = { keepMs: 1e15, bytesMax: Number(bytesMax), nowMs: () => START_MS };
  const store = await openStore(`${root}/${index}`, options);
  const rounds = await store.rounds({});
  let next = (rounds.at(-1)?.sequence ?? -1) + 1;
  for (let turn = 0; ; turn++) {
    // Now and then a whole batch, which takes the kernel long enough to be torn.
    const size = turn % 8 === 7 ? 700 : 1 + ((turn * 37 + index * 11) % 90);
    for (let step = 0; step < size; step++) store.appendRound(fakeRound(next++));
    store.appendEvent(fakeEvent('last', { detail: { sequence: next - 1 } }));
    await store.flush();
    writeSync(1, `${index} ${next - 1}\n`);
  }
}

await Promise.all(Array.from({ length: Number(count) }, (_, index) => write(index)));
