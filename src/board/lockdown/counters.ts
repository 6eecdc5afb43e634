// Why a packet passed or not: a counter for each reason. Nothing is logged a packet: a flood would
// fill the journal of a board.

export const COUNTERS = {
  'in-loopback': 'from this machine itself',
  'in-lease': 'answers of DHCP servers',
  'in-answer': 'answers to what this machine asked',
  'in-neighbour': 'neighbours, routers and groups of IPv6',
  'in-error': 'ICMP errors: paths, sizes of packets, what is unreachable',
  'in-echo-reply': 'answers to echoes',
  'in-probe-reply': 'answers to probes of TCP and UDP',
  'in-mesh-port': 'packets of the mesh as they come in from outside',
  'in-mesh-echo': 'echoes from the mesh',
  'in-ssh': 'SSH from the jump hosts',
  'in-page': 'the page and the metrics, for their readers',
  'out-loopback': 'to this machine itself',
  'out-answer': 'answers to who was let in',
  'out-link': 'what a host must say on its link: DHCP, neighbours, groups',
  'out-infra': 'to the private addresses that the board needs',
  'out-measured': 'to private ranges that may be measured',
  'out-public': 'to public addresses',
  'out-mesh-service': 'to what the board itself calls on the mesh',
  'out-mesh-echo': 'echoes on the mesh',
  translated: 'IPv4 of this board on a network of IPv6 alone',
  'drop-weak-host': 'for an address of this machine, but by the wrong interface',
  'drop-spoofed': 'with a source of the mesh or of this machine, from outside',
  'drop-input': 'all else from outside',
  'drop-mesh-input': 'all else from the mesh',
  'drop-forward': 'through this machine',
  'drop-spoofed-output': 'with a source that is not of this machine',
  'drop-own-error': 'errors and redirects of ICMP that this machine would send',
  'drop-late': 'to who was let in by nobody, but came before this was loaded',
  'drop-private': 'to private addresses',
  'drop-near': 'to neighbours with public addresses',
  'drop-broadcast': 'to all of a network',
  'drop-mesh-output': 'all else to the mesh',
} as const;

export type CounterName = keyof typeof COUNTERS;
