# services.flint.member: makes a server one of the mesh of the probes. It gets its fixed address
# there, and lets in from there what was named, nothing else.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    mkOption
    types
    ;
  infra = import ./infra.nix { inherit lib pkgs; };
  cfg = config.services.flint.member;
  isTailscale = cfg.kind == "tailscale";
  isWireguard = cfg.kind == "wireguard";
  nonlocal = "net.${if infra.isV6 cfg.address then "ipv6" else "ipv4"}.ip_nonlocal_bind";
  own = infra.hostPrefix cfg.address;
  family = if infra.isV6 cfg.address then "ip6" else "ip";

  settings = [
    "--advertise-routes=${own}"
    "--accept-routes"
    "--accept-dns=false"
    "--netfilter-mode=off"
  ];

  portsOf =
    protocol: ports:
    lib.optionalString (
      ports != [ ]
    ) "${protocol} dport { ${lib.concatMapStringsSep ", " toString ports} } accept";

  # What each door lets in, without the interface.
  doorRules = lib.concatMapStrings (
    door:
    lib.concatMapStrings (rule: lib.optionalString (rule != "") (infra.nftFrom door.from rule)) [
      (portsOf "${family} daddr ${cfg.address} tcp" door.tcp)
      (portsOf "${family} daddr ${cfg.address} udp" door.udp)
    ]
  ) (lib.attrValues cfg.doors);

  callers = lib.concatMap (door: door.from) (lib.attrValues cfg.doors);

  # Lines that are not empty, each behind something.
  prefixed =
    start: text:
    lib.concatMapStrings (line: "${start}${line}\n") (
      lib.filter (line: line != "") (lib.splitString "\n" text)
    );
