import type { CommandSpec } from '../command.ts';
import { durationBetween } from '../values.ts';

// `flint push` and `flint vmauth`: entries of the command table.

export const PUSH_COMMAND: CommandSpec = {
  usage: 'push',
  text: 'takes the metrics of this board to their server: a step of the agent',
  options: [
    { flags: '--config <file>', text: 'agent.json, whose section "push" says where to' },
    { flags: '--state <directory>', text: 'where the queue is kept' },
    { flags: '--run <directory>', text: 'where vmagent finds what it reads' },
    { flags: '--once', text: 'end when the server took something, or after a minute' },
    { flags: '--status', text: 'only say how the push stands' },
    { flags: '--dry-run', text: 'only say what would be written and run' },
    { flags: '--json', text: 'one JSON object a line' },
  ],
  commands: [
    {
      usage: 'relay',
      text: 'what stands before an old vmauth; set by its environment',
      options: [],
      examples: ['FLINT_RELAY_URL=http://[fd00::1]/remote_write … flint push relay'],
      run: async (args, options) => (await import('./push-relay.ts')).runRelay(args, options),
    },
  ],
  examples: ['flint push --dry-run', 'flint push --config /etc/flint/agent.json --once'],
  run: async (args, options) => (await import('./push.ts')).runPush(args, options),
};

export const VMAUTH_COMMAND: CommandSpec = {
  usage: 'vmauth',
  text: 'on the metrics server: who may push',
  options: [],
  commands: [
    {
      usage: 'sync',
      text: 'fetches the users from the control, swaps the file of vmauth, reloads it',
      options: [
        { flags: '--config <file>', text: 'vmauth.json, which may say all of this' },
        { flags: '--control <url>', text: 'origin of the control (or of sparky-web)' },
        { flags: '--key <secret>', text: 'name of the secret with the metrics API key' },
        { flags: '--file <file>', text: 'the file that vmauth reads' },
        { flags: '--vmauth <url>', text: 'where vmauth answers' },
        {
          flags: '--interval <duration>',
          text: 'go on, and do so again after this long',
          parse: durationBetween(5_000, 86_400_000),
        },
        { flags: '--shrink', text: 'once, and also when most probes would be shut out' },
        { flags: '--dry-run', text: 'only say what would change' },
        { flags: '--json', text: 'one JSON object a line' },
      ],
      examples: [
        'flint vmauth sync --dry-run',
        'flint vmauth sync --config /etc/flint/vmauth.json --interval 30s',
      ],
      run: async (args, options) => (await import('../vmauth.ts')).runVmauthSync(args, options),
    },
  ],
  examples: ['flint vmauth sync --dry-run'],
};
