import { lockDirectory } from '../../src/host/lock.ts';

// Locks the directory it is given, says so, and holds it until its input ends.
try {
  await lockDirectory(process.argv[2] ?? '', { what: 'the store', advice: '' });
  process.stdout.write('locked\n');
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
} catch {
  process.exit(1);
}
