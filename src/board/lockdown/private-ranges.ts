// What is no public unicast address: nothing is sent there but to whom the board must reach. IANA's
// registries of special-purpose addresses (RFC 6890), and where an IPv6 address holds an IPv4 one
// that a translator or relay would send on to (RFC 6052, RFC 3056).

export const PRIVATE4: readonly string[] = [
  '0.0.0.0/8', // this network, RFC 791
  '10.0.0.0/8', // private, RFC 1918
  '100.64.0.0/10', // shared by carriers, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122
  '169.254.0.0/16', // link-local, RFC 3927
  '172.16.0.0/12', // private, RFC 1918
  '192.0.0.0/29', // between a translator and its host, RFC 7335
  '192.168.0.0/16', // private, RFC 1918
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112, and the limited broadcast, RFC 919
];

/** By prefix: what stands before the IPv4 address, and its bits. */
const EMBEDDED4: readonly string[] = [
  '64:ff9b::/104', // 0.0.0.0/8 behind NAT64, RFC 6052
  '64:ff9b::a00:0/104',
  '64:ff9b::6440:0/106',
  '64:ff9b::7f00:0/104',
  '64:ff9b::a9fe:0/112',
  '64:ff9b::ac10:0/108',
  '64:ff9b::c0a8:0/112',
  '64:ff9b::e000:0/99', // multicast and reserved
  '2002:a00::/24', // 6to4, RFC 3056
  '2002:6440::/26',
  '2002:7f00::/24',
  '2002:a9fe::/32',
  '2002:ac10::/28',
  '2002:c0a8::/32',
  '2002:e000::/19',
];

export const PRIVATE6: readonly string[] = [
  '::/96', // unspecified, loopback, RFC 4291
  '::ffff:0:0/96', // IPv4-mapped, RFC 4291
  '64:ff9b:1::/48', // a translator of this network, RFC 8215
  'fc00::/7', // unique local, RFC 4193
  'fe80::/10', // link-local, RFC 4291
  'fec0::/10', // site-local of old, RFC 3879
  'ff00::/8', // multicast, RFC 4291
  ...EMBEDDED4,
];
