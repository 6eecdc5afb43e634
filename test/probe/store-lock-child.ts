import { lockStore } from '../../src/probe/store-lock.ts';

// Locks the directory it is given, says so, and holds it until its input ends.
try {
  await lockStore(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
} catch {
  process.exit(1);
}
