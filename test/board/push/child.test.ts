import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match, ok } from 'uvu/assert';
import { type Child, type ChildSpec, openChild } from '../../../src/board/push/child.ts';
import { endOrphans, findOrphans } from '../../../src/board/push/orphans.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let marks = 0;

function spec(script: string, more: Record<string, string> = {}): ChildSpec {
  const mark = `FLINT_TEST_CHILD=${process.pid}-${++marks}`;
  const [name = '', value = ''] = mark.split('=');
  const env = { PATH: process.env['PATH'] ?? '', [name]: value, ...more };
  return { file: process.execPath, words: ['-e', script], env, mark };
}

function open(wellMs = 60_000) {
  const [lines, ends]: [string[], string[]] = [[], []];
  const child = openChild({
    ...{ owner, wellMs, random: () => 0 },
    onLine: (line) => lines.push(line),
    onEnd: (why) => ends.push(why),
  });
  return { child, lines, ends };
}

async function until(accept: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !accept(); attempt++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  ok(accept());
}

const STAY = 'console.log("here"); setInterval(() => {}, 1000)';

async function kept(child: Child, one: ChildSpec): Promise<number> {
  await child.keep(one);
  return child.state().pid ?? 0;
}

suite('push-child', ({ test, testIf }) => {
  test('it runs until it is not wanted any more', async () => {
    const { child, lines, ends } = open();
    const one = spec(STAY);
    const pid = await kept(child, one);
    await until(() => lines.includes('here'));
    equal(await kept(child, one), pid);
    equal(findOrphans(one.mark, owner.uid), [pid]);
    await child.stop();
    equal(findOrphans(one.mark, owner.uid), []);
    equal(ends, []);
    equal(child.state().pid, null);
  });

  testIf(
    spawnSync('prlimit', ['--version']).error === undefined ? null : 'there is no prlimit here',
    'one that is fed more than it may keep ends, and is told',
    async () => {
      const { child, ends } = open();
      const hungry = spec('const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1));');
      await child.keep({ ...hungry, memoryBytesMax: 256 << 20 });
      await until(() => ends.length > 0);
      await child.stop();
    },
  );

  test('of a crash it is told why, and not where', async () => {
    for (const why of [
      'fatal error: runtime: out of memory',
      'Error [ERR_X]: no such file',
      'flint: Error: listen EADDRINUSE: address already in use 127.0.0.1:9742',
    ]) {
      const { child, ends } = open();
      const said = JSON.stringify(`${why}\n\ngoroutine 1:\n\nNode.js v20\n`);
      await child.keep(spec(`process.stderr.write(${said}, () => process.exit(2))`));
      await until(() => ends.length > 0);
      equal(ends[0], why);
      await child.stop();
    }
  });

  test('another specification is another process', async () => {
    const { child } = open();
    const one = spec(STAY);
    const pid = await kept(child, one);
    const other = await kept(child, { ...one, env: { ...one.env, MORE: '1' } });
    ok(pid !== other);
    equal(findOrphans(one.mark, owner.uid), [other]);
    await child.stop();
  });

  test('who dies is back, and its last words are known', async () => {
    const { child, lines, ends } = open();
    const pid = await kept(child, spec(STAY));
    await until(() => lines.includes('here'));
    process.kill(pid, 'SIGKILL');
    await until(() => ends.length === 1);
    equal(child.state().fault, 'here');
    await until(() => child.state().pid !== null);
    equal(child.state().restarts, 1);
    await child.stop();
  });

  test('one that ends again and again is not well before it has stayed', async () => {
    await inPlace(async ({ directory }) => {
      const { child, lines, ends } = open(3_000);
      const file = JSON.stringify(join(directory, 'mended'));
      await child.keep(
        spec(`if (require('node:fs').existsSync(${file})) { ${STAY} } else {
          console.log('no room'); setTimeout(() => process.exit(1), 300); }`),
      );
      await until(() => ends.length === 2);
      // Back for a moment, it is as bad as it was.
      await until(() => child.state().pid !== null);
      equal(child.state().fault, 'no room');
      writeFileSync(join(directory, 'mended'), '');
      await until(() => lines.includes('here'));
      equal(child.state().fault, 'no room');
      await until(() => child.state().fault === null);
      ok(child.state().pid !== null);
      await child.stop();
    });
  });

  test('what cannot be started is a fault, and no end of us', async () => {
    const { child, ends } = open();
    await child.keep({ ...spec(''), file: '/nonexistent/program' });
    await until(() => ends.length === 1);
    ok((child.state().fault ?? '').length > 0);
    await child.stop();
  });

  test('what the kernel cannot even be asked for is tried again, and no end of us', async () => {
    const { child, ends } = open();
    await child.keep({ ...spec(''), words: ['a\0b'] });
    await until(() => ends.length >= 2);
    match(child.state().fault ?? '', 'null bytes');
    equal(child.state().pid, null);
    await child.stop();
  });

  test('one that left a process behind with its output is seen to have ended', async () => {
    const { child, ends } = open();
    const startedMs = performance.now();
    const left = 'require("node:child_process").spawn("sleep", ["9"], { stdio: "inherit" })';
    const script = `console.log("left", ${left}.pid); setTimeout(() => process.exit(1), 100)`;
    await child.keep(spec(script));
    await until(() => ends.length === 1);
    await child.stop();
    ok(performance.now() - startedMs < 4_000);
    process.kill(Number(/^left (\d+)$/.exec(ends[0] ?? '')?.[1]));
  });

  test('one that outlived us is ended before the next one starts', async () => {
    const one = spec(STAY);
    const orphan = spawn(one.file, [...one.words], { env: { ...one.env }, stdio: 'ignore' });
    await until(() => findOrphans(one.mark, owner.uid).length === 1);
    const { child } = open();
    const pid = await kept(child, one);
    equal(findOrphans(one.mark, owner.uid), [pid]);
    await until(() => orphan.exitCode !== null || orphan.signalCode !== null);
    equal(orphan.signalCode, 'SIGTERM');
    await child.stop();
  });

  test('a process of another user or mark is nobody of ours', async () => {
    const one = spec(STAY);
    const { child } = open();
    const pid = await kept(child, one);
    await until(() => findOrphans(one.mark, owner.uid).length === 1);
    equal(findOrphans(one.mark, owner.uid + 1), []);
    equal(findOrphans(`${one.mark}0`, owner.uid), []);
    equal(await endOrphans(`${one.mark}0`, owner.uid), 0);
    equal(child.state().pid, pid);
    await child.stop();
  });
});
