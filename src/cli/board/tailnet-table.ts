import type { CommandSpec, OptionSpec } from '../command.ts';
import { AGENT_STATE, DRY_RUN, JSON_OPTION, TIMEOUT } from './mesh-options.ts';

// The commands of `flint tailnet`: the steps of the agent's own part, by hand.

const PLACE: readonly OptionSpec[] = [
  { flags: '--config <file>', text: 'agent.json, whose section "tailnet" says where' },
  AGENT_STATE,
];

const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'join',
    text: 'join the tailnet and wait until others reach this board; may be repeated at will',
    options: [
      { flags: '--key-file <file>', text: 'holds a pre-auth key, instead of the secret' },
      { ...TIMEOUT, default: '2m' },
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
