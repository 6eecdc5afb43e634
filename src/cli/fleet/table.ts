import type { CommandSpec } from '../command.ts';
import { oneOf, wholeNumber } from '../values.ts';
import { ABOUT, CONNECTION, YES } from './options.ts';
import { FLEET_SET_COMMANDS } from './table-sets.ts';

// The commands of `flint fleet`: entries of the command table. Each module is loaded when it runs.

export const HEALTHS = ['well', 'trouble', 'silent', 'waiting', 'disabled', 'maintenance'];
export const STATES = ['registered', 'pending', 'bound', 'disabled'];
export const SORTS = ['worst', 'name', 'seen', 'created', 'location', 'version'];

const ACCOUNT: readonly CommandSpec[] = [
  {
    usage: 'login <url>',
    text: 'log in at a control; asks for the password, keeps an API token',
    options: [
      { flags: '--name <user>', text: 'as whom; your name on this machine without' },
      { flags: '--token-stdin', text: 'read an API token from standard input instead' },
      ...CONNECTION.filter(({ flags }) => !flags.startsWith('--control')),
    ],
    examples: [
      'flint fleet login https://control.example --name anna',
      'flint fleet login https://control.example --token-stdin < token',
    ],
    run: async (args, options) => (await import('./login.ts')).runLogin(args, options),
  },
  {
    usage: 'logout',
    text: 'end the token of the last login and forget it',
    options: CONNECTION,
    examples: ['flint fleet logout'],
    run: async (args, options) => (await import('./login.ts')).runLogout(args, options),
  },
  {
    usage: 'status',
    text: 'who you are, at which control, and what hurts there',
    options: CONNECTION,
    examples: ['flint fleet status'],
    run: async (args, options) => (await import('./status.ts')).runStatus(args, options),
  },
];

const PROBES: readonly CommandSpec[] = [
  {
    usage: 'list [words...]',
    text: 'the probes, worst first; words are looked for in all that is known of them',
    options: [
      { flags: '--group <name>', text: 'of this group' },
      { flags: '--tag <word>', text: 'with this tag' },
      { flags: '--health <health>', text: HEALTHS.join(', '), parse: oneOf(HEALTHS) },
      { flags: '--state <state>', text: STATES.join(', '), parse: oneOf(STATES) },
      { flags: '--sort <column>', text: SORTS.join(', '), parse: oneOf(SORTS) },
      { flags: '--order <order>', text: 'asc or desc', parse: oneOf(['asc', 'desc']) },
      {
        flags: '--limit <n>',
        text: 'so many at most, 0 for all',
        parse: wholeNumber(0, 1_000_000),
        default: '100',
      },
      ...CONNECTION,
    ],
    examples: ['flint fleet list', 'flint fleet list ulm --health silent --limit 0 --json'],
    run: async (args, options) => (await import('./list.ts')).runList(args, options),
  },
  {
    usage: 'show <name>',
    text: 'all that is known of a probe',
    options: CONNECTION,
    examples: ['flint fleet show probe05'],
    run: async (args, options) => (await import('./show.ts')).runShow(args, options),
  },
  {
    usage: 'add',
    text: 'register a board by its MAC address',
    options: [
      { flags: '--mac <mac>', text: 'as printed on the board' },
      {
        flags: '--hardware <slug>',
        text: 'which kind of board; flint fleet hardware lists them',
        parse: String,
        default: 'generic',
      },
      { flags: '--name <name>', text: 'of the probe; the next free one without' },
      ...ABOUT,
      ...CONNECTION,
    ],
    examples: ['flint fleet add --mac 02:00:5e:10:00:05 --hardware r2s --group homes,ulm'],
    run: async (args, options) => (await import('./edit.ts')).runAdd(args, options),
  },
  {
    usage: 'edit <name>',
    text: 'change what is said of a probe; the rest stays',
    options: [
      { flags: '--name <name>', text: 'a new name' },
      { flags: '--hardware <slug>', text: 'another kind of board' },
      ...ABOUT,
      ...CONNECTION,
    ],
    examples: ['flint fleet edit probe05 --location "Ulm, cellar" --tag ""'],
    run: async (args, options) => (await import('./edit.ts')).runEdit(args, options),
  },
  {
    usage: 'replace <name>',
    text: 'put another board in the place of a probe; the key of the old one is forgotten',
    options: [
      { flags: '--mac <mac>', text: 'of the new board' },
      { flags: '--hardware <slug>', text: 'another kind of board' },
      ...CONNECTION,
    ],
    examples: ['flint fleet replace probe05 --mac 02:00:5e:10:00:06'],
    run: async (args, options) => (await import('./edit.ts')).runReplace(args, options),
  },
  {
    usage: 'disable <name>',
    text: 'end the API keys of a probe at once',
    options: CONNECTION,
    examples: ['flint fleet disable probe05'],
    run: async (args, options) => (await import('./edit.ts')).runDisable(args, options),
  },
  {
    usage: 'enable <name>',
    text: 'let a disabled probe ask again',
    options: CONNECTION,
    examples: ['flint fleet enable probe05'],
    run: async (args, options) => (await import('./edit.ts')).runEnable(args, options),
  },
  {
    usage: 'rearm <name>',
    text: 'forget the key of a board that was flashed anew',
    options: CONNECTION,
    examples: ['flint fleet rearm probe05'],
    run: async (args, options) => (await import('./edit.ts')).runRearm(args, options),
  },
  {
    usage: 'remove <name>',
    text: 'remove a probe for good',
    options: [YES, ...CONNECTION],
    examples: ['flint fleet remove probe05', 'flint fleet remove probe05 --yes'],
    run: async (args, options) => (await import('./edit.ts')).runRemove(args, options),
  },
];

