// timeout: 180 s
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { is, ok } from 'uvu/assert';
import { controlFile, openControlDb } from '../../../src/control/store/db.ts';
import { suite } from '../../helper.ts';
import { withDirectory } from '../places.ts';

/** `FLINT_TEST_KILLS=40` for more of them: each costs a second. */
const KILLS = Number(process.env['FLINT_TEST_KILLS'] ?? 12);

const open = (directory: string) => openControlDb(controlFile(directory, 'control.db'));

suite('control/store/db, killed', (s) => {
  s.test(
    'a control that is killed again and again in mid-write keeps every answered change',
    () =>
      withDirectory(async (directory) => {
        const lanes = [0, 1].map((lane) => killOften(`${directory}/${lane}`, KILLS / 2));
        for (const told of await Promise.all(lanes)) ok(told > KILLS, `only ${told} changes`);
      }),
    150_000,
  );
});

/** Starts a writer and kills it, again and again; returns how many changes were answered. */
async function killOften(directory: string, times: number): Promise<number> {
  let told = -1;
  for (let n = 0; n < times; n++) {
    told = Math.max(told, await writeUntilKilled(directory, told + 1));
  }
  const store = await open(directory);
  is(store.raw.pragma('integrity_check', { simple: true }), 'ok');
  const rows = store.raw.prepare('select name from operators').pluck().all() as string[];
  const names = new Set(rows);
  for (let n = 0; n <= told; n++) ok(names.has(`n${n}`), `n${n} of ${told} is lost`);
  await store.close();
  ok(existsSync(controlFile(directory, 'control.db')));
  return told;
}

function writeUntilKilled(directory: string, from: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      new URL('../crash-child.ts', import.meta.url).pathname,
      directory,
      `${from}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (part: string) => {
    // The first answer shows that it writes.
    if (text === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
    text += part;
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      const lines = text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean);
      resolve(Number(lines.at(-1) ?? from - 1));
    });
  });
}
