// A disk that is full or read-only under a control that runs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { openSession } from '../../src/control/accounts/sessions.ts';
import { startControl } from '../../src/control/control.ts';
import { sha256Of } from '../../src/control/request/credential.ts';
import { csrfTokenFor } from '../../src/control/request/csrf.ts';
import { openLog } from '../../src/host/log.ts';
import { suite } from '../helper.ts';
import { configOf } from './lab.ts';
import { codeOf } from './refused.ts';

const missing = process.getuid?.() === 0 ? missingMount() : 'needs root, to mount a small disk';

function missingMount(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'flint-mount-'));
  try {
    mount(directory, 'size=64k');
    execFileSync('umount', [directory]);
    return null;
  } catch {
    return 'mount is not permitted here';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function mount(directory: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'pipe' });
}

async function onDisk(size: string, run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-full-'));
  mount(directory, `size=${size}`);
  try {
    await run(directory);
  } finally {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
}

function fill(file: string): void {
  try {
    writeFileSync(file, Buffer.alloc(64_000_000));
  } catch {
    // Full, as it should be.
  }
}

suite('control on a bad disk', (s) => {
  const lines: string[] = [];
  const log = openLog({
    stream: { write: (text) => lines.push(text) },
    nowMs: Date.now,
    journal: false,
  });
  const start = (stateDirectory: string) =>
    startControl({
      config: configOf({ listen: { port: 0 } }),
      stateDirectory,
      version: '0.0.0',
      log,
    });

  s.testIf(
    missing,
    'a full disk is told, loses nothing, and is left behind when there is room',
    () =>
      onDisk('8m', async (directory) => {
        const control = await start(directory);
        const { store } = control.context;
        const made = await store.write(async (db) => {
          const row = { name: 'anna', role: 'admin', password: null, createdMs: 1 } as const;
          const { id } = await db
            .insertInto('operators')
            .values(row)
            .returning('id')
            .executeTakeFirstOrThrow();
          return await openSession(db, id, Date.now());
        });
        const headers = {
          cookie: `flint=${made}`,
          'x-csrf-token': csrfTokenFor(control.context, sha256Of(made)),
          'content-type': 'application/json',
        };
        const add = async (name: string) => {
          const url = `${control.origin}/api/v1/users`;
          const body = JSON.stringify({ name });
          const answer = await fetch(url, { method: 'POST', headers, body });
          return { status: answer.status, text: await answer.text() };
        };
        is((await add('first')).status, 201);
        fill(`${directory}/filler`);
        const statuses: number[] = [];
        let refused = '';
        for (let n = 0; n < 400 && refused === ''; n++) {
          const { status, text } = await add(`user${n}`);
          statuses.push(status);
          if (status !== 201) refused = text;
        }
        is(statuses.at(-1), 503);
        match(refused, /cannot save anything now/);
        match(lines.join(''), /database or disk is full/);
        const look = await fetch(`${control.origin}/api/v1/users`, { headers });
        is(look.status, 200);
        is(((await look.json()) as { users: unknown[] }).users.length, statuses.length + 1);

        rmSync(`${directory}/filler`);
        is((await add('after')).status, 201);
        await control.stop();
        const again = await start(directory);
        const { count } = again.context.store.raw
          .prepare('select count(*) as count from operators')
          .get() as { count: number };
        is(count, statuses.length + 2);
        await again.stop();
      }),
  );

  s.testIf(
    missing,
    'a disk without any room, and one that cannot be written, are told at start',
    () =>
      onDisk('64k', async (directory) => {
        fill(`${directory}/filler`);
        const full = await start(directory).catch((thrown: Error) => thrown);
        is(codeOf(full), 'ERR_STATE_IO', String(full));
        ok((full as Error).message.includes(directory), String(full));
        execFileSync('mount', ['-o', 'remount,ro', directory]);
        const locked = await start(directory).catch((thrown: Error) => thrown);
        equal(codeOf(locked), 'ERR_STATE_IO');
      }),
  );
});
