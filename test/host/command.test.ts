import { equal, is, match, ok } from 'uvu/assert';
import { findProgram, lastWords, runCommand } from '../../src/host/command.ts';
import { suite } from '../helper.ts';

const NODE = process.execPath;

function node(script: string, options: Partial<Parameters<typeof runCommand>[2]> = {}) {
  return runCommand(NODE, ['-e', script], { timeoutMs: 10_000, ...options });
}

suite('host/command', ({ test }) => {
  test('gives words, input and environment, and brings back code and output', async () => {
    const echo =
      'process.stdin.pipe(process.stdout); console.error(process.env.WORD); process.exitCode = 3';
    const result = await node(echo, { input: 'hush', env: { WORD: 'loud' } });
    equal([result.code, result.stdout, result.stderr], [3, 'hush', 'loud\n']);
    equal([result.isTimedOut, result.isCut, result.failure], [false, false, null]);
  });

  test('ends what does not end', async () => {
    const started = performance.now();
    const result = await node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)', {
      timeoutMs: 500,
    });
    is(result.isTimedOut, true);
    is(result.code, null);
    is(lastWords(result), 'it did not end in time');
    ok(performance.now() - started < 5_000);
  });

  test('is held by nothing that a program left behind with its output', async () => {
    const started = performance.now();
    const result = await runCommand('/bin/sh', ['-c', 'sleep 9 & echo $!; exec sleep 9'], {
      timeoutMs: 300,
    });
    is(result.isTimedOut, true);
    ok(performance.now() - started < 3_000);
    process.kill(Number(result.stdout));
  });

  test('does not throw at what the kernel cannot even be asked for', async () => {
    const result = await runCommand('/bin/true', ['a\0b'], { timeoutMs: 1000 });
    is(result.code, null);
    match(lastWords(result), 'null bytes');
  });

  test('ends with the one who asked', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const result = await node('setInterval(() => {}, 1000)', { signal: stop.signal });
    is(result.code, null);
    is(result.isTimedOut, false);
    is((await node('', { signal: stop.signal })).code, null);
  });

  test('cuts off what is too much', async () => {
    const result = await node('process.stdout.write("x".repeat(1e6))', { bytesMax: 1000 });
    is(result.stdout.length, 1000);
    is(result.isCut, true);
    is(result.code, 0);
  });

  test('survives a program that does not read, and one that is not there', async () => {
    is((await node('process.exit(0)', { input: 'x'.repeat(1e6) })).code, 0);
    const none = await runCommand('/none/such', [], { timeoutMs: 1000 });
    is(none.code, null);
    match(lastWords(none), 'ENOENT');
  });

  test('last words are one plain line', async () => {
    const result = await node('console.error("first\\n\\u001b[31mlast\\u0007"); process.exit(1)');
    is(lastWords(result), '?[31mlast?');
    is(lastWords(await node('process.exit(4)')), 'it ended with 4');
  });

  test('a program is found in absolute directories of PATH alone', () => {
    is(findProgram('sh', { PATH: 'bin:/none:/bin' }), '/bin/sh');
    is(findProgram('sh', { PATH: 'bin' }), null);
    is(findProgram('/bin/sh', {}), '/bin/sh');
    is(findProgram('/etc/passwd', {}), null);
    is(findProgram('etc', { PATH: '/' }), null);
  });
});