in
{
  options.services.flint.member = {
    enable = lib.mkEnableOption "membership of this server in the mesh of the probes";

    kind = mkOption {
      type = types.enum [
        "tailscale"
        "wireguard"
        "other"
      ];
      default = "tailscale";
      description = ''
        How it joins: by tailscale's client at a headscale, or by plain WireGuard. With `other` it is
        joined by somebody else, who also gives the interface its address; only the filter is ours.
      '';
    };

    address = mkOption {
      type = infra.address;
      example = "fd8f:89ae:ca73:2::1";
      description = "Its fixed address in the mesh.";
    };

    interface = mkOption {
      type = infra.interface;
      default = if isWireguard then "flint0" else "tailscale0";
      defaultText = lib.literalExpression ''if kind == "wireguard" then "flint0" else "tailscale0"'';
      description = "Interface of the mesh.";
    };

    headscaleURL = mkOption {
      type = types.nullOr infra.origin;
      default = null;
      example = "https://headscale.example.net";
      description = "The headscale at which tailscale's client logs in.";
    };

    preAuthKeyFile = mkOption {
      type = infra.secretFile;
      default = null;
      example = "/run/secrets/tailnet-key";
      description = "File with a pre-auth key, read only while there is no login. Null: log in by hand.";
    };

    wireguard = {
      privateKeyFile = mkOption {
        type = infra.secretPath;
        default = "/var/lib/flint-member/wireguard.key";
        description = "File with the private key; it is made here where there is none.";
      };
      listenPort = mkOption {
        type = types.port;
        default = 51820;
        description = "UDP port that probes call.";
      };
      peers = mkOption {
        type = types.attrsOf (
          types.submodule {
            options = {
              publicKey = mkOption {
                type = infra.wireguardKey;
                description = "Public key of the probe.";
              };
              address = mkOption {
                type = infra.address;
                description = "The one address that it may use.";
              };
              presharedKeyFile = mkOption {
                type = infra.secretFile;
                default = null;
                description = "File with a key that only the two share.";
              };
            };
          }
        );
        default = { };
        description = "The probes, by name.";
      };
    };

    jumpHosts = mkOption {
      type = types.listOf infra.address;
      default = [ ];
      description = "From where in the mesh SSH is let in.";
    };

    closeSsh = mkOption {
      type = types.bool;
      default = false;
      description = "Whether SSH is let in by the mesh alone. Serial console or rescue system should work before.";
    };

    doors = mkOption {
      type = types.attrsOf (
        types.submodule {
          options = {
            from = mkOption {
              type = types.listOf (types.either infra.address infra.prefix);
              description = "Addresses and prefixes in the mesh.";
            };
            tcp = mkOption {
              type = types.listOf types.port;
              default = [ ];
              description = "Ports that they reach.";
            };
            udp = mkOption {
              type = types.listOf types.port;
              default = [ ];
              description = "Ports that they reach.";
            };
          };
        }
      );
      default = { };
      description = "Who in the mesh reaches what on this machine. Whoever is not named reaches nothing but ICMP.";
    };
  };

  config = mkIf cfg.enable {
    assertions =
      infra.outsideStore (
        {
          "services.flint.member.preAuthKeyFile" = cfg.preAuthKeyFile;
          "services.flint.member.wireguard.privateKeyFile" = cfg.wireguard.privateKeyFile;
        }
        // lib.mapAttrs' (
          name: peer:
          lib.nameValuePair "services.flint.member.wireguard.peers.${name}.presharedKeyFile" peer.presharedKeyFile
        ) cfg.wireguard.peers
      )
      ++ [
        {
          assertion = config.networking.nftables.enable;
          message = "services.flint.member: its filter is one of nftables, which networking.nftables.enable turns off";
        }
        {
          assertion = !isTailscale || cfg.headscaleURL != null;
          message = "services.flint.member.headscaleURL is not set: where does tailscale's client log in?";
        }
        {
          assertion = !isTailscale || cfg.wireguard.peers == { };
          message = "services.flint.member.wireguard.peers are given, but services.flint.member.kind is \"tailscale\"";
        }
        {
          assertion = !isWireguard || options.networking ? wireguard;
          message = "services.flint.member.kind: this NixOS has no networking.wireguard";
        }
        {
          assertion = !isWireguard || cfg.headscaleURL == null;
          message = "services.flint.member.headscaleURL is given, but services.flint.member.kind is \"wireguard\"";
        }
        (infra.notTrusted config.networking.firewall cfg.interface)
        {
          assertion = lib.all (from: infra.isV6 from == infra.isV6 cfg.address) callers;
          message = "services.flint.member.doors: one of ${toString callers} can never call ${cfg.address}: one is IPv4, the other IPv6";
        }
        {
          assertion = !cfg.closeSsh || cfg.jumpHosts != [ ];
          message = "services.flint.member.closeSsh without services.flint.member.jumpHosts: nobody could log in any more";
        }
        {
          assertion =
            let
              addresses = lib.mapAttrsToList (_: peer: peer.address) cfg.wireguard.peers;
            in
            lib.allUnique (addresses ++ [ cfg.address ]);
          message = "services.flint.member.wireguard.peers: each needs an address of its own";
        }
        {
          assertion = (config.boot.kernel.sysctl.${nonlocal} or 0) != 1;
          message = "boot.kernel.sysctl: with ip_nonlocal_bind services listen on an address of the mesh that this machine does not have";
        }
      ];

    networking = {
      nftables.enable = mkDefault true;

      # First of all filters. Nothing of NixOS' firewall is undone by it: both must agree.
      nftables.tables.flint-member = {
        family = "inet";
        content = ''
          chain input {
            type filter hook input priority filter - 5; policy accept;
            iifname "lo" accept
            iifname != "${cfg.interface}" ${family} daddr ${cfg.address} drop comment "the address of the mesh, from elsewhere"
            iifname "${cfg.interface}" jump from-mesh
          }
          chain from-mesh {
            ct state established,related accept
            meta l4proto { icmp, ipv6-icmp } accept
        ''
        + prefixed "    " doorRules
        + ''
            drop
          }
          chain forward {
            type filter hook forward priority filter - 5; policy accept;
            iifname "${cfg.interface}" drop
            oifname "${cfg.interface}" drop
          }
        '';
      };

      firewall.extraInputRules = mkIf config.networking.nftables.enable (
        prefixed "iifname \"${cfg.interface}\" " doorRules
      );
      firewall.allowedUDPPorts = mkIf isWireguard [ cfg.wireguard.listenPort ];
      # Routes of the mesh go where others do not.
      firewall.checkReversePath = mkIf isTailscale (mkDefault "loose");
    }
    // lib.optionalAttrs (options.networking ? wireguard) {
      wireguard = {
        interfaces = mkIf isWireguard {
          ${cfg.interface} = {
            ips = [ own ];
            inherit (cfg.wireguard) listenPort;
            privateKeyFile = toString cfg.wireguard.privateKeyFile;
            generatePrivateKeyFile = true;
            peers = lib.mapAttrsToList (name: peer: {
              inherit name;
              inherit (peer) publicKey;
              allowedIPs = [ (infra.hostPrefix peer.address) ];
              presharedKeyFile = lib.mapNullable toString peer.presharedKeyFile;
            }) cfg.wireguard.peers;
          };
        };
      }
      # Units of NixOS make a key where there is none; networkd does not, and reads none of root's.
      // lib.optionalAttrs (options.networking.wireguard ? useNetworkd) {
        useNetworkd = mkIf isWireguard (mkDefault false);
      };
    };

    # Where networkd runs, it would remove rules and routes that it did not make.
    systemd.network.config.networkConfig = mkIf isTailscale {
      ManageForeignRoutes = mkDefault false;
      ManageForeignRoutingPolicyRules = mkDefault false;
    };

    services = {
      flint.member.doors.ssh = mkIf (cfg.jumpHosts != [ ]) {
        from = cfg.jumpHosts;
        tcp = config.services.openssh.ports;
      };
      openssh.openFirewall = mkIf cfg.closeSsh false;

      tailscale = mkIf isTailscale {
        enable = true;
        interfaceName = cfg.interface;
        useRoutingFeatures = "client";
        openFirewall = mkDefault true;
        authKeyFile = mkIf (cfg.preAuthKeyFile != null) (toString cfg.preAuthKeyFile);
        extraUpFlags = [ "--login-server=${toString cfg.headscaleURL}" ] ++ settings;
        # Also for a machine that logged in long ago, with other settings.
        extraSetFlags = settings;
      };
    };

    systemd.services = mkIf isTailscale {
      tailscaled.environment = {
        # It takes iptables where that is installed, whatever the rest of the system uses.
        TS_DEBUG_FIREWALL_MODE = "nftables";
        TS_NO_LOGS_NO_SUPPORT = "true";
      };

      flint-member-address = infra.serviceOf {
        device = infra.deviceUnit cfg.interface;
        ip = "${pkgs.iproute2}/bin/ip";
        address = own;
        inherit (cfg) interface;
      } "flint-member-address.service";
    };
  };
}
