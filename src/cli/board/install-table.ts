import type { CommandSpec, OptionSpec } from '../command.ts';

// The commands that make a machine a board: entries of the command table.

const PLACE: readonly OptionSpec[] = [
  { flags: '--prefix <directory>', text: 'where the program lies (/usr/lib/flint)' },
  { flags: '--root <directory>', text: 'another file system tree, of an image for example' },
];

const HOW: readonly OptionSpec[] = [
  { flags: '--yes', text: 'do not ask on a terminal' },
  { flags: '--dry-run', text: 'only say what would be done' },
  { flags: '--json', text: 'one JSON object' },
];

const SHOW: readonly OptionSpec[] = [
  { flags: '--device <name>', text: 'of a board with this SD card, and nothing else: mmcblk0' },
  { flags: '--interface <name>', text: 'whose address it is' },
  { flags: '--config <file>', text: 'agent.json, which names the hardware' },
  { flags: '--hardware <slug>', text: 'the hardware profile' },
  { flags: '--json', text: 'one JSON object' },
];

export const INSTALL_COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'install',
    text: 'makes this machine a probe: users, directories, units. Says all of it before',
    options: [
      { flags: '--control <url>', text: 'origin of the control, for a new agent.json' },
      { flags: '--hardware <slug>', text: 'the hardware profile of the board' },
      { flags: '--agent-config <file>', text: 'a whole agent.json, where there is none yet' },
      { flags: '--node <file>', text: 'the Node of the services (the one that runs this)' },
      { flags: '--no-start', text: 'start nothing now' },
      ...PLACE,
      ...HOW,
    ],
    examples: [
      'flint install --dry-run',
      'flint install --control https://control.example',
      'flint install --agent-config agent.json --yes',
    ],
    run: async (args, options) => (await import('./install.ts')).runInstall(args, options),
  },
  {
    usage: 'uninstall',
    text: 'removes what `flint install` brought; state and secrets stay',
    options: [
      { flags: '--purge', text: 'remove state, configuration, secrets and users, too' },
      ...PLACE,
      ...HOW,
    ],
    examples: ['flint uninstall --dry-run', 'flint uninstall --purge --yes'],
    run: async (args, options) => (await import('./uninstall.ts')).runUninstall(args, options),
  },
  {
    usage: 'mac',
    text: 'the MAC that this board has and should have; at the desk, that of a card in a reader',
    options: SHOW,
    examples: ['flint mac', 'flint mac --device mmcblk0', 'flint mac set --interface end0'],
    run: async (args, options) => (await import('./mac.ts')).runMacShow(args, options),
    commands: [
      {
        usage: 'show',
        text: 'the same',
        options: SHOW,
        examples: ['flint mac show', 'flint mac show --device mmcblk0'],
        run: async (args, options) => (await import('./mac.ts')).runMacShow(args, options),
      },
      {
        usage: 'set',
        text: 'give the interface the address that its board should have',
        options: [
          { flags: '--interface <name>', text: 'which one; else that of the hardware profile' },
          { flags: '--device <name>', text: 'whose serial number counts (mmcblk0)' },
          { flags: '--config <file>', text: 'agent.json, which names the hardware' },
          { flags: '--hardware <slug>', text: 'the hardware profile' },
          { flags: '--boot', text: 'wait for interface and card; nothing to do is no error' },
          { flags: '--dry-run', text: 'only say what would be run' },
          { flags: '--json', text: 'one JSON object' },
        ],
        examples: ['flint mac set --interface end0', 'flint mac set --hardware r2s --dry-run'],
        run: async (args, options) => (await import('./mac.ts')).runMacSet(args, options),
      },
    ],
  },
];
