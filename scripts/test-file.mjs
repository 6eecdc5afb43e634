// One test file in one process, and what is wrong with how it ended.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const OUTPUT_CHARACTERS_MAX = 8 << 20;
const KILL_AFTER_MS = 5_000;
const PIPES_OPEN_MS = 1_000;
const LEFT_MS_MAX = 1_000;
const LEFT_POLL_MS = 50;

/** Process → its folder. */
const running = new Map();

/**
 * Runs one file: { path, passed, failed, skipped, faults, output, seconds }; failed and skipped are
 * names of cases, faults are sentences about the file as a whole.
 */
export async function runTestFile(root, { path, limitS }, coverage) {
  const folder = mkdtempSync(join(tmpdir(), 'flint-test-'));
  const report = join(folder, 'report');
  writeFileSync(report, '');
  // A test that gave up root goes on reporting.
  chmodSync(folder, 0o711);
  chmodSync(report, 0o666);
  const startMs = Date.now();
  const env = childEnvironment({ FLINT_TEST_REPORT: report }, coverage);
  const end = await runChild(root, path, { env, limitS, folder });
  const left = await endLeftProcesses(end.pid);
  const cases = readReport(report);
  rmSync(folder, { recursive: true, force: true });
  const seconds = (Date.now() - startMs) / 1000;
  const faults = findFaults({ ...end, limitS, left }, cases);
  return { path, ...cases, faults, output: end.output, seconds };
}

/** For a signal that ends the whole run. */
export function killRunning() {
  for (const [pid, folder] of running) {
    killGroup(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A test's output is a pipe: without colours, whatever this terminal wants. */
function childEnvironment(added, coverage) {
  const { FORCE_COLOR, NO_COLOR, ...inherited } = process.env;
  const env = { ...inherited, ...added };
  return coverage === null ? env : { ...env, NODE_V8_COVERAGE: coverage };
}

function runChild(root, path, { env, limitS, folder }) {
  return new Promise((resolve) => {
    const words = ['--import', 'tsx', path];
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(process.execPath, words, { cwd: root, env, stdio, detached: true });
    const end = { pid: child.pid, code: null, signal: null, isLate: false, output: '' };
    running.set(child.pid, folder);
    const limit = setTimeout(() => {
      end.isLate = true;
      killGroup(child.pid, 'SIGTERM');
      setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
    }, limitS * 1000);
    const keep = (chunk) => {
      end.output = (end.output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('exit', (code, signal) => {
      clearTimeout(limit);
      Object.assign(end, { code, signal });
      // What the file left behind may hold the pipes open.
      setTimeout(() => child.stdout.destroy(), PIPES_OPEN_MS).unref();
      setTimeout(() => child.stderr.destroy(), PIPES_OPEN_MS).unref();
    });
    child.on('close', () => {
      running.delete(child.pid);
      resolve(end);
    });
  });
}

/** Names of the processes of the group that outlive the file; they are ended. */
async function endLeftProcesses(group) {
  const deadlineMs = Date.now() + LEFT_MS_MAX;
  let left = processesOf(group);
  while (left.length > 0 && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, LEFT_POLL_MS));
    left = processesOf(group);
  }
  if (left.length > 0) killGroup(group, 'SIGKILL');
  return left;
}

/** From /proc: "name (pid)", without the dead that nobody has waited for. */
function processesOf(group) {
  const found = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readStat(pid);
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(processGroup) !== group || state === 'Z') continue;
    found.push(`${stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))} (${pid})`);
  }
  return found;
}

function readStat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** ESRCH: the group is gone already. */
function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function readReport(report) {
  const cases = { passed: 0, failed: [], skipped: [] };
  for (const line of readFileSync(report, 'utf8').split('\n')) {
    const [outcome, name] = line.split('\t', 2);
    if (outcome === 'passed') cases.passed++;
    else if (outcome === 'failed' || outcome === 'skipped') cases[outcome].push(name);
  }
  return cases;
}

function findFaults({ code, signal, isLate, limitS, left, output }, cases) {
  const faults = [];
  const totals = readTotals(output);
  if (isLate) {
    const why = totals === null ? '' : ': its cases had ended, an open handle kept it';
    faults.push(`no end after ${limitS} s${why}`);
  } else if (signal !== null) {
    faults.push(`killed by ${signal}`);
  } else if (code !== 0 && cases.failed.length === 0) {
    faults.push(`exit code ${code} though no case failed`);
  }
  if (faults.length > 0) return faults;
  if (cases.passed + cases.failed.length + cases.skipped.length === 0) {
    faults.push('no case was reported: does it call suite()?');
  }
  // uvu swallows what a before hook throws, and the cases behind it.
  if (totals !== null && totals.passed + cases.failed.length < totals.total) {
    faults.push(`${totals.total - totals.passed} of ${totals.total} cases did not run`);
  }
  if (left.length > 0) faults.push(`left processes running: ${left.join(', ')}`);
  return faults;
}

/** The last totals that uvu printed, or null where it did not come so far. */
function readTotals(output) {
  const text = stripVTControlCharacters(output);
  const last = [...text.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)$/gm)].at(-1);
  return last === undefined ? null : { total: Number(last[1]), passed: Number(last[2]) };
}
