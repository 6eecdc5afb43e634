// A real control that listens on the loopback, and `flint fleet` against it. Commands run through
// the entry of the command line, in this process: a start of their own for each takes long.
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { runCommandLine } from '../../src/cli/run.ts';
import type { Role } from '../../src/control/db-tables.ts';
import { readHardware } from '../../src/control/hardware.ts';
import { type Lab, openLab } from '../control/lab.ts';
import type { Ended } from './fleet-rig.ts';

export interface ControlRig {
  lab: Lab;
  origin: string;
  directory: string;
  /** As this one from now on. */
  become(role: Role, name: string): Promise<void>;
  run(...words: string[]): Promise<Ended>;
  /** What the command prints, which must be right; words are split at blanks. */
  told(words: string): Promise<string>;
  /** The same with `--json`, read. */
  said(words: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function openControlRig(): Promise<ControlRig> {
  const lab = await openLab({ hardware: readHardware() });
  const directory = mkdtempSync(join(tmpdir(), 'flint-fleet-'));
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

async function runHere(words: readonly string[], env: Record<string, string>): Promise<Ended> {
  const before = { ...process.env };
  const streams = [capture(process.stdout), capture(process.stderr)] as const;
  Object.assign(process.env, env);
  try {
    const code = await runCommandLine(words);
    return { code, stdout: streams[0].text(), stderr: streams[1].text() };
  } finally {
    for (const stream of streams) stream.restore();
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function capture(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  const { write } = stream;
  const parts: string[] = [];
  stream.write = ((part: string) => {
    parts.push(part);
    return true;
  }) as typeof stream.write;
  return {
    text: () => parts.join(''),
    restore() {
      stream.write = write;
      // Each run of the command line adds one.
      stream.removeAllListeners('error');
    },
  };
}
