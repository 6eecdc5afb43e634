// Runs test/**/*.test.ts, each file in a process of its own: an open handle, a crash or a leaked
// process is then the fault of one file. What a file claims is not believed: it must report its
// cases, run all of them, end by itself with exit code 0 and leave no process behind.
// Usage: npm test [-- WORD …] [-- --verbose]; npm run cover
//   WORD       runs only the files whose path contains one of the words
//   --verbose  shows the output of the files that passed, too
//   --cover    line and branch coverage of src/, with its limits where all files ran
// A file may ask for another limit than two minutes by a first line `// timeout: 300 s`. Files
// named *.netns.test.ts run after the others, two at a time, and *.timing.test.ts last, alone; but
// one that mostly waits and measures nothing may say `// waits` in a line of its own, and runs
// beside the others. Where at most three files failed, each runs once more with the machine to
// itself: what passes then is listed as unsteady, with what it said the first time.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMain, ScriptError, since } from './command.mjs';
import { closeCoverage, openCoverage } from './coverage.mjs';
import { killRunning, runTestFile } from './test-file.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const AT_ONCE_MAX = 2;
const WAITING_AT_ONCE_MAX = 2;
const NETWORKS_AT_ONCE_MAX = 2;
const LIMIT_S = 120;
/** More than these is no matter of a busy machine. */
const AGAIN_MAX = 3;
const OPTIONS = ['--verbose', '--cover'];

async function main(words) {
  const unknown = words.filter((word) => word.startsWith('-') && !OPTIONS.includes(word));
  if (unknown.length > 0) {
    throw new ScriptError(`unknown option ${unknown[0]}: known are ${OPTIONS.join(', ')}`, 2);
  }
  if (!existsSync(join(ROOT, 'node_modules', 'tsx'))) {
    throw new ScriptError('the npm packages are missing: run `npm run setup` first', 3);
  }
  const filters = words.filter((word) => !OPTIONS.includes(word));
  const paths = findTests(filters);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => endBy(signal));

  const startMs = Date.now();
  const coverage = words.includes('--cover') ? openCoverage() : null;
  const options = { coverage, verbose: words.includes('--verbose') };
  const { results, unsteady } = await runAgain(await runAll(paths, options), options);
  const isCovered = coverage === null || closeCoverage(ROOT, coverage, filters.length === 0);
  return summarize(results, unsteady, since(startMs)) && isCovered ? 0 : 1;
}

function findTests(filters) {
  const all = readdirSync(join(ROOT, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
  const paths = all.filter((path) => matches(path, filters));
  if (paths.length > 0) return paths;
  throw new ScriptError(`no test file's path contains ${filters.join(' or ') || '.test.ts'}`, 2);
}

function matches(path, filters) {
  return filters.length === 0 || filters.some((word) => path.includes(word));
}

/** At most two, and two that wait; then two of a network each; then what measures time, alone. */
async function runAll(paths, options) {
  const isNetwork = (path) => /\.netns\.test\.ts$/.test(path);
  const isTiming = (path) => /\.timing\.test\.ts$/.test(path);
  const isAlone = (path) => isNetwork(path) || isTiming(path);
  const files = paths.map((path) => ({ path, ...wishesOf(path) }));
  const together = files.filter(({ path }) => !isAlone(path));
  // The long ones first, so that none runs on when the rest is done.
  together.sort((a, b) => b.limitS - a.limitS);
  const waiting = files.filter(({ path, waits }) => isAlone(path) && waits);
  const first = await Promise.all([
    runQueue(together, AT_ONCE_MAX, options),
    runQueue(waiting, WAITING_AT_ONCE_MAX, options),
  ]);
  const apart = files.filter(({ path, waits }) => isAlone(path) && !waits);
  const networks = apart.filter(({ path }) => isNetwork(path));
  const timings = apart.filter(({ path }) => isTiming(path));
  return [
    ...first.flat(),
    ...(await runQueue(networks, NETWORKS_AT_ONCE_MAX, options)),
    ...(await runQueue(timings, 1, options)),
  ];
}

/** A stall of a shared machine spoils a measurement once; a defect is there again. */
async function runAgain(results, options) {
  const failed = results.filter((result) => !isGood(result));
  if (failed.length > AGAIN_MAX || results.length === failed.length) {
    return { results, unsteady: [] };
  }
  const unsteady = [];
  const second = new Map();
  for (const first of failed) {
    print(`\nonce more, alone: ${first.path}`);
    const file = { path: first.path, ...wishesOf(first.path) };
    const [result] = await runQueue([file], 1, options);
    second.set(first.path, result);
    if (isGood(result)) unsteady.push(...failuresOf(first));
  }
  return { results: results.map((first) => second.get(first.path) ?? first), unsteady };
}

async function runQueue(files, atOnce, { coverage, verbose }) {
  const queue = [...files];
  const results = [];
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(ROOT, file, coverage);
      show(result, verbose);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

function wishesOf(path) {
  const start = readFileSync(join(ROOT, path), 'utf8').slice(0, 200);
  const asked = /^\/\/ timeout: (\d+) s$/m.exec(start);
  const limitS = asked === null ? LIMIT_S : Number(asked[1]);
  return { limitS, waits: /^\/\/ waits$/m.test(start) };
}

function show(result, verbose) {
  const { path, passed, failed, skipped, faults, seconds } = result;
  const counts = [`${passed} passed`];
  if (failed.length > 0) counts.push(`${failed.length} failed`);
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  const mark = isGood(result) ? paint('32', 'ok  ') : paint('31', 'FAIL');
  print(`${mark} ${path}  ${paint('2', `${counts.join(', ')}, ${seconds.toFixed(1)} s`)}`);
  if (!isGood(result) || verbose) process.stdout.write(result.output.replace(/\n?$/, '\n'));
  for (const fault of faults) print(`${paint('31', 'FAIL')} ${path}: ${fault}`);
}

function isGood({ failed, faults }) {
  return failed.length === 0 && faults.length === 0;
}

function failuresOf({ path, failed, faults }) {
  return [...failed, ...faults].map((text) => `${path}: ${text}`);
}

function summarize(results, unsteady, took) {
  const failures = results.flatMap(failuresOf);
  const skipped = results.flatMap((result) => result.skipped);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  list('skipped', '33', skipped);
  list('unsteady: failed beside others, passed alone', '33', unsteady);
  list('failed', '31', failures);
  print(`\n${results.length} files, ${took}`);
  print(`${passed} passed, ${failures.length} failed, ${skipped.length} skipped`);
  return failures.length === 0;
}

function list(title, colour, lines) {
  if (lines.length > 0) print(`\n${paint(colour, title)}`);
  for (const line of lines) print(`  ${line}`);
}

function endBy(signal) {
  killRunning();
  process.stderr.write(`test: ended by ${signal}\n`);
  process.exit(1);
}

function paint(code, text) {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0';
  const isWanted = isForced || (!NO_COLOR && FORCE_COLOR !== '0' && process.stdout.isTTY);
  return isWanted ? `\x1b[${code}m${text}\x1b[0m` : text;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

await runMain('test', main);
