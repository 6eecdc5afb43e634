import type { RulesRequest } from './rules.ts';

// What is let out: to public addresses, to what the board needs of its own network, and on the mesh
// to what it calls there. A daemon that somebody took over reaches neither the neighbours nor
// sends in somebody else's name.

export function outputLines({ mesh }: RulesRequest): string[] {
  return [
    'oif "lo" counter name out-loopback accept',
    ...(mesh === null ? [] : [`oifname "${mesh.interface}" goto mesh-output`]),
    ...leaseLines(),
    ...honestLines(),
    ...linkLines(),
    ...portLines(mesh),
    LATE,
    'ip daddr @infra4 counter name out-infra accept',
    'ip6 daddr @infra6 counter name out-infra accept',
    'ip daddr @measured4 counter name out-measured accept',
    'ip6 daddr @measured6 counter name out-measured accept',
    'ip daddr @private4 counter name drop-private drop',
    'ip6 daddr @private6 counter name drop-private drop',
    'ip daddr @near4 counter name drop-near drop',
    'ip6 daddr @near6 counter name drop-near drop',
    'fib daddr type broadcast counter name drop-broadcast drop',
    'counter name out-public accept',
  ];
}

export function meshOutputLines(): string[] {
  const resolving = 'meta l4proto { tcp, udp } th dport { 53, 123, 853 }';
  return [
    ...honestLines(),
    ANSWERS,
    'icmp type { echo-request, echo-reply } counter name out-mesh-echo accept',
    'icmpv6 type { echo-request, echo-reply } counter name out-mesh-echo accept',
    'ip daddr . meta l4proto . th dport @services4 counter name out-mesh-service accept',
    'ip6 daddr . meta l4proto . th dport @services6 counter name out-mesh-service accept',
    `ip daddr @infra4 ${resolving} counter name out-mesh-service accept`,
    `ip6 daddr @infra6 ${resolving} counter name out-mesh-service accept`,
    'ip daddr @measured4 counter name out-measured accept',
    'ip6 daddr @measured6 counter name out-measured accept',
    'counter name drop-mesh-output drop',
  ];
}

// Not `related`: an error about a packet that was not let in would be among that.
const ANSWERS = 'ct state established ct direction reply counter name out-answer accept';

// Of a service, to somebody who came before this was loaded: the kernel would take it for the
// beginning of a connection of the board's own (nf_conntrack_tcp_loose), and what he sends for
// answers. The board's own begin at ports that Linux gives out by itself, and with a SYN.
const LATE =
  'tcp sport 1-32767 tcp flags & (syn | ack) != syn ct state new counter name drop-late drop';

// To whoever sent to the port of the mesh: nobody else is let in but by the mesh.
function portLines(mesh: RulesRequest['mesh']): string[] {
  return mesh === null || mesh.port === null ? [] : [`udp sport ${mesh.port} ${ANSWERS}`];
}

// Before a host has an address it has none to send from: this comes before that is judged.
function leaseLines(): string[] {
  return [
    'ip daddr 255.255.255.255 udp sport 68 udp dport 67 counter name out-link accept',
    'ip6 saddr :: icmpv6 type { nd-router-solicit, nd-neighbor-solicit } ip6 hoplimit 255 ' +
      'counter name out-link accept',
    'ip6 saddr :: icmpv6 type { mld-listener-report, mld2-listener-report } ' +
      'counter name out-link accept',
  ];
}

function linkLines(): string[] {
  return [
    'ip6 daddr ff02::1:2 udp sport 546 udp dport 547 counter name out-link accept',
    // The kernel's own come from no file. A daemon with a raw socket could else tell the neighbours
    // that it is the router.
    'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } meta skuid != 0 ' +
      'counter name drop-spoofed-output drop',
    'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ' +
      'ip6 hoplimit 255 counter name out-link accept',
    'icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } ' +
      'ip6 daddr ff02::/16 counter name out-link accept',
  ];
}

// RFC 2827 at the source. And of what comes in, nobody is told anything: a closed port is answered
// by silence, as an open one is; so are packets that are wrong in themselves, which the kernel
// answers before it asks any rule. What only a router says, a probe never does.
function honestLines(): string[] {
  return [
    'fib saddr type != local counter name drop-spoofed-output drop',
    'ip saddr 127.0.0.0/8 counter name drop-spoofed-output drop',
    'ip6 saddr ::1 counter name drop-spoofed-output drop',
    'icmp type { destination-unreachable, source-quench, redirect, router-advertisement, ' +
      'time-exceeded, parameter-problem } counter name drop-own-error drop',
    'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, ' +
      'nd-router-advert, nd-redirect } counter name drop-own-error drop',
  ];
}
