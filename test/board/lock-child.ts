// Takes the lock of a directory, says so, and holds it until it is ended.
import { lockDirectory } from '../../src/board/lock.ts';

try {
  await lockDirectory(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  setInterval(() => undefined, 1_000);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
