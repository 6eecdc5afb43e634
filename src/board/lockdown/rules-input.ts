import type { RulesRequest } from './rules.ts';

// What is let in. RFC 4890 §4.4 says which ICMPv6 a host needs, RFC 1812 and RFC 1122 which ICMP.

const ERRORS4 = 'icmp type { destination-unreachable, time-exceeded, parameter-problem }';
const ERRORS6 =
  'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }';

// Of connections that the board began: who was let in comes by the line that lets him in, so that
// nobody stays who came while the board stood open. And not `related`: among that are redirects and
// source quenches of IPv4, by which a neighbour could lead what the board sends over himself. The
// errors that a host needs have lines of their own.
const ANSWER = 'ct state established ct direction reply counter name in-answer accept';

// An answer of TCP to a probe: SYN ACK, RST, RST ACK. A SYN to these ports is none.
const TCP_REPLY =
  'tcp dport 61440-65535 tcp flags & (fin | syn | rst | ack) == { syn | ack, rst, rst | ack }';
const UDP_REPLY = 'udp dport 61440-65535';

export function inputLines({ mesh }: RulesRequest): string[] {
  return [
    'iif "lo" counter name in-loopback accept',
    'ip saddr 127.0.0.0/8 counter name drop-spoofed drop',
    'ip6 saddr ::1 counter name drop-spoofed drop',
    // RFC 1122 §3.3.4.2, the strong host: an address is reached by its own interface alone.
    'fib daddr . iif type != { local, broadcast, anycast, multicast } ' +
      'counter name drop-weak-host drop',
    ...(mesh === null ? [] : [`iifname "${mesh.interface}" goto mesh-input`]),
    'ip saddr @mesh4 counter name drop-spoofed drop',
    'ip6 saddr @mesh6 counter name drop-spoofed drop',
    ANSWER,
    ...leaseLines(),
    ...neighbourLines(),
    ...errorLines(),
    'icmp type echo-reply counter name in-echo-reply accept',
    'icmpv6 type echo-reply counter name in-echo-reply accept',
    ...portLines(mesh),
    'jump probe-replies',
    'counter name drop-input drop',
  ];
}

/** Only from where probes may go. */
export function probeReplyLines(): string[] {
  const accept = 'counter name in-probe-reply accept';
  return [
    ...[4, 6].flatMap((version) => {
      const source = `${version === 4 ? 'ip' : 'ip6'} saddr`;
      return [
        `${source} @infra${version} ${TCP_REPLY} ${accept}`,
        `${source} @infra${version} ${UDP_REPLY} ${accept}`,
        `${source} @measured${version} ${TCP_REPLY} ${accept}`,
        `${source} @measured${version} ${UDP_REPLY} ${accept}`,
        `${source} @private${version} return`,
        `${source} @near${version} return`,
      ];
    }),
    `${TCP_REPLY} ${accept}`,
    `${UDP_REPLY} ${accept}`,
  ];
}

export function meshInputLines({ sshPort, pagePort }: RulesRequest): string[] {
  return [
    ANSWER,
    ...errorLines(),
    'icmp type echo-reply counter name in-echo-reply accept',
    'icmpv6 type echo-reply counter name in-echo-reply accept',
    // In a living room nobody is answered; on the mesh it says whether the board lives.
    'icmp type echo-request limit rate 20/second burst 40 packets counter name in-mesh-echo accept',
    'icmpv6 type echo-request limit rate 20/second burst 40 packets ' +
      'counter name in-mesh-echo accept',
    `ip saddr @jumphosts4 tcp dport ${sshPort} counter name in-ssh accept`,
    `ip6 saddr @jumphosts6 tcp dport ${sshPort} counter name in-ssh accept`,
    `ip saddr @readers4 tcp dport ${pagePort} counter name in-page accept`,
    `ip6 saddr @readers6 tcp dport ${pagePort} counter name in-page accept`,
    `ip saddr @measured4 ${TCP_REPLY} counter name in-probe-reply accept`,
    `ip saddr @measured4 ${UDP_REPLY} counter name in-probe-reply accept`,
    `ip6 saddr @measured6 ${TCP_REPLY} counter name in-probe-reply accept`,
    `ip6 saddr @measured6 ${UDP_REPLY} counter name in-probe-reply accept`,
    'counter name drop-mesh-input drop',
  ];
}

// RFC 2131 §4.1, RFC 9915 §7.2. Not among the answers: what was asked of all is answered by one.
function leaseLines(): string[] {
  return [
    'meta nfproto ipv4 udp sport 67 udp dport 68 counter name in-lease accept',
    'ip6 saddr fe80::/10 udp sport 547 udp dport 546 counter name in-lease accept',
  ];
}

// RFC 4861 §11.2: with a hop limit of 255 it comes from this link. RFC 2710, RFC 3810: groups.
function neighbourLines(): string[] {
  return [
    'icmpv6 type { nd-router-advert, nd-redirect } ip6 saddr fe80::/10 ip6 hoplimit 255 ' +
      'counter name in-neighbour accept',
    'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ' +
      'ip6 hoplimit 255 counter name in-neighbour accept',
    'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, ' +
      'mld2-listener-report } ip6 saddr { ::, fe80::/10 } counter name in-neighbour accept',
  ];
}

// RFC 1191, RFC 8201: without these connections hang; and they are what traces are made of.
function errorLines(): string[] {
  return [`${ERRORS4} counter name in-error accept`, `${ERRORS6} counter name in-error accept`];
}

function portLines(mesh: RulesRequest['mesh']): string[] {
  if (mesh === null || mesh.port === null) return [];
  return [`udp dport ${mesh.port} counter name in-mesh-port accept`];
}
