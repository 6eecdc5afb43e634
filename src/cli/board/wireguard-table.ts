import type { CommandSpec, OptionSpec } from '../command.ts';
import { AGENT_STATE, DRY_RUN, JSON_OPTION, TIMEOUT } from './mesh-options.ts';

// The commands of `flint wireguard`: the steps of the agent's own part, by hand.

const PLACE: readonly OptionSpec[] = [
  { flags: '--config <file>', text: 'agent.json, whose section "tailnet" says which peers' },
  AGENT_STATE,
];

const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'key',
    text: 'the public key of this board, for the other side; makes the key where there is none',
    options: [DRY_RUN, JSON_OPTION, ...PLACE],
    examples: ['flint wireguard key'],
    run: async (args, options) => (await import('./wireguard.ts')).runWireguardKey(args, options),
  },
  {
    usage: 'show',
    text: 'how this board stands, and what the other side must know; code 0 when it is joined',
    options: [JSON_OPTION, ...PLACE],
    examples: ['flint wireguard show', 'flint wireguard show --json'],
    run: async (args, options) => (await import('./wireguard.ts')).runWireguardShow(args, options),
  },
  {
    usage: 'up',
    text: 'bring the interface to where it should be, and wait for a handshake; may be repeated',
    options: [{ ...TIMEOUT, default: '30s' }, DRY_RUN, JSON_OPTION, ...PLACE],
    examples: ['flint wireguard up --dry-run', 'flint wireguard up'],
    run: async (args, options) => (await import('./wireguard.ts')).runWireguardUp(args, options),
  },
  {
    usage: 'down',
    text: 'take the interface away, and leave it away until `flint wireguard up`',
    options: [DRY_RUN, JSON_OPTION, ...PLACE],
    examples: ['flint wireguard down --dry-run', 'flint wireguard down'],
    run: async (args, options) => (await import('./wireguard.ts')).runWireguardDown(args, options),
  },
];

export const WIREGUARD_COMMAND: CommandSpec = {
  usage: 'wireguard',
  text: 'the mesh by plain WireGuard: key, look, up, down',
  options: [],
  commands: COMMANDS,
  examples: ['flint wireguard key', 'flint wireguard show'],
};
