// A real control that listens on the loopback, and `flint fleet` against it. Commands run through
// the entry of the command line, in this process: a start of their own for each takes long.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { equal } from 'uvu/assert';
import { readHardware } from '../../src/control/fleet/hardware.ts';
import type { Role } from '../../src/control/store/db-tables.ts';
import { type Lab, openLab } from '../control/lab.ts';
import { ROOT } from '../native/copy.ts';
import { type Ended, runHere } from './fleet-rig.ts';

export interface ControlRig {
  lab: Lab;
  origin: string;
  directory: string;
  /** As this one from now on. */
  become(role: Role, name: string): Promise<void>;
  run(...words: string[]): Promise<Ended>;
  /** All that a terminal shows, each question being answered by the next of `keys`. */
  typed(words: string, ...keys: string[]): Promise<string>;
  /** What the command prints, which must be right; words are split at blanks. */
  told(words: string): Promise<string>;
  /** The same with `--json`, read. */
  said(words: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function openControlRig(): Promise<ControlRig> {
  const lab = await openLab({ hardware: readHardware() });
  const directory = mkdtempSync(join(tmpdir(), 'flint-fleet-'));
  // The client goes by the date that an answer carries, which is that of this machine.
  lab.clock.nowMs = Date.now();
  await lab.server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = lab.server.server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const env: Record<string, string> = { CONFIGURATION_DIRECTORY: directory, FLINT_CONTROL: origin };
  const run = (...words: string[]) => runHere(['fleet', ...words], env);
  async function told(words: string): Promise<string> {
    const { code, stdout, stderr } = await run(...words.split(' '));
    equal(code, 0, `${words}: ${stderr}`);
    return stdout;
  }
  return {
    lab,
    origin,
    directory,
    run,
    told,
    typed: (words, ...keys) => runTyped(words.split(' '), keys, env),
    async become(role, name) {
      env['FLINT_TOKEN'] = (await lab.token(role, name)).bearer;
    },
    said: async (words) => JSON.parse(await told(`${words} --json`)) as Record<string, unknown>,
    async close() {
      await lab.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A key that asks to be a registered probe. */
export async function addCandidate(rig: ControlRig, name: string, print: string): Promise<void> {
  const { db } = rig.lab.context.store;
  const { id } = await db
    .selectFrom('probes')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const row = { probeId: id, sshHostKey: null, ...candidateRow(print) };
  await db.insertInto('candidates').values(row).execute();
}

export function candidateRow(fingerprint: string) {
  return {
    publicKey: `${fingerprint.replaceAll(' ', '')}${'A'.repeat(23)}`,
    fingerprint,
    model: 'FriendlyElec NanoPi R2S',
    hardware: 'r2s',
    version: '0.1.0',
    seenFrom: '192.0.2.17',
    firstMs: 1_790_000_000_000,
    lastMs: 1_790_000_100_000,
    attempts: 3,
  };
}

/** The program that gives a command a terminal; null when it is here, else why not. */
export function missingTerminal(): string | null {
  return existsSync(SCRIPT) ? null : `${SCRIPT} (util-linux) is not there`;
}

const SCRIPT = '/usr/bin/script';

/** On a terminal: each question is answered by the next of `keys`. */
function runTyped(
  words: readonly string[],
  keys: readonly string[],
  env: Record<string, string>,
): Promise<string> {
  const command = [process.execPath, '--import', 'tsx', 'src/main.ts', 'fleet', ...words].join(' ');
  const child = spawn(SCRIPT, ['-qec', command, '/dev/null'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
    timeout: 15_000,
  });
  const left = [...keys];
  let shown = '';
  let answered = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    // The line editor draws its question again with every key.
    const line = stripVTControlCharacters(shown).split('\n').at(-1) ?? '';
    if (line === answered || !/[:?\]] $/.test(line)) return;
    answered = line;
    child.stdin.write(left.shift() ?? '');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(shown));
  });
}
