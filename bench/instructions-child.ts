// Runs in the guest: does what is counted between two calls of getppid, which the plugin sees.
import { INBOX_MAX } from '../src/engine/limits.ts';
import { finishBatch, layValues, openFold, prepareBatch, RECORDS } from './fold.ts';

/** So often before it counts that V8 has compiled it as well as it will. */
const WARM = 400;
const COUNTED = 20;

let parents = 0;

function mark(): void {
  parents += process.ppid;
}

const hot = openFold();
for (let i = 0; i < WARM + COUNTED; i++) {
  prepareBatch(hot);
  const isCounted = i >= WARM;
  if (isCounted) mark();
  hot.call.fold(INBOX_MAX, INBOX_MAX);
  if (isCounted) mark();
  finishBatch(hot);
}
const place = layValues(hot);
for (let i = 0; i < WARM; i++) hot.call.recordRtts(0, place, RECORDS);
for (let i = 0; i < COUNTED; i++) {
  mark();
  hot.call.recordRtts(0, place, RECORDS);
  mark();
}
// What a mark costs by itself.
for (let i = 0; i < COUNTED; i++) {
  mark();
  mark();
}
process.stdout.write(`${parents > 0}\n`);
