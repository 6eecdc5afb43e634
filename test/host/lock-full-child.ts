// Locks a directory for the store where the disk may take nothing, says how that went, and appends
// a round to a store there.
import { lockIfWritable } from '../../src/host/lock.ts';
import { openStore } from '../../src/probe/store/store.ts';

const directory = process.argv[2] ?? '';
const words = { what: 'the store', advice: 'stop it' };

try {
  const told: string[] = [];
  const held = await lockIfWritable(directory, words, ({ message }) => void told.push(message));
  await held.release();
  const store = await openStore(directory, {
    keepMs: 60_000,
    bytesMax: 1_000_000,
    nowMs: Date.now,
  });
  const { errors, lastError } = store.stats();
  await store.close();
  process.stdout.write(JSON.stringify({ told, errors, lastError }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }));
}
