// The built agent as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../cli/flint.ts';
import { MAC } from './agents.ts';
import type { BoardPlace } from './place.ts';

export const CLAIM = 'flint_claim_abcdefgh_of_the_process';

export interface AgentProcess {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

export interface ProcessOptions {
  command?: 'agent' | 'enroll';
  words?: readonly string[];
  withoutClaim?: boolean;
  env?: Record<string, string>;
}

export function startProcess(
  place: Pick<BoardPlace, 'directory' | 'state' | 'run'>,
  control: string,
  options: ProcessOptions = {},
): AgentProcess {
  const { command = 'agent', words = [], withoutClaim = false, env = {} } = options;
  const claim = join(place.directory, 'claim-token');
  writeFileSync(claim, `${CLAIM}\n`);
  const run = command === 'agent' ? ['--run', place.run] : [];
  const given = ['--control', control, '--state', place.state, '--mac', MAC, ...run, ...words];
  const child = spawn(process.execPath, [MAIN, command, ...given], {
    env: {
      PATH: process.env['PATH'] ?? '',
      CONFIGURATION_DIRECTORY: place.directory,
      ...(withoutClaim ? {} : { FLINT_CLAIM_TOKEN_FILE: claim }),
      ...env,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return { child, output, ended };
}
