// What can be asked of the routers and the target of a network of namespaces while it runs.
import type { Namespace } from './namespace.ts';
import { deviceOf, type Plan } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { RouterPlace } from './topology.ts';

export interface Controls {
  /** The router no longer says that a TTL ran out (nor anything else was unreachable); or again. */
  setSilent(at: RouterPlace, isSilent?: boolean): Promise<void>;
  /** The router drops echo requests on their way through, of both families; or no longer. Those
   * that end at it are answered. */
  filterEcho(at: RouterPlace, isFiltered?: boolean): Promise<void>;
  /** The kernel's limits on ICMP errors; what is not named stays as it is. */
  limitErrors(at: RouterPlace, limits: ErrorLimits): Promise<void>;
  /** Of both ends of the router's link to the layer before (numbered from 0 where it has many). */
  setMtu(at: RouterPlace, mtu: number, link?: number): Promise<void>;
  /** Accepts TCP connections at the target, on all its addresses; else they are refused. */
  openPort(port: number): Promise<LabProcess>;
  /** The target drops what comes to the TCP and UDP port; or no longer. */
  filterPort(port: number, isFiltered?: boolean): Promise<void>;
}

export interface ErrorLimits {
  /** Between two errors to one address, of both families; 0: no limit. The kernel keeps six. */
  intervalMs?: number;
  /** For all addresses together, IPv4 alone. */
  perSecond?: number;
  burst?: number;
}

interface Nodes {
  at: (index: number) => Namespace;
  indexOf: (place: RouterPlace) => number;
}

const SILENT = [
  'output icmp type { time-exceeded, destination-unreachable } drop',
  'output icmpv6 type { time-exceeded, destination-unreachable, packet-too-big } drop',
];
const NO_ECHO = ['forward icmp type echo-request drop', 'forward icmpv6 type echo-request drop'];

const ACCEPT = `
const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
server.listen({ port: Number(process.argv[1]), host: '::' }, () => console.log('listening'));
`;

export function controlNodes(plan: Plan, { at, indexOf }: Nodes): Controls {
  const rules = new Map<number, Set<string>>();
  async function setRules(node: number, lines: readonly string[], isOn: boolean): Promise<void> {
    const held = rules.get(node) ?? new Set();
    rules.set(node, held);
    for (const line of lines) isOn ? held.add(line) : held.delete(line);
    await at(node).run('nft', ['-f', '-'], { input: ruleSet([...held]) });
  }
  return {
    setSilent: (place, isSilent = true) => setRules(indexOf(place), SILENT, isSilent),
    filterEcho: (place, isFiltered = true) => setRules(indexOf(place), NO_ECHO, isFiltered),
    limitErrors: (place, limits) => at(indexOf(place)).sysctl(limitSettings(limits)),
    async setMtu(place, mtu, number = 0) {
      const link = plan.nodes[indexOf(place)]?.up[number];
      const ends = link === undefined ? undefined : plan.links[link];
      if (link === undefined || ends === undefined) throw new Error(`there is no link ${number}`);
      await at(ends.near).ip(`link set ${deviceOf(link, 'near')} mtu ${mtu}`);
      await at(ends.far).ip(`link set ${deviceOf(link, 'far')} mtu ${mtu}`);
    },
    async openPort(port) {
      const last = at(plan.nodes.length - 1);
      const listener = last.spawn(process.execPath, ['-e', ACCEPT, String(port)]);
      await listener.waitFor('listening');
      return listener;
    },
    filterPort: (port, isFiltered = true) =>
      setRules(
        plan.nodes.length - 1,
        [`input meta l4proto { tcp, udp } th dport ${port} drop`],
        isFiltered,
      ),
  };
}

/** Replaces all rules at one stroke. */
function ruleSet(lines: readonly string[]): string {
  const chains = ['input', 'forward', 'output'].map((hook) => {
    const held = lines.filter((line) => line.startsWith(`${hook} `));
    const rules = held.map((line) => line.slice(hook.length + 1)).join('\n');
    return `chain ${hook} { type filter hook ${hook} priority 0\n${rules}\n}`;
  });
  return `flush ruleset\ntable inet lab {\n${chains.join('\n')}\n}\n`;
}

function limitSettings(limits: ErrorLimits): Record<string, string> {
  const { intervalMs, perSecond, burst } = limits;
  const settings = {
    'net/ipv4/icmp_ratelimit': intervalMs,
    'net/ipv6/icmp/ratelimit': intervalMs,
    'net/ipv4/icmp_msgs_per_sec': perSecond,
    'net/ipv4/icmp_msgs_burst': burst,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, String(value)]));
}
