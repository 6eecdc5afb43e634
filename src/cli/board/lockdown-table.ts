import type { CommandSpec, OptionSpec } from '../command.ts';
import { durationBetween } from '../values.ts';

// `flint lockdown` and what is below it: an entry of the command table.

const PLACES: readonly OptionSpec[] = [
  { flags: '--config <file>', text: 'agent.json, whose sections say who is let in' },
  { flags: '--state <directory>', text: 'where is kept whom the board must reach' },
];
const DRY_RUN: OptionSpec = {
  flags: '--dry-run',
  text: 'only say what would be loaded, run and written',
};
const JSON_OUTPUT: OptionSpec = { flags: '--json', text: 'one JSON object' };
const YES: OptionSpec = { flags: '--yes', text: 'even if it cuts off the SSH session you are in' };

export const LOCKDOWN_COMMAND: CommandSpec = {
  usage: 'lockdown',
  text: 'shuts this board: who may come in, and whom it may reach',
  options: [],
  examples: ['flint lockdown render', 'flint lockdown verify'],
  commands: [
    {
      usage: 'render',
      text: 'the rules as they would be loaded, in the language of nft',
      options: [...PLACES, JSON_OUTPUT],
      examples: ['flint lockdown render', 'flint lockdown render | nft -c -f -'],
      run: async (args, options) => (await import('./lockdown.ts')).runRender(args, options),
    },
    {
      usage: 'apply',
      text: 'load the rules, all at once or not at all',
      options: [
        ...PLACES,
        { flags: '--boot', text: 'before the network is up: ask nobody, and shut in any case' },
        YES,
        {
          flags: '--confirm <duration>',
          text: 'put back what was before unless you press Enter in time',
          parse: durationBetween(5_000, 600_000),
        },
        DRY_RUN,
        JSON_OUTPUT,
      ],
      examples: [
        'flint lockdown apply --dry-run',
        'flint lockdown apply --confirm 60s',
        'flint lockdown apply --boot',
      ],
      run: async (args, options) => (await import('./lockdown-apply.ts')).runApply(args, options),
    },
    {
      usage: 'verify',
      text: 'hold what the kernel has against what it should have',
      options: [...PLACES, JSON_OUTPUT],
      examples: ['flint lockdown verify', 'flint lockdown verify --json'],
      run: async (args, options) => (await import('./lockdown.ts')).runVerify(args, options),
    },
    {
      usage: 'remove',
      text: 'open the board; an agent that runs shuts it again',
      options: [...PLACES, DRY_RUN, JSON_OUTPUT],
      examples: ['flint lockdown remove --dry-run', 'flint lockdown remove'],
      run: async (args, options) => (await import('./lockdown.ts')).runRemove(args, options),
    },
  ],
};
