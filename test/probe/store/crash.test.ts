import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Round } from '../../../src/core/round.ts';
import { fakeRound } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory, withStore } from '../store-place.ts';

// One child writes to twenty stores at once: a kill hits each of them at a moment of its own.
const STORES = 20;
const KILLS = 10;
const BYTES_MAX = 524_288;
const CHILD = new URL('../store-crash-child.ts', import.meta.url).pathname;

suite('probe/store/store under kill -9', ({ test }) => {
  test(
    `keeps all that was flushed, once and in order, at ${STORES * KILLS} random moments`,
    () =>
      inDirectory(async (directory) => {
        let torn = 0;
        const seen = new Array<number>(STORES).fill(-1);
        const told = new Array<number>(STORES).fill(-1);
        for (let kill = 0; kill < KILLS; kill++) {
          const reported = await killedChild(directory, 50 + Math.random() * 400);
          for (let index = 0; index < STORES; index++) {
            const event = Math.max(reported[index] ?? -1, told[index] ?? -1);
            const round = Math.max(event, seen[index] ?? -1);
            const found = await check(join(directory, String(index)), { round, event });
            torn += found.torn;
            told[index] = event;
            seen[index] = found.last;
          }
        }
        const range = `${Math.min(...seen)} to ${Math.max(...seen)}`;
        process.stdout.write(`  ${range} rounds a store, ${torn} torn tails\n`);
        assert.ok(Math.min(...seen) > 1000, 'the child wrote too little to mean anything');
      }),
    60_000,
  );
});

/** `least`: what must be there, the last round seen so far and the last that was reported. */
async function check(directory: string, least: { round: number; event: number }) {
  return withStore(
    directory,
    async (store) => {
      const rounds: Round[] = await store.rounds({});
      const first = rounds[0]?.sequence ?? 0;
      const last = first + rounds.length - 1;
      for (const [index, round] of rounds.entries()) assert.is(round.sequence, first + index);
      if (rounds.length > 0) assert.equal(rounds.at(-1), fakeRound(last));
      assert.ok(last >= least.round, `round ${least.round} was there, the last is ${last}`);
      if (last > 6000) assert.ok(rounds.length > 3000, 'old rounds are kept up to the bound');

      const [event] = store.openEvents();
      const told = Number(event?.detail['sequence'] ?? -1);
      assert.ok(told >= least.event && told <= last, `${least.event} <= ${told} <= ${last}`);
      assert.equal(await store.events({}), store.openEvents());
      assert.is(store.stats().errors, 0, store.stats().lastError ?? '');
      return { last, torn: store.stats().torn };
    },
    { bytesMax: BYTES_MAX },
  );
}

/** The last round that each store reported before the child was killed. */
async function killedChild(directory: string, lifeMs: number): Promise<number[]> {
  const args = ['--import', 'tsx', CHILD, directory, String(STORES), String(BYTES_MAX)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const reported: number[] = [];
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (part) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), lifeMs);
    text += part;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.is(code, null, 'the child ended by itself');
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  for (const line of lines) {
    const [index, sequence] = line.split(' ').map(Number);
    if (index !== undefined && sequence !== undefined) reported[index] = sequence;
  }
  return reported;
}
