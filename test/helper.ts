// Every test file calls suite() at its top level. uvu passes silently when `.run()` is forgotten
// and knows neither skips with a reason nor a time limit for one test: this adds both, and counts,
// so that the runner can print one line that includes what was skipped.
import { appendFileSync } from 'node:fs';
import { suite as uvuSuite } from 'uvu';

export interface Suite {
  /** A case; the name is a sentence about behaviour. Fails after `timeoutMs` (20 s). */
  test(name: string, run: () => void | Promise<void>, timeoutMs?: number): void;
  /** A case that cannot run here; the reason names the missing part and is printed. */
  skip(name: string, reason: string): void;
  /** Runs the case, or skips it when `missing` names something that is not here. */
  testIf(
    missing: string | null,
    name: string,
    run: () => void | Promise<void>,
    timeoutMs?: number,
  ): void;
  before(run: () => void | Promise<void>): void;
  after(run: () => void | Promise<void>): void;
}

const TEST_MS_MAX = 20_000;

/** Defines a suite and always runs it. */
export function suite(name: string, define: (s: Suite) => void): void {
  const inner = uvuSuite(name);
  let cases = 0;
  const s: Suite = {
    test(title, run, timeoutMs = TEST_MS_MAX) {
      cases++;
      inner(title, () => counted(`${name}: ${title}`, run, timeoutMs));
    },
    skip(title, reason) {
      cases++;
      inner.skip(title);
      record('skipped', `${name}: ${title} (${reason})`);
    },
    testIf(missing, title, run, timeoutMs = TEST_MS_MAX) {
      if (missing === null) s.test(title, run, timeoutMs);
      else s.skip(title, missing);
    },
    before: (run) => inner.before(() => told(run)),
    after: (run) => inner.after(run),
  };
  define(s);
  if (cases === 0) throw new Error(`suite ${name} defines no test`);
  inner.run();
}

/** uvu ends without a word when a preparation fails. */
async function told(run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.stderr.write(`before: ${error instanceof Error ? error.stack : error}\n`);
    throw error;
  }
}

async function counted(
  title: string,
  run: () => void | Promise<void>,
  timeoutMs: number,
): Promise<void> {
  try {
    await within(run, timeoutMs);
    record('passed', title);
  } catch (error) {
    record('failed', title);
    throw error;
  }
}

async function within(run: () => void | Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(run), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function record(outcome: 'passed' | 'failed' | 'skipped', title: string): void {
  const file = process.env['FLINT_TEST_REPORT'];
  if (file !== undefined) appendFileSync(file, `${outcome}\t${title}\n`);
  else if (outcome === 'skipped') process.stdout.write(`skipped: ${title}\n`);
}
