import { PATH_PROTOCOLS } from '../core/path.ts';
import { FLOWS_MAX } from '../engine/limits.ts';
import { INSTALL_COMMANDS } from './board/install-table.ts';
import { LOCKDOWN_COMMAND } from './board/lockdown-table.ts';
import { PUSH_COMMAND, VMAUTH_COMMAND } from './board/push-table.ts';
import { TAILNET_COMMAND } from './board/tailnet-table.ts';
import { WIREGUARD_COMMAND } from './board/wireguard-table.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { CONTROL_COMMAND } from './control/table.ts';
import { FLEET_COMMANDS } from './fleet/table.ts';
import { durationBetween, oneOf, wholeNumber } from './values.ts';

// Every command of flint. A new one is an entry here, and a file beside it or in a room.

/** Of what sends packets of its own. */
const SENDING_OPTIONS: readonly OptionSpec[] = [
  { flags: '-I, --source <address>', text: 'send from this address' },
  { flags: '--device <name>', text: 'send through this interface' },
  {
    flags: '-Q, --tos <n>',
    text: 'type of service or traffic class',
    parse: wholeNumber(0, 255),
    default: '0',
  },
  { flags: '-4', text: 'IPv4 only' },
  { flags: '-6', text: 'IPv6 only' },
];

const BOARD_OPTIONS: readonly OptionSpec[] = [
  { flags: '--control <url>', text: 'origin of the control' },
  { flags: '--config <file>', text: 'agent.json, which may say all of this' },
  { flags: '--state <directory>', text: 'where key and credentials are kept' },
  { flags: '--mac <address>', text: 'what the board is registered by' },
  { flags: '--interface <name>', text: 'whose address that is' },
  { flags: '--hardware <slug>', text: 'the hardware profile of the image' },
  { flags: '--claim-token-file <file>', text: 'holds a token that binds the board at once' },
  { flags: '--dry-run', text: 'only say what would be sent, changed and run' },
];

