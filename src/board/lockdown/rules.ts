const { createHash } = process.getBuiltinModule('node:crypto');

import { COUNTERS } from './counters.ts';
import { inputLines, meshInputLines, probeReplyLines } from './rules-input.ts';
import { meshOutputLines, outputLines } from './rules-output.ts';
import { type LockdownSets, SET_NAMES, type SetName } from './sets.ts';

// The lockdown as one table of nftables, whole and in one transaction: what is not said here is
// dropped. The rules name sets; who is in them changes with the network, the rules do not.

export const TABLE = 'inet flint';

export interface RulesRequest {
  /** Null without a mesh. */
  mesh: { interface: string; port: number | null } | null;
  sshPort: number;
  pagePort: number;
}

/**
 * Source ports of the daemon's own TCP and UDP probes: above those that Linux gives out by itself,
 * so that no service stands behind one.
 */
export const PROBE_PORTS = '61440-65535';

/** The device of a 464XLAT translator (RFC 6877), as clatd and others call it. */
const TRANSLATOR = 'clat';

/** The table without the elements of its sets; its comment carries the sum of the rest. */
export function renderRules(request: RulesRequest): string {
  const body = bodyLines(request).join('\n');
  const sum = createHash('sha256').update(body).digest('hex').slice(0, 32);
  return [`table ${TABLE} {`, `  comment "${RULES_MARK}${sum}"`, body, '}', ''].join('\n');
}

export const RULES_MARK = 'flint lockdown ';

/** For `nft -f`: replaces the table, or makes it, all at once or not at all. */
export function renderWhole(request: RulesRequest, sets: LockdownSets): string {
  return [
    // The first line makes one where there is none: a delete of nothing would be refused.
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    renderRules(request),
    ...SET_NAMES.flatMap((name) => addLines(name, sets[name])),
    '',
  ].join('\n');
}

/** For `nft -f`: fills these sets anew, all at once, and touches nothing else. */
export function renderSets(names: readonly SetName[], sets: LockdownSets): string {
  const lines = names.flatMap((name) => [
    `flush set ${TABLE} ${name}`,
    ...addLines(name, sets[name]),
  ]);
  return `${lines.join('\n')}\n`;
}

export function renderRemoval(): string {
  return `table ${TABLE}\ndelete table ${TABLE}\n`;
}

function addLines(name: SetName, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`add element ${TABLE} ${name} { ${elements.join(', ')} }`];
}

function bodyLines(request: RulesRequest): string[] {
  const { mesh } = request;
  return [
    ...Object.entries(COUNTERS).map(([name, text]) => `  counter ${name} { comment "${text}" }`),
    ...SET_NAMES.map(setLine),
    ...chain('untrack-in', 'hook prerouting priority raw - 10; policy accept;', UNTRACK_IN),
    ...chain('untrack-out', 'hook output priority raw - 10; policy accept;', UNTRACK_OUT),
    ...(mesh === null ? [] : chain('mesh-input', null, meshInputLines(request))),
    ...(mesh === null ? [] : chain('mesh-output', null, meshOutputLines())),
    ...chain('probe-replies', null, probeReplyLines()),
    ...chain('input', 'hook input priority filter - 10; policy drop;', inputLines(request)),
    ...chain('forward', 'hook forward priority filter - 10; policy drop;', forwardLines(request)),
    ...chain('output', 'hook output priority filter - 10; policy drop;', outputLines(request)),
  ];
}

function setLine(name: SetName): string {
  const address = name.endsWith('4') ? 'ipv4_addr' : 'ipv6_addr';
  if (name.startsWith('services')) {
    return `  set ${name} { type ${address} . inet_proto . inet_service; }`;
  }
  return `  set ${name} { type ${address}; flags interval; }`;
}

function chain(name: string, hook: string | null, rules: readonly string[]): string[] {
  const head = hook === null ? [] : [`    type filter ${hook}`];
  return [`  chain ${name} {`, ...head, ...rules.map((rule) => `    ${rule}`), '  }'];
}

// Thousands of probes a second would fill the table of connections, and each would be looked up in
// it for nothing. Other firewalls then see their answers as `untracked`, not as `invalid`.
const UNTRACK_IN: readonly string[] = [
  'iif "lo" return',
  'fib daddr type != local return',
  'icmp type { echo-reply, destination-unreachable, time-exceeded, parameter-problem } notrack',
  'icmpv6 type { echo-reply, destination-unreachable, packet-too-big, time-exceeded, ' +
    'parameter-problem } notrack',
  `meta l4proto { tcp, udp } th dport ${PROBE_PORTS} notrack`,
];

const UNTRACK_OUT: readonly string[] = [
  'oif "lo" return',
  'icmp type echo-request notrack',
  'icmpv6 type echo-request notrack',
  `meta l4proto { tcp, udp } th sport ${PROBE_PORTS} notrack`,
];

// A probe is no router. What a translator makes of the board's own IPv4 passes: it was judged as it
// left, and is judged again as it comes in. That is IPv6 on both ways; IPv4 that is to go through
// would be a neighbour's.
function forwardLines({ mesh }: RulesRequest): string[] {
  const not = mesh === null ? null : mesh.interface;
  const out = not === null ? '' : ` oifname != "${not}"`;
  const back = not === null ? '' : ` iifname != "${not}"`;
  return [
    `meta nfproto ipv6 iifname "${TRANSLATOR}"${out} counter name translated accept`,
    `meta nfproto ipv6 oifname "${TRANSLATOR}"${back} counter name translated accept`,
    'counter name drop-forward drop',
  ];
}
