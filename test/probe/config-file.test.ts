import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { isReadable, judgeConfig, loadConfig, watchConfig } from '../../src/probe/config-file.ts';
import { suite } from '../helper.ts';
import { sleep } from '../lab/process.ts';

const MANUAL = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** A directory of this test, removed in the end. */
async function inDirectory(run: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-config-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The message that a text in a file is refused with, without the name of the file. */
function refusal(text: string): string {
  let message = '';
  inDirectorySync((file) => {
    writeFileSync(file, text);
    message = messageOf(() => loadConfig(file)).replace(`${file}: `, 'FILE: ');
  });
  return message;
}

function inDirectorySync(run: (file: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-config-'));
  try {
    run(join(directory, 'probe.json'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    ok(error instanceof ProbeError && error.code === 'ERR_CONFIG_INVALID');
    return (error as ProbeError).message;
  }
  throw new Error('nothing was refused');
}

/** Counts the changes that are told within the time, after `change`. */
async function changes(directory: string, change: () => void, waitMs = 450): Promise<number> {
  let count = 0;
  const failures: string[] = [];
  const file = join(directory, 'probe.json');
  const watcher = watchConfig(
    file,
    () => count++,
    (why) => failures.push(why),
  );
  await sleep(20);
  change();
  await sleep(waitMs);
  watcher.close();
  equal(failures, []);
  return count;
}

function examples(): unknown[] {
  return [...MANUAL.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));
}

function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((part) => keysOf(part, path));
  if (typeof value !== 'object' || value === null || path.endsWith('labels')) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [at, ...keysOf(part, at)];
  });
}

suite('config-file', (s) => {
  s.test('says of a file that cannot be read, why', () => {
    match(
      messageOf(() => loadConfig('/none/probe.json')),
      /^\/none\/probe.json cannot be read: ENOENT/,
    );
    match(
      messageOf(() => loadConfig(tmpdir())),
      'cannot be read: EISDIR',
    );
  });

  s.test('says in which line a text is no JSON', () => {
    const said = refusal('{\n  "schema": 1,\n  "hostname": "a"\n  "listen": {}\n}\n');
    match(said, /^FILE: not JSON: .*\(line 4,? column 3\)$/);
    match(refusal(''), /^FILE: not JSON: /);
  });

  s.test('names file, key and reason of each thing that is wrong', () => {
    const smokeping = { interval: '1 second', round: '1s' };
    const said = refusal(JSON.stringify({ schema: 1, measurements: { smokeping } }));

    match(said, /^FILE: measurements.smokeping.interval: expected a duration from 10ms to 1h/);
    match(said, /; measurements.smokeping.round: expected a duration from 5s to 10m/);
  });

  s.test('reads no file of more than a mebibyte', () => {
    match(refusal(' '.repeat(1_048_577)), '1048577 bytes are more than 1048576');
  });

  s.test('two documents that mean the same have the same etag', () => {
    const plain = judgeConfig({ schema: 1 }, 'a');
    const spelled = judgeConfig({ schema: 1, listen: { port: 9740 }, store: { keep: '2d' } }, 'b');
    const other = judgeConfig({ schema: 1, listen: { port: 9741 } }, 'c');

    match(plain.etag, /^[0-9a-f]{16}$/);
    is(spelled.etag, plain.etag);
    not.equal(other.etag, plain.etag);
  });

  s.test('knows whether a file can be read', () =>
    inDirectory((directory) => {
      const file = join(directory, 'probe.json');
      is(isReadable(file), false);
      writeFileSync(file, '{}');
      is(isReadable(file), true);
    }),
  );

  s.test('tells once of a file that was written, replaced or removed', () =>
    inDirectory(async (directory) => {
      const file = join(directory, 'probe.json');
      writeFileSync(file, '{}');
      const replace = () => {
        writeFileSync(`${file}~`, '{}');
        renameSync(`${file}~`, file);
      };
      const often = () => {
        for (let n = 0; n < 5; n++) replace();
      };

      is(await changes(directory, () => writeFileSync(file, '{ }')), 1);
      is(await changes(directory, often), 1);
      is(await changes(directory, () => rmSync(file)), 1);
      is(await changes(directory, () => symlinkSync('elsewhere.json', file)), 1);
    }),
  );

  s.test('a file beside it is none of its affairs', () =>
    inDirectory(async (directory) => {
      is(await changes(directory, () => writeFileSync(join(directory, 'probe.json.bak'), '')), 0);
    }),
  );

  s.test('tells nothing any more once it is closed', () =>
    inDirectory(async (directory) => {
      const write = () => writeFileSync(join(directory, 'probe.json'), '{}');
      is(await changes(directory, write, 100), 0);
      await sleep(200);
    }),
  );

  s.test('says why a directory cannot be watched', () => {
    const failures: string[] = [];
    watchConfig(
      '/none/probe.json',
      () => undefined,
      (why) => failures.push(why),
    ).close();

    is(failures.length, 1);
    match(failures[0] ?? '', 'ENOENT');
  });

  s.test('every example of the manual is what it says it is', () => {
    const [short, full, handed, policy, ...more] = examples();
    for (const document of [short, full, (handed as { document: unknown }).document]) {
      judgeConfig(document, 'docs/configuration.md');
    }
    is(parsePolicy(policy).ok, true);
    is(more.length, 0);
  });

  s.test('the full example of the manual has every key, and so have its tables', () => {
    const full = keysOf(examples()[1]);
    const known = knownKeys();
    ok(known.length > 20, known.join());
    for (const key of known) {
      ok(full.includes(key), `${key} is not in the example`);
      const leaf = key.replace(/^.*targets\./, '');
      const isGroup = full.some((other) => other.startsWith(`${key}.`)) && !TARGETS.includes(key);
      if (!isGroup) ok(MANUAL.includes(`| \`${leaf}\` |`), `${key} is in no table`);
    }
  });
});

const TARGETS = ['measurements.smokeping.targets', 'measurements.path.targets'];

/** Every key that the program knows, as it names them itself when it is given another. */
function knownKeys(): string[] {
  const wrong = {
    schema: 1,
    '?': 1,
    listen: { '?': 1 },
    store: { '?': 1 },
    measurements: {
      '?': 1,
      smokeping: { '?': 1, targets: [{ host: 'a', '?': 1 }] },
      path: { '?': 1, targets: [{ host: 'a', '?': 1 }] },
    },
  };
  const message = messageOf(() => judgeConfig(wrong, 'x')).replace(/^x: /, '');
  return message.split('; ').flatMap((issue) => {
    const [, path = '', known = ''] = /^(.*?)\?: .*expected (.*)$/.exec(issue) ?? [];
    const at = path.replace(/\.\d+\./, '.');
    return known.split(', ').map((key) => `${at}${key}`);
  });
}
