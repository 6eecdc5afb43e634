// timeout: 240 s
// The runner must not believe a file: each fixture goes wrong in a way that a runner could miss.
import { match, strictEqual as same } from 'node:assert/strict';
import { suite } from '../helper.ts';
import { makeClone, type Outcome, removeClone, runScript } from './clone.ts';

const HEAD = "import { suite } from './helper.ts';\n";

function caseFile(body: string): string {
  return `${HEAD}suite('x', (s) => {\n${body}\n});\n`;
}

function runFiles(files: Record<string, string>, words: string[] = []): Outcome {
  const named = Object.entries(files).map(([name, text]) => [`test/${name}.test.ts`, text]);
  const links = ['node_modules', 'test/helper.ts', 'package.json'];
  const clone = makeClone(Object.fromEntries(named), links);
  try {
    return runScript(clone, 'test.mjs', words);
  } finally {
    removeClone(clone);
  }
}

function lastLine(outcome: Outcome): string {
  return outcome.stdout.trimEnd().split('\n').at(-1) ?? '';
}

function verdict(body: string, words: string[] = []): Outcome {
  return runFiles({ one: body }, words);
}

suite('scripts/test', (s) => {
  s.test('counts what passed and what was skipped, and says why', () => {
    const outcome = runFiles({
      one: caseFile("s.test('a', () => {}); s.skip('b', 'no network here');"),
      two: caseFile("s.test('c', () => {}); s.test('d', () => {});"),
    });

    same(outcome.code, 0);
    same(lastLine(outcome), '3 passed, 0 failed, 1 skipped');
    match(outcome.stdout, /x: b \(no network here\)/);
  });

  s.test('shows the output of files that failed, and hides the others', () => {
    const outcome = runFiles({
      good: caseFile("s.test('a', () => console.log('quiet words'));"),
      bad: caseFile("s.test('b', () => { console.log('loud words'); throw new Error('no'); });"),
    });

    same(outcome.code, 1);
    same(lastLine(outcome), '1 passed, 1 failed, 0 skipped');
    match(outcome.stdout, /loud words/);
    same(outcome.stdout.includes('quiet words'), false);
  });

  s.test('runs what failed beside others once more, alone, and tells that it did', () => {
    // Fails only while its mark is not there yet, or always.
    const once = (name: string) =>
      `import { existsSync, writeFileSync } from 'node:fs';\n${caseFile(
        `s.test('a', () => {
          if (existsSync('${name}')) return;
          writeFileSync('${name}', '');
          throw new Error('first words');
        });`,
      )}`;
    const good = caseFile("s.test('b', () => {});");
    const bad = caseFile("s.test('c', () => { throw new Error('no'); });");

    const shaken = runFiles({ good, shaky: once('mark') });
    same(shaken.code, 0);
    same(lastLine(shaken), '2 passed, 0 failed, 0 skipped');
    match(shaken.stdout, /first words/);
    match(shaken.stdout, /unsteady[^\n]*\n {2}test\/shaky\.test\.ts: x: a\n/);
    const broken = runFiles({ good, bad, shaky: once('mark') });
    same(broken.code, 1);
    same(lastLine(broken), '2 passed, 1 failed, 0 skipped');
    const shaky = [1, 2, 3, 4].map((n) => [`shaky${n}`, once(`mark${n}`)]);
    same(runFiles({ good, ...Object.fromEntries(shaky) }).code, 1);
  });

  s.test('fails a file that never calls suite()', () => {
    const outcome = verdict("console.log('fine');\n");

    same(outcome.code, 1);
    same(lastLine(outcome), '0 passed, 1 failed, 0 skipped');
    match(outcome.stdout, /no case was reported/);
  });

  s.test('fails a file whose cases pass and whose exit code is not 0', () => {
    const outcome = verdict(
      `${caseFile("s.test('a', () => {});")}process.on('exit', () => process.exit(7));`,
    );

    same(outcome.code, 1);
    match(outcome.stdout, /exit code 7 though no case failed/);
  });

  s.test('fails a file that ends in the middle', () => {
    const outcome = verdict(
      caseFile("s.test('a', () => {}); s.test('b', () => process.exit(0)); s.test('c', () => {});"),
    );

    same(outcome.code, 1);
    same(lastLine(outcome), '1 passed, 1 failed, 0 skipped');
  });

  s.test('fails a file whose before hook threw, which uvu swallows', () => {
    const outcome = verdict(
      `${caseFile("s.test('a', () => {});")}suite('y', (s) => {
        s.before(() => { throw new Error('not ready'); });
        s.test('b', () => {});
      });`,
    );

    same(outcome.code, 1);
  });

  s.test('ends a file that hangs after its limit and names the open handle', () => {
    const outcome = verdict(
      `// timeout: 3 s\n${caseFile("s.test('a', () => {});")}setInterval(() => {}, 1000);`,
    );

    same(outcome.code, 1);
    same(lastLine(outcome), '1 passed, 1 failed, 0 skipped');
    match(outcome.stdout, /no end after 3 s: its cases had ended, an open handle kept it/);
  });

  s.test('ends and names a process that a file left behind', () => {
    const outcome = verdict(
      `import { spawn } from 'node:child_process';\n${caseFile(
        "s.test('a', () => { spawn('sleep', ['47']).unref(); process.exitCode = 0; });",
      )}setTimeout(() => process.exit(), 300);`,
    );

    same(outcome.code, 1);
    match(outcome.stdout, /left processes running: sleep \(\d+\)/);
  });

  s.test('runs the files that a word names, and refuses a word that names none', () => {
    const files = { one: caseFile("s.test('a', () => {});"), two: caseFile("throw 'not run';") };

    same(lastLine(runFiles(files, ['one'])), '1 passed, 0 failed, 0 skipped');
    same(runFiles(files, ['three']).code, 2);
    same(runFiles(files, ['--unknown']).code, 2);
  });

  s.test('runs files that measure time alone and last', () => {
    const slow = "s.test('a', async () => { await new Promise((r) => setTimeout(r, 300)); });";
    const outcome = runFiles({
      'a.timing': caseFile(slow),
      'b.netns': caseFile(slow),
      z: caseFile(slow),
    });

    const order = [...outcome.stdout.matchAll(/^ok +test\/(.+)\.test\.ts/gm)].map((m) => m[1]);
    same(order.join(' '), 'z b.netns a.timing');
  });

  s.test('runs files that only wait beside the others', () => {
    const file = (ms: number) =>
      caseFile(`s.test('a', async () => { await new Promise((r) => setTimeout(r, ${ms})); });`);
    const outcome = runFiles({
      'a.netns': file(10),
      'b.netns': `// waits\n${file(10)}`,
      y: file(2500),
      z: file(2500),
    });

    const order = [...outcome.stdout.matchAll(/^ok +test\/(.+)\.test\.ts/gm)].map((m) => m[1]);
    same([order[0], order.at(-1)].join(' '), 'b.netns a.netns');
  });
});
