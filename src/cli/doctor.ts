// `flint doctor`: what this machine can do, tried and not guessed, and the line that mends it.
import { ProbeError } from '../core/error.ts';
import { type Check, diagnose } from '../probe/diagnose.ts';
import { EXIT } from './command.ts';

const MARKS = { good: 'ok  ', poor: 'poor', bad: 'bad ' } as const;

/** Exit code 1 when something is bad. */
export async function runDoctor(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const checks = [...(await diagnose()), await checkDatabase()];
  const isBad = checks.some((check) => check.verdict === 'bad');
  if (options['json'] === true) {
    process.stdout.write(`${JSON.stringify({ ok: !isBad, checks })}\n`);
  } else {
    for (const check of checks) process.stdout.write(`${lineOf(check)}\n`);
  }
  return isBad ? EXIT.trouble : EXIT.ok;
}

/** A probe needs none: without it only the control, and `flint up`, cannot start. */
async function checkDatabase(): Promise<Check> {
  const name = 'database';
  try {
    const { loadSqlite } = await import('../control/store/db.ts');
    loadSqlite();
    return { name, verdict: 'good', finding: 'better-sqlite3 works, for the control', mend: null };
  } catch (error) {
    // An installed board has no control in it, and needs none.
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      return { name, verdict: 'good', finding: 'none: only a control needs one', mend: null };
    }
    if (!(error instanceof ProbeError)) throw error;
    const mend = 'npm rebuild better-sqlite3 (needs python3, make and g++)';
    return { name, verdict: 'poor', finding: 'better-sqlite3 is not built: no control here', mend };
  }
}

function lineOf(check: Check): string {
  const mend = check.mend === null ? '' : `\n        → ${check.mend}`;
  return `${MARKS[check.verdict]}  ${check.name}: ${check.finding}${mend}`;
}
