import type { OptionSpec } from '../command.ts';
import { durationBetween } from '../values.ts';

// What `flint tailnet` and `flint wireguard` have in common: one mesh, of either kind.

export const AGENT_STATE: OptionSpec = {
  flags: '--state <directory>',
  text: 'where the agent keeps its state',
};

export const JSON_OPTION: OptionSpec = { flags: '--json', text: 'one JSON object' };

export const DRY_RUN: OptionSpec = {
  flags: '--dry-run',
  text: 'only say which commands would be run and which files changed',
};

/** Its default is of the kind. */
export const TIMEOUT = {
  flags: '--timeout <duration>',
  text: 'how long to wait',
  parse: durationBetween(1_000, 86_400_000),
} as const satisfies OptionSpec;
