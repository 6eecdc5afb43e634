// Rules of others that a probe may have beside the lockdown, as their programs write them.

/** tailscaled with `--netfilter-mode=on` and nftables, as `nft list ruleset` shows it. */
export const TAILSCALE_ON = `
table ip filter {
  chain INPUT { type filter hook input priority filter; policy accept; jump ts-input; }
  chain FORWARD { type filter hook forward priority filter; policy accept; jump ts-forward; }
  chain ts-input {
    iifname "lo" ip saddr 100.100.0.7 counter accept
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0" counter accept
    udp dport 41641 counter accept
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set mark and 0xff00ffff xor 0x40000
    meta mark and 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    jump ts-postrouting
  }
  chain ts-postrouting { meta mark and 0x00ff0000 == 0x00040000 counter masquerade; }
}
table ip6 filter {
  chain INPUT { type filter hook input priority filter; policy accept; jump ts-input; }
  chain ts-input {
    iifname "lo" ip6 saddr fd7a:115c:a1e0::7 counter accept
    iifname "tailscale0" counter accept
    udp dport 41641 counter accept
  }
}
`;

/** The firewall of NixOS with `networking.nftables`, and what our module tells it besides. */
export const NIXOS_FW = `
table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept
    fib saddr . mark oif exists accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo" } accept
    ct state vmap {
      invalid : drop, established : accept, related : accept,
      new : jump input-allow, untracked : jump input-allow
    }
    tcp flags & (fin | syn | rst | ack) == syn log prefix "refused connection: " level info
  }
  chain input-allow {
    tcp dport { 22 } accept
    icmp type echo-request accept
    icmpv6 type != { nd-redirect, 139 } accept
    ip6 daddr fe80::/64 udp dport 546 accept
    ct state untracked accept comment "judged by the table inet flint"
    iifname "tailscale0" tcp dport { 22, 9740 } accept
  }
}
`;
