// What is said of a path below its table: the diamond, why it ends, its MTU.
import { icmpErrorText, sendErrorText } from '../../core/icmp-text.ts';
import type { MdaReport } from '../../core/mda.ts';
import { formatCount, formatPercent } from '../../graph/format.ts';
import type { PathMtu } from '../../measure/path-mtu.ts';
import type { PathExtras } from './lines.ts';
import type { TracedPath } from './path.ts';

const INDENT = '    ';

/** The routers that share the load, with their shares of the flows and who passes packets to them;
 * and how sure it is that these are all. */
export function diamondLines({ multipath, protocol }: TracedPath): string[] {
  if (multipath === null) return [];
  const lines = multipath.nodes.flatMap((node) => nodeLine(multipath, node) ?? []);
  const found = lines.length === 0 ? ['one path: no router was seen to share the load'] : [];
  const limit = protocol === 'icmp' ? [ICMP_LIMIT] : [];
  return [...lines, ...found, ...sureness(multipath), ...limit].map((line) => `${INDENT}${line}`);
}

const ICMP_LIMIT =
  'routers that choose by ports show one path only to ICMP: try --protocol udp or tcp';

type Node = MdaReport['nodes'][number];

/** Null for a router with no choice before or beside it. */
function nodeLine({ nodes, links }: MdaReport, { ttl, ip, flows }: Node): string | null {
  const beside = nodes.filter((other) => other.ttl === ttl);
  const before = nodes.filter((other) => other.ttl === ttl - 1);
  if (beside.length < 2 && before.length < 2) return null;
  const all = beside.reduce((sum, other) => sum + other.flows, 0);
  const share = beside.length < 2 ? '' : `  ${formatPercent(Math.round((100 * flows) / all))}`;
  const from = links.filter((link) => link.ttl === ttl - 1 && link.to === ip);
  const isAll = from.length === before.length && before.length > 2;
  const names = isAll ? [`all ${before.length}`] : from.map((link) => link.from ?? '???');
  const by = names.length === 0 ? '' : `  from ${names.join(', ')}`;
  return `${String(ttl).padStart(2)}. ${ip ?? '???'}${share}${by}`;
}

function sureness(report: MdaReport): string[] {
  const { sent, isComplete, nodeMissMax, pathMissMax } = report;
  const percent = (share: number): string => formatPercent(100 * share);
  const cost = `${formatCount(sent)} more probes`;
  return [
    isComplete ? cost : `${cost}, not enough: there may be more routers; allow more --flows`,
    `one more router behind any of these is missed in at most ${percent(nodeMissMax)} of searches,`,
    `one anywhere on the path in at most ${percent(pathMissMax)} (if flows are shared evenly)`,
  ];
}

const ENDS: Readonly<Record<string, string>> = {
  loop: 'the path runs in a circle',
  silence: 'no answer from beyond the last hop shown',
  'max-ttl': 'the target lies beyond the highest TTL',
  refused: 'the kernel took none of the probes',
};

/** Why the path ends, and its MTU. */
export function lastWords(path: TracedPath, { mtu }: PathExtras): string[] {
  const end = path.end === 'unreachable' ? unreachableText(path) : ENDS[path.end ?? ''];
  const words = [...(end === undefined ? [] : [end]), ...(mtu === undefined ? [] : mtuText(mtu))];
  return words.map((text) => `${INDENT}${text}`);
}

function unreachableText({ hops, family }: TracedPath): string {
  const last = hops.at(-1);
  if (last === undefined) return 'a router knows no way to the target';
  return `${last.ips[0] ?? '???'} says: ${icmpErrorText(family, last.info)}`;
}

function mtuText({ mtu, told, ip, isBlackHole, refused }: PathMtu): string[] {
  const said = ip === null ? '' : `, says ${ip}`;
  if (mtu === null && told !== null) {
    return [`path MTU at most ${told} bytes${said}; no packet came to the target`];
  }
  if (mtu === null && refused !== null) return [`path MTU unknown: ${sendErrorText(refused)}`];
  if (mtu === null) return ['path MTU unknown: the target does not answer'];
  const by = said === '' && refused !== null ? ', as this machine sends no more' : said;
  return [
    `path MTU ${mtu} bytes${by}${isBlackHole ? '; larger packets vanish without a word' : ''}`,
  ];
}
