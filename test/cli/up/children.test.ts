import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { equal, is, match, ok, unreachable } from 'uvu/assert';
import { type Child, type ChildSpec, startChild } from '../../../src/cli/up/children.ts';
import { suite } from '../../helper.ts';

const directory = mkdtempSync(join(tmpdir(), 'flint-children-'));
const heard: string[] = [];

function start(name: string, script: string, spec: Partial<ChildSpec> = {}): Child<number> {
  const file = join(directory, `${name}.mjs`);
  writeFileSync(file, script);
  const module = pathToFileURL(file);
  return startChild<number>({ name, module, args: [], readyMs: 10_000, ...spec }, (line) =>
    heard.push(line),
  );
}

const OBEDIENT = `
  process.on('disconnect', () => { console.error('ending'); process.exit(0); });
  process.send({ ready: 7 });
  setInterval(() => {}, 1000);`;

suite('up-children', (s) => {
  s.after(() => rmSync(directory, { recursive: true, force: true }));

  s.test('a child says when it is ready, and ends when it is let go', async () => {
    const child = start('obedient', OBEDIENT);
    is(await child.ready, 7);
    const end = await child.end(5000);

    equal([end.code, end.signal, end.lastLines], [0, null, ['ending']]);
  });

  s.test('one that does not listen is killed', async () => {
    const deaf = `
      process.on('disconnect', () => {});
      process.send({ ready: 1 });
      setInterval(() => {}, 1000);`;
    const child = start('deaf', deaf);
    await child.ready;

    is((await child.end(100)).signal, 'SIGKILL');
  });

  s.test('one that fails before it is ready says why, in its own words', async () => {
    const child = start('failing', `console.error('flint: port 8740 is taken'); process.exit(1);`);

    await child.ready.then(
      () => unreachable(),
      (error) => is(error.message, 'port 8740 is taken'),
    );
    is((await child.ended).code, 1);
  });

  s.test('what it lacks here is lacking for all of it', async () => {
    const child = start('lacking', `console.error('flint: no driver'); process.exit(3);`);

    await child.ready.then(
      () => unreachable(),
      (error) => equal([error.code, error.message], ['ERR_UNAVAILABLE', 'no driver']),
    );
  });

  s.test('one that says nothing is not waited for without end', async () => {
    const child = start('mute', 'setInterval(() => {}, 1000);', { readyMs: 300 });

    await child.ready.then(
      () => unreachable(),
      (error) => match(error.message, 'not ready after 0.3 s'),
    );
    await child.end(0);
  });

  s.test('one that cannot even start is no crash of ours', async () => {
    const child = start('gone', '');
    rmSync(join(directory, 'gone.mjs'));

    await child.ready.then(
      () => unreachable(),
      (error) => ok(error.message !== ''),
    );
  });

  s.test('its trouble is told with its name, and not that all is well', async () => {
    const script = `
      console.error('2026-01-01T00:00:00.000Z info all is well');
      console.error('2026-01-01T00:00:00.000Z warn the disk is full');
      process.send({ ready: 1 }, () => process.exit(0));`;
    const child = start('speaker', script);
    await child.ended;

    equal(
      heard.filter((line) => line.startsWith('speaker')),
      ['speaker: 2026-01-01T00:00:00.000Z warn the disk is full'],
    );
  });
});
