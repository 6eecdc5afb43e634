// A control that listens, on a port that is free, in a directory that goes away again.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, startControl } from '../../src/control/control.ts';
import { openLog } from '../../src/host/log.ts';
import { configOf } from './lab.ts';

export interface Running {
  control: Control;
  stateDirectory: string;
  lines: string[];
  stop(): Promise<void>;
}

export async function startHere(
  document: Record<string, unknown> = {},
  stateDirectory = mkdtempSync(join(tmpdir(), 'flint-control-')),
): Promise<Running> {
  const lines: string[] = [];
  const log = openLog({
    stream: { write: (text) => lines.push(text) },
    nowMs: Date.now,
    journal: false,
  });
  const listen = { port: 0 };
  const config = configOf({ listen, ...document });
  const control = await startControl({ config, stateDirectory, version: '0.0.0', log });
  return {
    control,
    stateDirectory,
    lines,
    async stop() {
      await control.stop();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

export interface Spoken {
  text: string;
  /** How long until the other side closed. */
  elapsedMs: number;
}

/** Says `words` one after the other, `pauseMs` apart, and hears until the other side ends. */
export async function speak(
  port: number,
  words: readonly string[],
  { pauseMs = 0, endsMs = 18_000 } = {},
): Promise<Spoken> {
  const startMs = Date.now();
  const socket = connect({ port, host: '127.0.0.1' });
  const heard: Buffer[] = [];
  socket.on('data', (part: Buffer) => heard.push(part));
  const ended = endOf(socket, endsMs);
  const talking = talk(socket, words, pauseMs);
  await ended;
  socket.destroy();
  await talking;
  return { text: Buffer.concat(heard).toString('latin1'), elapsedMs: Date.now() - startMs };
}

function endOf(socket: Socket, endsMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, endsMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', () => undefined);
    socket.on('close', done);
    socket.on('end', done);
  });
}

async function talk(socket: Socket, words: readonly string[], pauseMs: number): Promise<void> {
  for (const word of words) {
    if (socket.destroyed) return;
    socket.write(word, 'latin1');
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