const BOARDS: readonly CommandSpec[] = [
  {
    usage: 'approve <name>',
    text: 'bind the board that shows this fingerprint to a probe',
    options: [
      { flags: '--fingerprint <digits>', text: 'as the board shows it; asks without' },
      ...CONNECTION,
    ],
    examples: [
      'flint fleet approve probe05',
      'flint fleet approve probe05 --fingerprint "1a2b 3c4d 5e6f 7081 92a3"',
    ],
    run: async (args, options) => (await import('./candidates.ts')).runApprove(args, options),
  },
  {
    usage: 'refuse <name>',
    text: 'forget the request of a board that is none of yours',
    options: [
      { flags: '--fingerprint <digits>', text: 'which board; asks without' },
      ...CONNECTION,
    ],
    examples: ['flint fleet refuse probe05'],
    run: async (args, options) => (await import('./candidates.ts')).runRefuse(args, options),
  },
  {
    usage: 'boards',
    text: 'boards that ask, and that nobody registered',
    options: CONNECTION,
    examples: ['flint fleet boards'],
    run: async (args, options) => (await import('./candidates.ts')).runBoards(args, options),
  },
  {
    usage: 'register <id>',
    text: 'make a probe of an unknown board, and approve its key',
    options: [
      { flags: '--fingerprint <digits>', text: 'as the board shows it; asks without' },
      { flags: '--name <name>', text: 'of the probe; the next free one without' },
      { flags: '--hardware <slug>', text: 'which kind of board; what it says itself without' },
      ...ABOUT,
      YES,
      ...CONNECTION,
    ],
    examples: ['flint fleet register 12 --name probe05'],
    run: async (args, options) => (await import('./candidates.ts')).runRegister(args, options),
  },
  {
    usage: 'forget <id>',
    text: 'take an unknown board off the list',
    options: CONNECTION,
    examples: ['flint fleet forget 12'],
    run: async (args, options) => (await import('./candidates.ts')).runForget(args, options),
  },
  {
    usage: 'hardware',
    text: 'the kinds of boards that the control knows',
    options: CONNECTION,
    examples: ['flint fleet hardware'],
    run: async (args, options) => (await import('./journal.ts')).runHardware(args, options),
  },
];

/** In the order of the help. */
export const FLEET_COMMANDS: readonly CommandSpec[] = [
  ...ACCOUNT,
  ...PROBES,
  ...BOARDS,
  ...FLEET_SET_COMMANDS,
];
