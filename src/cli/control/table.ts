import type { CommandSpec, OptionSpec } from '../command.ts';
import { oneOf } from '../values.ts';

// The commands of `flint control`: entries of the command table, whose modules load when they run.

const PLACE: readonly OptionSpec[] = [
  { flags: '--config <file>', text: 'its configuration (JSON)' },
  { flags: '--state <directory>', text: 'where its state is kept' },
];

const ROLE: OptionSpec = {
  flags: '--role <role>',
  text: 'viewer, operator or admin',
  parse: oneOf(['viewer', 'operator', 'admin']),
};

const USER: readonly CommandSpec[] = [
  {
    usage: 'add <name>',
    text: 'add a user; asks for the password. The first one becomes admin, others viewer',
    options: [
      ROLE,
      { flags: '--password-stdin', text: 'read the password from standard input' },
      { flags: '--link', text: 'no password: print a link that logs in once' },
      ...PLACE,
    ],
    examples: ['flint control user add anna --role admin', 'flint control user add bob --link'],
    run: async (args, options) => (await import('./user.ts')).runUserAdd(args, options),
  },
  {
    usage: 'list',
    text: 'who may use the control',
    options: [{ flags: '--json', text: 'one JSON object' }, ...PLACE],
    examples: ['flint control user list'],
    run: async (args, options) => (await import('./user.ts')).runUserList(args, options),
  },
  {
    usage: 'remove <name>',
    text: 'remove a user with sessions and tokens',
    options: PLACE,
    examples: ['flint control user remove bob'],
    run: async (args, options) => (await import('./user.ts')).runUserRemove(args, options),
  },
  {
    usage: 'role <name> <role>',
    text: 'change the role of a user',
    options: PLACE,
    examples: ['flint control user role bob operator'],
    run: async (args, options) => (await import('./user.ts')).runUserRole(args, options),
  },
  {
    usage: 'password <name>',
    text: 'set another password; ends all sessions of the user',
    options: [
      { flags: '--password-stdin', text: 'read the password from standard input' },
      ...PLACE,
    ],
    examples: ['flint control user password anna'],
    run: async (args, options) => (await import('./user.ts')).runUserPassword(args, options),
  },
];

const TOKEN: readonly CommandSpec[] = [
  {
    usage: 'add <name>',
    text: 'make an API token of a user and print it',
    options: [{ flags: '--label <text>', text: 'what it is for' }, ROLE, ...PLACE],
    examples: ['flint control token add anna --label backup-script --role viewer'],
    run: async (args, options) => (await import('./token.ts')).runTokenAdd(args, options),
  },
  {
    usage: 'list',
    text: 'the API tokens of all users',
    options: [{ flags: '--json', text: 'one JSON object' }, ...PLACE],
    examples: ['flint control token list'],
    run: async (args, options) => (await import('./token.ts')).runTokenList(args, options),
  },
  {
    usage: 'remove <id>',
    text: 'end an API token',
    options: PLACE,
    examples: ['flint control token remove 3'],
    run: async (args, options) => (await import('./token.ts')).runTokenRemove(args, options),
  },
];

const FILES: readonly CommandSpec[] = [
  {
    usage: 'backup <file>',
    text: 'write the database to a file (- for standard output); the control may run',
    options: PLACE,
    examples: ['flint control backup /var/backups/flint-control.db'],
    run: async (args, options) => (await import('./files.ts')).runBackup(args, options),
  },
  {
    usage: 'restore <file>',
    text: 'put a backup in the place of the database; the control must not run',
    options: PLACE,
    examples: ['flint control restore /var/backups/flint-control.db'],
    run: async (args, options) => (await import('./files.ts')).runRestore(args, options),
  },
  {
    usage: 'export <directory>',
    text: 'write the pages as files that any web server can show, without forms and secrets',
    options: [{ flags: '--private', text: 'with addresses, places, contacts and notes' }, ...PLACE],
    examples: ['flint control export /srv/www/status'],
    run: async (args, options) => (await import('./files.ts')).runExport(args, options),
  },
  {
    usage: 'openapi',
    text: 'print the description of the API',
    options: PLACE,
    examples: ['flint control openapi'],
    run: async (args, options) => (await import('./files.ts')).runOpenapi(args, options),
  },
];

export const CONTROL_COMMAND: CommandSpec = {
  usage: 'control',
  text: 'the companion of many probes: enrols them, says what they measure, shows what they see',
  options: [...PLACE, { flags: '--check', text: 'only say whether the configuration is valid' }],
  examples: ['flint control', 'flint control --config /etc/flint/control.json'],
  commands: [
    {
      usage: 'user',
      text: 'who may use it',
      options: [],
      commands: USER,
      examples: ['flint control user add anna --role admin'],
    },
    {
      usage: 'link <name>',
      text: 'print a link that logs a user in once, within 15 minutes',
      options: PLACE,
      examples: ['flint control link anna'],
      run: async (args, options) => (await import('./user.ts')).runLink(args, options),
    },
    {
      usage: 'token',
      text: 'tokens of programs',
      options: [],
      commands: TOKEN,
      examples: ['flint control token add anna --label ci'],
    },
    ...FILES,
  ],
  run: async (args, options) => (await import('./control.ts')).runControl(args, options),
};