export const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'up',
    text: 'control and probe on one machine, with pages on http://127.0.0.1:8740',
    options: [
      { flags: '--port <port>', text: 'port of the pages', parse: wholeNumber(0, 65535) },
      {
        flags: '--probe-port <port>',
        text: 'port of the probe’s own page',
        parse: wholeNumber(0, 65535),
      },
      { flags: '--state <directory>', text: 'where everything is kept' },
    ],
    examples: ['flint up', 'flint up --port 8750 --probe-port 9750'],
    run: async (args, options) => (await import('./up/up.ts')).runUp(args, options),
  },
  {
    usage: 'ping <host...>',
    text: 'live latency and loss of one or many hosts',
    options: [
      { flags: '-c, --count <n>', text: 'stop after n echoes', parse: wholeNumber(1, 1e9) },
      {
        flags: '-i, --interval <duration>',
        text: 'between two echoes of a host',
        parse: durationBetween(10, 3_600_000),
        default: '1s',
      },
      {
        flags: '-s, --size <bytes>',
        text: 'payload bytes',
        parse: wholeNumber(16, 1472),
        default: '56',
      },
      {
        flags: '-W, --timeout <duration>',
        text: 'an answer later than this counts as lost',
        parse: durationBetween(10, 60_000),
        default: '5s',
      },
      ...SENDING_OPTIONS,
      { flags: '--json', text: 'one JSON object a line' },
    ],
    examples: ['flint ping one.one.one.one', 'flint ping -c 100 -i 10ms --json 192.0.2.1'],
    run: async (args, options) => (await import('./ping/ping.ts')).runPing(args, options),
  },
  {
    usage: 'trace <host...>',
    text: 'the path to one or many hosts, hop by hop, live',
    options: [
      {
        flags: '--protocol <protocol>',
        text: 'icmp, udp or tcp',
        parse: oneOf(PATH_PROTOCOLS),
        default: 'icmp',
      },
      { flags: '--port <port>', text: 'of UDP (33434) or TCP (80)', parse: wholeNumber(1, 65535) },
      {
        flags: '-c, --count <n>',
        text: 'probes to each hop; on a terminal until Ctrl-C, else 3',
        parse: wholeNumber(1, 1000),
      },
      {
        flags: '-i, --interval <duration>',
        text: 'between two probes to a hop, on a terminal',
        parse: durationBetween(100, 3_600_000),
        default: '1s',
      },
      { flags: '--first <ttl>', text: 'begin here', parse: wholeNumber(1, 255), default: '1' },
      { flags: '--max <ttl>', text: 'go no further', parse: wholeNumber(1, 255), default: '30' },
      {
        flags: '--silent <n>',
        text: 'give up after so many silent hops in a row',
        parse: wholeNumber(1, 64),
        default: '6',
      },
      {
        flags: '-W, --timeout <duration>',
        text: 'an answer later than this counts as lost',
        parse: durationBetween(10, 60_000),
        default: '3s',
      },
      {
        flags: '-s, --size <bytes>',
        text: 'payload bytes of ICMP and UDP',
        parse: wholeNumber(20, 1452),
        default: '32',
      },
      {
        flags: '--rate <n>',
        text: 'packets a second in all',
        parse: wholeNumber(1, 100_000),
        default: '1000',
      },
      { flags: '--no-pace', text: 'no limits: routers may fall silent' },
      {
        flags: '--flows <n>',
        text: `find all routers that share the load (UDP, TCP); n flows at most, of ${FLOWS_MAX}`,
        parse: wholeNumber(1, 65_536),
      },
      { flags: '--names', text: 'look up the names of routers' },
      { flags: '--mtu', text: 'find the largest packet that passes whole' },
      ...SENDING_OPTIONS,
      { flags: '--json', text: 'one JSON object a line' },
    ],
    examples: [
      'flint trace one.one.one.one',
      'flint trace --protocol tcp --json 192.0.2.1',
      'flint trace --protocol udp --flows 256 192.0.2.1',
    ],
    run: async (args, options) => (await import('./trace/trace.ts')).runTrace(args, options),
  },
  {
    usage: 'probe',
    text: 'the daemon: measures, stores, and serves page, metrics and API',
    options: [
      { flags: '--config <file>', text: 'its configuration (JSON)' },
      { flags: '--policy <file>', text: 'what it may be asked to do (JSON)' },
      { flags: '--state <directory>', text: 'where rounds are kept' },
      { flags: '--run <directory>', text: 'where it meets the agent' },
      { flags: '--check', text: 'only say whether configuration and policy are valid' },
    ],
    examples: ['flint probe --config /etc/flint/probe.json'],
    run: async (args, options) => (await import('./probe.ts')).runProbe(args, options),
  },
  CONTROL_COMMAND,
  {
    usage: 'agent',
    text: 'enrols this board at its control, brings the configuration, reports',
    options: [
      ...BOARD_OPTIONS,
      { flags: '--run <directory>', text: 'where it meets the daemon' },
      { flags: '--set-clock', text: "set the clock from the control's when nobody else does" },
      { flags: '--probe-user <user>', text: 'who the daemon runs as (flint)' },
      { flags: '--once', text: 'enrol, fetch and report once' },
      { flags: '--check', text: 'only say whether agent.json is valid' },
    ],
    examples: [
      'flint agent --control https://control.example',
      'flint agent --config /etc/flint/agent.json',
    ],
    run: async (args, options) => (await import('./board/agent.ts')).runAgent(args, options),
  },
  {
    usage: 'enroll',
    text: 'enrol this board once: a step of the agent',
    options: BOARD_OPTIONS,
    examples: [
      'flint enroll --control https://control.example --dry-run',
      'flint enroll --control https://control.example --claim-token-file /etc/flint/claim-token',
    ],
    run: async (args, options) => (await import('./board/enroll.ts')).runEnroll(args, options),
  },
  LOCKDOWN_COMMAND,
  TAILNET_COMMAND,
  WIREGUARD_COMMAND,
  PUSH_COMMAND,
  VMAUTH_COMMAND,
  {
    usage: 'fleet',
    text: "the operator's client of a control: probes, sets, approvals",
    options: [],
    commands: FLEET_COMMANDS,
    examples: ['flint fleet login https://control.example', 'flint fleet list'],
  },
  ...INSTALL_COMMANDS,
  {
    usage: 'doctor',
    text: 'what this machine can and cannot do, and the line that mends it',
    options: [{ flags: '--json', text: 'one JSON object' }],
    examples: ['flint doctor'],
    run: async (args, options) => (await import('./doctor.ts')).runDoctor(args, options),
  },
];
