import type { CommandSpec } from './command.ts';

// The daemon is started with a word and a few long options. Read here, these need no parser: the
// one for people would stay in the daemon's memory (4 MiB) as long as it runs.

/**
 * The options of `words`, when they are the name of the command and nothing but its long options,
 * each at most once; null for everything else, which the parser for people then judges.
 */
export function readPlain(
  spec: CommandSpec,
  words: readonly string[],
): Record<string, unknown> | null {
  const [name, ...rest] = words;
  if (name !== spec.usage) return null;
  const options: Record<string, unknown> = {};
  while (rest.length > 0) {
    const flag = rest.shift() ?? '';
    const known = spec.options.find(({ flags }) => flags.split(' ')[0] === flag);
    const key = flag.slice(2);
    if (known === undefined || known.parse !== undefined || key in options) return null;
    const value = known.flags.includes('<') ? rest.shift() : true;
    if (value === undefined || (typeof value === 'string' && value.startsWith('-'))) return null;
    options[key] = value;
  }
  return options;
}
