// What goes out of the control as a file, and comes back.
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { buildServer } from '../../control/server.ts';
import { backUp, restore } from '../../control/store/backup.ts';
import { openControlDb } from '../../control/store/db.ts';
import { openLog } from '../../host/log.ts';
import { EXIT } from '../command.ts';
import { version } from '../version.ts';
import { configOf, stateOf, withContext } from './place.ts';

const fs = process.getBuiltinModule('node:fs');

type Args = readonly string[];
type Options = Readonly<Record<string, unknown>>;

export async function runBackup([file = '']: Args, options: Options): Promise<number> {
  if (file !== '-') {
    await backUp(stateOf(options), resolve(file));
    return EXIT.ok;
  }
  return await inNewDirectory(async (directory) => {
    const draft = join(directory, 'control.db');
    await backUp(stateOf(options), draft);
    await pipeline(fs.createReadStream(draft), process.stdout, { end: false });
    return EXIT.ok;
  });
}

export async function runRestore([file = '']: Args, options: Options): Promise<number> {
  const kept = restore(stateOf(options), resolve(file), Date.now());
  if (kept !== null) process.stderr.write(`the database that was there is ${kept} now\n`);
  return EXIT.ok;
}

export async function runExport([given = '']: Args, options: Options): Promise<number> {
  const directory = resolve(given);
  const isPrivate = options['private'] === true;
  const place = { stateDirectory: stateOf(options), directory };
  const { runExport: exportPages } = await import('../../control/page/export.ts');
  const pages = await withContext(
    options,
    (context) => exportPages({ context, ...place, isPrivate }),
    { isReader: true },
  );
  process.stderr.write(`${pages} pages are in ${directory} now\n`);
  return EXIT.ok;
}

export async function runOpenapi(_args: Args, options: Options): Promise<number> {
  return await inNewDirectory(async (directory) => {
    const store = await openControlDb(join(directory, 'control.db'));
    const server = await buildServer({
      config: configOf(options),
      store,
      log: openLog({ stream: process.stderr, nowMs: Date.now, journal: false }),
      version: version(),
      nowMs: Date.now,
      hardware: [],
      keys: { nonce: Buffer.alloc(32), csrf: Buffer.alloc(32) },
      revision: { value: 1 },
    });
    process.stdout.write(`${JSON.stringify(server.swagger(), null, 2)}\n`);
    await server.close();
    await store.close();
    return EXIT.ok;
  });
}

async function inNewDirectory(run: (directory: string) => Promise<number>): Promise<number> {
  const directory = fs.mkdtempSync(join(tmpdir(), 'flint-'));
  try {
    return await run(directory);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
