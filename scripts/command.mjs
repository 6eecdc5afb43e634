// Runs the commands that the scripts of this folder are made of. Output is collected and shown only
// when a command fails, so that a good run stays a few lines; a signal reaches the child first and
// ends the script when the child is gone, so that what a script must undo is undone.
// Only what old versions of Node know: setup must be able to say that this one is too old.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';

const OUTPUT_CHARACTERS_MAX = 1 << 20;
const KILL_AFTER_MS = 10_000;
const PIPES_OPEN_MS = 2_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ends a script: the message is one line that says what to do, the code is its exit code. */
export class ScriptError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

let interruptedBy = null;
let child = null;

/**
 * Runs a command to its end. Returns { code, output }: the exit code (null when it could not be
 * started or was killed) and stdout and stderr as they came. Throws only when a signal asked this
 * script to end. With `show` the output goes to stderr as it comes; `inherit` are descriptors that
 * the command keeps open as long as it lives.
 */
export async function run(command, args, options = {}) {
  watchSignals();
  const result = await collect(command, args, options);
  if (interruptedBy !== null) {
    const number = osConstants.signals[interruptedBy];
    throw new ScriptError(`ended by ${interruptedBy}`, 128 + number);
  }
  return result;
}

/** The path of a program, or null when PATH has none. */
export function which(name) {
  for (const folder of (process.env.PATH || '').split(delimiter)) {
    const path = join(folder || '.', name);
    if (isExecutable(path)) return path;
  }
  return null;
}

/** Runs a script's main function; an error becomes its message and exit code. */
export async function runMain(name, main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const known = error instanceof ScriptError;
    process.stderr.write(`${name}: ${known ? error.message : error.stack}\n`);
    process.exitCode = known ? error.exitCode : 1;
  }
}

/** "12.3 s" since a Date.now() of before. */
export function since(startMs) {
  return `${((Date.now() - startMs) / 1000).toFixed(1)} s`;
}

function collect(command, args, options) {
  const { cwd, env = process.env, input = '', limitMs, show = false, inherit = [] } = options;
  return new Promise((resolve) => {
    let output = '';
    let late = null;
    const started = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe', ...inherit] });
    const limit = setTimeout(() => {
      late = `${command} was ended: it took longer than ${limitMs / 1000} s\n`;
      started.kill('SIGTERM');
      setTimeout(() => started.kill('SIGKILL'), KILL_AFTER_MS).unref();
    }, limitMs);
    const keep = (chunk) => {
      if (show) process.stderr.write(chunk);
      output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
    };
    const finish = (code, text) => {
      clearTimeout(limit);
      child = null;
      resolve({ code, output: output + text });
    };
    child = started;
    started.stdout.setEncoding('utf8').on('data', keep);
    started.stderr.setEncoding('utf8').on('data', keep);
    started.stdin.on('error', () => {});
    started.stdin.end(input);
    started.on('error', (error) => finish(null, `${command}: ${error.message}\n`));
    started.on('exit', () => closeLater(started));
    started.on('close', (code) => finish(late === null ? code : null, late || ''));
  });
}

/** A grandchild that lives on and holds the pipes must not hold us too. */
function closeLater(ended) {
  const close = () => {
    ended.stdout.destroy();
    ended.stderr.destroy();
  };
  setTimeout(close, PIPES_OPEN_MS).unref();
}

/** A terminal's Ctrl-C reaches the child by itself; any other signal is passed on. */
function watchSignals() {
  if (process.listenerCount('SIGTERM') > 0) return;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (interruptedBy !== null || child === null) process.exit(128 + osConstants.signals[signal]);
      interruptedBy = signal;
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
