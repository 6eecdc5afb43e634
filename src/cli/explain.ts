// How a command fails: one line on standard error, and an exit code.
import { ProbeError } from '../core/error.ts';
import { EXIT, UsageError } from './command.ts';

const USAGE: readonly string[] = ['ERR_CONFIG_INVALID', 'ERR_USAGE', 'ERR_INPUT_INVALID'];

/** What cannot be done here, as against what was tried and failed. */
const UNAVAILABLE: readonly string[] = [
  'ERR_UNAVAILABLE',
  'ERR_ADDON_MISSING',
  'ERR_ABI_MISMATCH',
  'ERR_SOCKET_PERMISSION',
  'ERR_DATABASE_MISSING',
  'ERR_UNAUTHORIZED',
  'ERR_FORBIDDEN',
];

/** Says what went wrong; the answer is the exit code. */
export function explain(error: unknown): number {
  if (error instanceof UsageError) return complain(error.message, EXIT.usage);
  if (error instanceof ProbeError) return complain(error.message, exitOf(error));
  // Commander has printed its own line already.
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return complain(text, EXIT.trouble);
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && error.name === 'CommanderError' && 'exitCode' in error;
}

function exitOf(error: ProbeError): number {
  if (USAGE.includes(error.code)) return EXIT.usage;
  // Another program has the port: that is trouble of now, nothing that this machine lacks.
  if (error.syscall === 'listen') return EXIT.trouble;
  return UNAVAILABLE.includes(error.code) ? EXIT.unavailable : EXIT.trouble;
}

function complain(text: string, code: number): number {
  process.stderr.write(`flint: ${text}\n`);
  return code;
}
