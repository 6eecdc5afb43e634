// The benchmarks, beside their peers in the same run, in one table.
//   npm run bench [-- NAME… --json FILE --quick --long]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as accuracy from './accuracy.ts';
import * as board from './board.ts';
import * as changePoint from './change-point.ts';
import * as control from './control.ts';
import * as flags from './flags.ts';
import * as footprint from './footprint.ts';
import * as instructions from './instructions.ts';
import { describeMachine, machineLine } from './machine.ts';
import * as micro from './micro.ts';
import * as paths from './paths.ts';
import * as rate from './rate.ts';
import { absent, type Case, type Length, type Row } from './row.ts';
import * as schedule from './schedule.ts';
import * as start from './start.ts';
import { formatTable } from './table.ts';

const CASES: readonly Case[] = [
  accuracy,
  rate,
  micro,
  schedule,
  paths,
  footprint,
  start,
  changePoint,
  control,
  board,
  flags,
  instructions,
];

interface Options {
  cases: readonly Case[];
  length: Length;
  json: string | null;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    process.stderr.write(`bench: ${options}\n`);
    return 2;
  }
  // The lab ends what it started, and removes its namespaces, when the process ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(130));
  const machine = describeMachine();
  const rows: { name: string; rows: Row[] }[] = [];
  let hasFailed = false;
  for (const one of options.cases) {
    const startMs = Date.now();
    say(`${one.name}: ${one.goal}`);
    try {
      rows.push({ name: one.name, rows: await one.run({ length: options.length, say }) });
    } catch (error) {
      hasFailed = true;
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      const why = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
      rows.push({
        name: one.name,
        rows: [absent(one.name, one.goal, `failed: ${why.slice(0, 80)}`)],
      });
    }
    say(`${one.name}: ${((Date.now() - startMs) / 1000).toFixed(0)} s`);
  }
  const note = options.length === 'quick' ? ' (--quick: figures of little meaning)' : '';
  process.stdout.write(`${machineLine(machine)}${note}\n\n`);
  process.stdout.write(formatTable(rows.flatMap((part) => part.rows)));
  if (options.json !== null) {
    const { length } = options;
    const text = JSON.stringify({ machine, length, cases: rows }, null, 1);
    writeFileSync(options.json, `${text}\n`);
  }
  return hasFailed ? 1 : 0;
}

function parseOptions(words: string[]): Options | string {
  const names = CASES.map(({ name }) => name);
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        long: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.find((name) => !names.includes(name));
    if (unknown !== undefined) return `unknown case ${unknown}: one of ${names.join(', ')}`;
    const isAsked = ({ name }: Case): boolean =>
      positionals.length === 0 || positionals.includes(name);
    const length = values.quick ? 'quick' : values.long ? 'long' : 'normal';
    return { cases: CASES.filter(isAsked), length, json: values.json ?? null };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

process.exitCode = await main();
