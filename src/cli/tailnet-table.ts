import type { CommandSpec, OptionSpec } from './command.ts';
import { durationBetween } from './values.ts';

// The commands of `flint tailnet`: the steps of the agent's own part, by hand.

const PLACE: readonly OptionSpec[] = [
  { flags: '--config <file>', text: 'agent.json, whose section "tailnet" says where' },
  { flags: '--state <directory>', text: 'where the agent keeps its state' },
];

const JSON_OPTION: OptionSpec = { flags: '--json', text: 'one JSON object' };

const DRY_RUN: OptionSpec = {
  flags: '--dry-run',
  text: 'only say which commands would be run and which files changed',
};

const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'join',
    text: 'join the tailnet and wait until others reach this board; may be repeated at will',
    options: [
      { flags: '--key-file <file>', text: 'holds a pre-auth key, instead of the secret' },
      {
        flags: '--timeout <duration>',
        text: 'how long to wait',
        parse: durationBetween(1_000, 86_400_000),
        default: '2m',
      },
      DRY_RUN,
      JSON_OPTION,
      ...PLACE,
    ],
    examples: [
      'flint tailnet join',
      'flint tailnet join --key-file /root/tailnet-key --timeout 5m',
      'flint tailnet join --dry-run',
    ],
    run: async (args, options) => (await import('./tailnet.ts')).runTailnetJoin(args, options),
  },
  {
    usage: 'status',
    text: 'how this board stands in its tailnet; code 0 when it is joined',
    options: [JSON_OPTION, ...PLACE],
    examples: ['flint tailnet status', 'flint tailnet status --json'],
    run: async (args, options) => (await import('./tailnet.ts')).runTailnetStatus(args, options),
  },
  {
    usage: 'leave',
    text: 'log out, take the address away, and stay out until `flint tailnet join`',
    options: [DRY_RUN, JSON_OPTION, ...PLACE],
    examples: ['flint tailnet leave --dry-run', 'flint tailnet leave'],
    run: async (args, options) => (await import('./tailnet.ts')).runTailnetLeave(args, options),
  },
];

export const TAILNET_COMMAND: CommandSpec = {
  usage: 'tailnet',
  text: 'the mesh by which this board is reached: join, look, leave',
  options: [],
  commands: COMMANDS,
  examples: ['flint tailnet status', 'flint tailnet join'],
};
