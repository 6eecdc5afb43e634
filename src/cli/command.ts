// The command line as data: what there is, what it takes, an example. The table is read to build
// the parser and the help; the module behind a command is loaded only when it is run.

export interface OptionSpec {
  /** As commander writes it: `-c, --count <n>`. */
  flags: string;
  text: string;
  /**
   * Turns the text into a value; throws UsageError with what was expected. `before` is the value so
   * far, for options that may be given again.
   */
  parse?: (text: string, before?: unknown) => unknown;
  /** As one would type it. */
  default?: string;
}

export interface CommandSpec {
  /** `ping <host...>` */
  usage: string;
  text: string;
  options: readonly OptionSpec[];
  examples: readonly string[];
  /** Those below it: `list` of `flint fleet list`. */
  commands?: readonly CommandSpec[];
  /** A command that only has others below it shows its help. */
  run?(args: readonly string[], options: Record<string, unknown>): Promise<number>;
}

/** Exit codes: 1 the measurement failed or found trouble, 2 wrong use, 3 not possible here. */
export const EXIT = { ok: 0, trouble: 1, usage: 2, unavailable: 3 } as const;

/** Wrong use; the message says what was expected. */
export class UsageError extends Error {}
