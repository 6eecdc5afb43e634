// Questions on a terminal. They go to standard error, so that standard output stays what it is, and
// are asked only where somebody can answer.
import type { ReadStream } from 'node:tty';
import { printable } from '../../graph/terminal.ts';
import { UsageError } from '../command.ts';

const readline = process.getBuiltinModule('node:readline');

export const PIPED_BYTES_MAX = 1_048_576;

/** Whether somebody sits there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** One line; null when the input ends instead. */
export async function askLine(question: string): Promise<string | null> {
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise((resolve) => {
      lines.once('close', () => resolve(null));
      lines.once('SIGINT', () => lines.close());
      lines.question(`${printable(question)} `, (answer) => resolve(answer.trim()));
    });
  } finally {
    lines.close();
  }
}

/** Yes only for a word that says so. */
export async function askYes(question: string): Promise<boolean> {
  const answer = await askLine(`${question} [y/N]`);
  return answer !== null && /^y(es)?$/i.test(answer);
}

/** A line that is not shown; null when it is given up with Ctrl-C or Ctrl-D. */
export function askSecret(question: string): Promise<string | null> {
  const input = process.stdin as ReadStream;
  return new Promise((resolve) => {
    let typed = '';
    const end = (answer: string | null): void => {
      input.off('data', read);
      input.setRawMode(false);
      input.pause();
      process.stderr.write('\n');
      resolve(answer);
    };
    const read = (part: string): void => {
      const { text, ended } = afterKeys(typed, part);
      typed = text;
      if (ended !== null) end(ended === 'end' ? typed : null);
    };
    // Before the question: whoever is fast would see the first letters.
    input.setRawMode(true);
    process.stderr.write(`${printable(question)} `);
    input.setEncoding('utf8');
    input.on('data', read);
    input.resume();
  });
}

interface Typed {
  text: string;
  ended: 'end' | 'given up' | null;
}

/** What keys do to a line, up to the one that ends it. */
export function afterKeys(typed: string, keys: string): Typed {
  let text = typed;
  for (const key of keys) {
    const next = afterKey(text, key);
    if (typeof next === 'string') return { text, ended: next };
    text = next.text;
  }
  return { text, ended: null };
}

/** What a key does to a line that is typed unseen. */
function afterKey(typed: string, key: string): 'end' | 'given up' | { text: string } {
  if (key === '\r' || key === '\n') return 'end';
  if (key === '\u0003' || (key === '\u0004' && typed === '')) return 'given up';
  if (key === '\u007f' || key === '\b') return { text: [...typed].slice(0, -1).join('') };
  if (key === '\u0015') return { text: '' };
  return { text: key < ' ' ? typed : typed + key };
}

/** All of standard input, of which there must be an end. */
export async function readPiped(what: string, bytesMax = PIPED_BYTES_MAX): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bytesMax) {
      throw new UsageError(`${what} on standard input: more than ${bytesMax} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Asks for the name of what will be lost, unless `--yes` stands for it. Throws UsageError where
 * nobody can be asked.
 */
export async function confirmName(
  options: Readonly<Record<string, unknown>>,
  name: string,
  consequence: string,
): Promise<boolean> {
  if (options['yes'] === true) return true;
  if (!canAsk()) throw new UsageError(`${consequence}; add --yes to do it without a question`);
  process.stderr.write(`${printable(consequence)}.\n`);
  const typed = await askLine(`Type ${name} to go on:`);
  if (typed === name) return true;
  process.stderr.write('flint: nothing was changed\n');
  return false;
}
