import type { CommandSpec } from '../command.ts';
import { wholeNumber } from '../values.ts';
import { CONNECTION, SCOPE, span, YEAR_MS, YES } from './options.ts';

// The commands of `flint fleet` about sets, claim tokens, maintenance and the past.

const SET: CommandSpec['options'] = [YES, ...CONNECTION];

const SETS: readonly CommandSpec[] = [
  {
    usage: 'list',
    text: 'the measurement sets and who runs them',
    options: CONNECTION,
    examples: ['flint fleet set list'],
    run: async (args, options) => (await import('./sets.ts')).runSetList(args, options),
  },
  {
    usage: 'show <id>',
    text: 'one set; with --json as a file to edit and save',
    options: CONNECTION,
    examples: ['flint fleet set show basics'],
    run: async (args, options) => (await import('./sets.ts')).runSetShow(args, options),
  },
  {
    usage: 'preview <file>',
    text: 'what a set would cost its probes; - reads standard input',
    options: CONNECTION,
    examples: ['flint fleet set preview basics.json'],
    run: async (args, options) => (await import('./sets.ts')).runSetPreview(args, options),
  },
  {
    usage: 'save <file>',
    text: 'make or replace a set, after a look at what it costs; - reads standard input',
    options: SET,
    examples: ['flint fleet set save basics.json', 'flint fleet set save --yes - < basics.json'],
    run: async (args, options) => (await import('./sets.ts')).runSetSave(args, options),
  },
  {
    usage: 'remove <id>',
    text: 'remove a set; its probes stop running it',
    options: SET,
    examples: ['flint fleet set remove basics'],
    run: async (args, options) => (await import('./sets.ts')).runSetRemove(args, options),
  },
];

const ASSIGNMENTS: readonly CommandSpec[] = [
  {
    usage: 'assign <set>',
    text: 'let probes run a set',
    options: [...SCOPE, ...CONNECTION],
    examples: ['flint fleet assign basics --all', 'flint fleet assign voice --group homes'],
    run: async (args, options) => (await import('./assign.ts')).runAssign(args, options),
  },
  {
    usage: 'unassign <set>',
    text: 'take an assignment back',
    options: [...SCOPE, ...CONNECTION],
    examples: ['flint fleet unassign voice --group homes'],
    run: async (args, options) => (await import('./assign.ts')).runUnassign(args, options),
  },
];

const CLAIMS: readonly CommandSpec[] = [
  {
    usage: 'add',
    text: 'make a token that binds boards without approval, for an image',
    options: [
      { flags: '--label <text>', text: 'what it is for' },
      { flags: '--probe <name>', text: 'for this probe alone' },
      {
        flags: '--uses <n>',
        text: 'boards that may use it',
        parse: wholeNumber(1, 1e4),
        default: '1',
      },
      {
        flags: '--for <duration>',
        text: 'until it ends',
        parse: span(60_000, YEAR_MS),
        default: '30d',
      },
      ...CONNECTION,
    ],
    examples: ['flint fleet claim add --label "batch of May" --uses 20 --for 30d > token'],
    run: async (args, options) => (await import('./claims.ts')).runClaimAdd(args, options),
  },
  {
    usage: 'list',
    text: 'the claim tokens and their uses',
    options: CONNECTION,
    examples: ['flint fleet claim list'],
    run: async (args, options) => (await import('./claims.ts')).runClaimList(args, options),
  },
  {
    usage: 'revoke <id>',
    text: 'end a claim token now',
    options: CONNECTION,
    examples: ['flint fleet claim revoke 3'],
    run: async (args, options) => (await import('./claims.ts')).runClaimRevoke(args, options),
  },
];

const MAINTENANCE: readonly CommandSpec[] = [
  {
    usage: 'add',
    text: 'say when probes will not count as trouble',
    options: [
      ...SCOPE,
      {
        flags: '--from <time>',
        text: 'now, 14:00 or 2026-11-22T14:00; UTC',
        parse: String,
        default: 'now',
      },
      { flags: '--for <duration>', text: 'how long', parse: span(60_000, YEAR_MS), default: '2h' },
      { flags: '--reason <text>', text: 'why' },
      ...CONNECTION,
    ],
    examples: [
      'flint fleet maintenance add --group ulm --from 22:00 --for 4h --reason "new fibre"',
    ],
    run: async (args, options) => {
      return (await import('./maintenance.ts')).runMaintenanceAdd(args, options);
    },
  },
  {
    usage: 'list',
    text: 'the windows that are planned or open',
    options: CONNECTION,
    examples: ['flint fleet maintenance list'],
    run: async (args, options) => {
      return (await import('./maintenance.ts')).runMaintenanceList(args, options);
    },
  },
  {
    usage: 'end <id>',
    text: 'end a window now',
    options: CONNECTION,
    examples: ['flint fleet maintenance end 7'],
    run: async (args, options) => {
      return (await import('./maintenance.ts')).runMaintenanceEnd(args, options);
    },
  },
];

const JOURNAL: readonly CommandSpec[] = [
  {
    usage: 'events',
    text: 'what happened at the probes, newest first',
    options: [
      { flags: '--probe <name>', text: 'of one probe' },
      { flags: '--kind <kind>', text: 'outage, path, shift, address …' },
      {
        flags: '--since <duration>',
        text: 'how far back',
        parse: span(60_000, YEAR_MS),
        default: '1d',
      },
      {
        flags: '--limit <n>',
        text: 'so many at most',
        parse: wholeNumber(1, 1000),
        default: '100',
      },
      ...CONNECTION,
    ],
    examples: ['flint fleet events --since 1h', 'flint fleet events --probe probe05 --kind outage'],
    run: async (args, options) => (await import('./journal.ts')).runEvents(args, options),
  },
  {
    usage: 'audit',
    text: 'who changed what, newest first',
    options: [
      { flags: '--subject <name>', text: 'what was done to this probe, set or user' },
      { flags: '--actor <who>', text: 'what this one did, as user:anna' },
      {
        flags: '--limit <n>',
        text: 'so many at most',
        parse: wholeNumber(1, 1000),
        default: '100',
      },
      ...CONNECTION,
    ],
    examples: ['flint fleet audit --subject probe05'],
    run: async (args, options) => (await import('./journal.ts')).runAudit(args, options),
  },
];

export const FLEET_SET_COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'set',
    text: 'measurement sets: what is measured, and at what cost',
    options: [],
    commands: SETS,
    examples: ['flint fleet set list', 'flint fleet set save basics.json'],
  },
  ...ASSIGNMENTS,
  {
    usage: 'claim',
    text: 'tokens that bind boards without approval',
    options: [],
    commands: CLAIMS,
    examples: ['flint fleet claim add --label "batch of May" --uses 20'],
  },
  {
    usage: 'maintenance',
    text: 'times in which probes do not count as trouble',
    options: [],
    commands: MAINTENANCE,
    examples: ['flint fleet maintenance add --group ulm --for 4h'],
  },
  ...JOURNAL,
];
