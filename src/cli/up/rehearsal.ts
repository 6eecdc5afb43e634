// Root is given up before the control of `flint up` starts, and whoever it becomes may not be able
// to read where the program lies (a clone in root's own home). Libraries load parts of themselves
// when they are first used, so all of it is used once before: on a state of its own that goes away
// again, on a port that nobody knows, with nothing in it that is anybody's.
const { chmodSync, mkdtempSync, rmSync } = process.getBuiltinModule('node:fs');
const { get } = process.getBuiltinModule('node:http');

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlOptions, startControl } from '../../control/control.ts';
import { PROBE_NAME, seedUp } from './seed.ts';

const PATHS: readonly string[] = [
  '/',
  '/probes',
  `/probes/${PROBE_NAME}`,
  '/sets',
  '/sets/first-targets',
  '/claims',
  '/maintenance',
  '/audit',
  '/login',
  '/login/link/none',
  '/status',
  '/api/docs',
  '/api/v1/openapi.json',
  '/api/v1/probes',
  '/healthz',
  '/nothing-is-here',
];
const ANSWER_MS_MAX = 10_000;
const MAC = '02:00:00:00:00:02';

/** How each page was answered, by path. Throws what the control throws. */
export async function rehearse(
  options: Omit<ControlOptions, 'stateDirectory'>,
): Promise<Map<string, number>> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'flint-rehearsal-'));
  try {
    chmodSync(stateDirectory, 0o700);
    const control = await startControl({
      ...options,
      stateDirectory,
      prepare: async (context) => {
        await seedUp(context, MAC);
      },
    });
    try {
      const answers = new Map<string, number>();
      for (const path of PATHS) answers.set(path, await ask(`${control.origin}${path}`));
      return answers;
    } finally {
      await control.stop();
    }
  } finally {
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

/** To the end of the answer, whatever it is; its status. */
function ask(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: ANSWER_MS_MAX }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0)).on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer`)));
    request.on('error', reject);
  });
}
