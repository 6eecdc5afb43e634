import { isRecord } from '../../core/config-value.ts';
import type { Log } from '../../host/log.ts';
import type { Voice } from '../voice.ts';

// What vmagent writes, in our log: without its hundreds of lines that differ in a number only.

const TEMPLATES_MAX = 64;
const TEXT_LENGTH_MAX = 400;
/** Last words, which are told each time: one that is made to talk must not fill the journal. */
const FATAL_MAX = 20;
const FATAL_MS = 3_600_000;

/** Takes a line of vmagent; its last words as they should be told to people. */
export function openVmagentLog(
  voice: Voice,
  log: Log,
  monotonicMs = () => performance.now(),
): (line: string) => void {
  const told = new Map<string, string>();
  const fatal = { count: 0, sinceMs: monotonicMs() };
  return (line) => {
    const { level, text } = parseLine(line);
    if (level === 'info') return;
    const message = `vmagent: ${text}`;
    if (level === 'fatal' || level === 'panic') tellFatal(message);
    else tell(message);
  };

  function tellFatal(message: string): void {
    if (monotonicMs() - fatal.sinceMs > FATAL_MS) {
      Object.assign(fatal, { count: 0, sinceMs: monotonicMs() });
    }
    if (fatal.count++ < FATAL_MAX) log.error(message);
  }

  function tell(message: string): void {
    const template = message.replace(/[0-9]+/g, '#');
    const first = told.get(template);
    if (first === undefined) {
      // Who invents a new text each time is told only so often.
      if (told.size >= TEMPLATES_MAX) return;
      told.set(template, message);
    }
    voice.trouble(template, first ?? message);
  }
}

/** A line of `-loggerFormat=json`, or whatever it is. */
export function parseLine(line: string): { level: string; text: string } {
  const record = parseJson(line);
  const [level, text] = isRecord(record) ? [record['level'], record['msg']] : [null, line];
  return {
    level: typeof level === 'string' ? level : 'error',
    text: (typeof text === 'string' ? text : line).trim().slice(0, TEXT_LENGTH_MAX),
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
