import { PATH_PROTOCOLS } from '../core/path.ts';
import { FLOWS_MAX } from '../engine/limits.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { durationBetween, oneOf, wholeNumber } from './values.ts';

// Every command of flint. A new one is an entry here and a file beside it.

const FAMILY_OPTIONS: readonly OptionSpec[] = [
  { flags: '-4', text: 'IPv4 only' },
  { flags: '-6', text: 'IPv6 only' },
];

export const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'up',
    text: 'measure default targets and show them on http://127.0.0.1:9740',
    options: [
      { flags: '--port <port>', text: 'port of the page', parse: wholeNumber(0, 65535) },
      { flags: '--state <directory>', text: 'where rounds are kept' },
    ],
    examples: ['flint up', 'flint up --port 9750'],
    run: async (args, options) => (await import('./up.ts')).runUp(args, options),
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
      { flags: '-I, --source <address>', text: 'send from this address' },
      { flags: '--device <name>', text: 'send through this interface' },
      {
        flags: '-Q, --tos <n>',
        text: 'type of service or traffic class',
        parse: wholeNumber(0, 255),
        default: '0',
      },
      ...FAMILY_OPTIONS,
      { flags: '--json', text: 'one JSON object a line' },
    ],
    examples: ['flint ping one.one.one.one', 'flint ping -c 100 -i 10ms --json 192.0.2.1'],
    run: async (args, options) => (await import('./ping.ts')).runPing(args, options),
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
      { flags: '-I, --source <address>', text: 'send from this address' },
      { flags: '--device <name>', text: 'send through this interface' },
      {
        flags: '-Q, --tos <n>',
        text: 'type of service or traffic class',
        parse: wholeNumber(0, 255),
        default: '0',
      },
      ...FAMILY_OPTIONS,
      { flags: '--json', text: 'one JSON object a line' },
    ],
    examples: [
      'flint trace one.one.one.one',
      'flint trace --protocol tcp --json 192.0.2.1',
      'flint trace --protocol udp --flows 256 192.0.2.1',
    ],
    run: async (args, options) => (await import('./trace.ts')).runTrace(args, options),
  },
  {
    usage: 'probe',
    text: 'the daemon: measures, stores, and serves page, metrics and API',
    options: [
      { flags: '--config <file>', text: 'its configuration (JSON)' },
      { flags: '--state <directory>', text: 'where rounds are kept' },
      { flags: '--check', text: 'only say whether the configuration is valid' },
    ],
    examples: ['flint probe --config /etc/flint/probe.json'],
    run: async (args, options) => (await import('./probe.ts')).runProbe(args, options),
  },
  {
    usage: 'doctor',
    text: 'what this machine can and cannot do, and the line that mends it',
    options: [{ flags: '--json', text: 'one JSON object' }],
    examples: ['flint doctor'],
    run: async (args, options) => (await import('./doctor.ts')).runDoctor(args, options),
  },
];
