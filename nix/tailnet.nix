# services.flint.agent.tailnet: by which mesh the board is reached. The agent joins it and stays
# joined; this brings the program, and keeps the system from undoing what that does.
{
  config,
  lib,
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
  cfg = config.services.flint.agent;
  tailnet = cfg.tailnet;
  values = import ./values.nix { inherit lib; };
  inherit (values) said;
  isOn = cfg.enable && tailnet.enable;
  isTailscale = isOn && tailnet.kind == "tailscale";
  isWireguard = isOn && tailnet.kind == "wireguard";
  pskOf = peer: "wireguard-psk-${lib.toLower peer.name}";

  peer = types.submodule {
    options = {
      name = mkOption {
        type = types.strMatching "[A-Za-z0-9][A-Za-z0-9._-]{0,47}";
        description = "By which it is told apart, whatever the case of its letters.";
      };
      publicKey = mkOption {
        type = values.wireguardKey;
        description = "Its public key. The board's own is made on the board.";
      };
      presharedKeyFile = mkOption {
        type = values.secretFile;
        default = null;
        description = "A file with a preshared key.";
      };
      endpoint = mkOption {
        type = types.nullOr values.endpoint;
        default = null;
        example = "monitor.example.net:51820";
        description = "Where it is; null for one that calls.";
      };
      allowedAddresses = mkOption {
        type = types.nonEmptyListOf (types.either values.prefix values.address);
        description = "What is behind it.";
      };
      keepaliveS = mkOption {
        type = types.ints.between 0 65535;
        default = 25;
        description = "How often a mapping on the way is kept open.";
      };
    };
  };
in
{
  options.services.flint.agent.tailnet = {
    enable = lib.mkEnableOption "the mesh that the board is reached by";

    kind = mkOption {
      type = types.enum [
        "tailscale"
        "wireguard"
      ];
      default = "tailscale";
      description = "tailscale's client against a headscale, or plain WireGuard.";
    };

    address = mkOption {
      type = types.nullOr values.address;
      default = null;
      example = "fd00:1:2:3::7";
      description = "Fixed address of the board there; null takes what the mesh gives. WireGuard gives none.";
    };

    readers = mkOption {
      type = types.listOf values.address;
      default = [ ];
      description = "Who may read page and metrics of the probe there.";
    };

    interface = mkOption {
      type = values.interface;
      default = if tailnet.kind == "tailscale" then "tailscale0" else "flint0";
      defaultText = lib.literalExpression ''"tailscale0" or "flint0"'';
      description = "Name of the interface.";
    };

    loginServer = mkOption {
      type = types.nullOr values.origin;
      default = null;
      example = "https://headscale.example.net";
      description = "tailscale: origin of the headscale.";
    };

    keyFile = mkOption {
      type = values.secretFile;
      default = null;
      description = "tailscale: a file with a pre-auth key; without one the control is asked.";
    };

    hostname = mkOption {
      type = types.nullOr values.hostName;
      default = null;
      description = "tailscale: name on the mesh; null takes the one that the control gave.";
    };

    acceptRoutes = mkOption {
      type = types.bool;
      default = true;
      description = "tailscale: whether fixed addresses of others are reached, which are routes.";
    };

    versionMin = mkOption {
      type = types.nullOr (types.strMatching "[0-9]{1,4}(\\.[0-9]{1,4}){1,2}");
      default = null;
      example = "1.80";
      description = "tailscale: an older one is told of, in metrics and in the report.";
    };

    netfilter = mkOption {
      type = types.enum [
        "off"
        "nodivert"
        "on"
      ];
      default = "off";
      description = "tailscale: its own packet filter beside that of the lockdown.";
    };

    listenPort = mkOption {
      type = types.port;
      default = 0;
      description = "WireGuard: its UDP port; 0 takes any.";
    };

    mtu = mkOption {
      type = types.ints.between 1280 9000;
      default = 1420;
      description = "WireGuard: of the interface.";
    };

    peers = mkOption {
      type = types.listOf peer;
      default = [ ];
      description = "WireGuard: the others.";
    };
  };

  config = lib.mkMerge [
    (mkIf isOn {
      assertions = [
        (values.notTrusted config.networking.firewall tailnet.interface)
        {
          assertion = tailnet.interface != cfg.interface;
          message = "services.flint.agent.tailnet.interface: ${tailnet.interface} is services.flint.agent.interface: the LAN would be let in as the mesh";
        }
        {
          assertion = !lib.elem tailnet.address tailnet.readers;
          message = "services.flint.agent.tailnet.readers: ${toString tailnet.address} is this board's own address";
        }
      ]
      ++ values.atMost 16 { "services.flint.agent.tailnet.readers" = tailnet.readers; };
      # networkd would remove rules and routes that it did not make.
      systemd.network.config.networkConfig = {
        ManageForeignRoutes = false;
        ManageForeignRoutingPolicyRules = false;
      };
      # Answers of the mesh come by rules of its own, which the strict test does not follow.
      networking.firewall.checkReversePath = mkDefault "loose";
      services.flint.agent.settings.tailnet = said {
        inherit (tailnet)
          kind
          address
          readers
          interface
          ;
      };
    })

    (mkIf isTailscale {
      assertions =
        values.outsideStore { "services.flint.agent.tailnet.keyFile" = tailnet.keyFile; }
        ++ [
          {
            assertion = tailnet.loginServer != null;
            message = "services.flint.agent.tailnet.loginServer: say which headscale the board joins";
          }
          {
            assertion = config.services.tailscale.enable;
            message = "services.tailscale.enable is off, and services.flint.agent.tailnet needs its daemon: leave it on, or make services.flint.agent.tailnet.kind \"wireguard\"";
          }
          {
            assertion = tailnet.peers == [ ];
            message = "services.flint.agent.tailnet.peers are for kind = \"wireguard\": headscale names the peers itself";
          }
        ];
      services.tailscale = {
        enable = true;
        interfaceName = tailnet.interface;
        useRoutingFeatures = mkDefault "client";
        openFirewall = mkDefault true;
      };
      systemd.services.tailscaled.environment = {
        # It takes iptables where that is installed, whatever the rest of the system uses.
        TS_DEBUG_FIREWALL_MODE = "nftables";
        TS_NO_LOGS_NO_SUPPORT = "true";
      };
      systemd.services.flint-agent.path = [ config.services.tailscale.package ];
      services.flint.agent = {
        secrets.tailnet-key = mkIf (tailnet.keyFile != null) tailnet.keyFile;
        settings.tailnet = said {
          inherit (tailnet)
            loginServer
            hostname
            acceptRoutes
            versionMin
            netfilter
            ;
          program = lib.getExe' config.services.tailscale.package "tailscale";
        };
      };
    })

    (mkIf isWireguard {
      assertions =
        values.outsideStore (
          lib.listToAttrs (
            map (
              one:
              lib.nameValuePair "services.flint.agent.tailnet.peers: presharedKeyFile of ${one.name}" one.presharedKeyFile
            ) tailnet.peers
          )
        )
        ++ [
          {
            assertion = tailnet.address != null;
            message = "services.flint.agent.tailnet.address: WireGuard gives a board no address, so say which one it has";
          }
          {
            assertion = tailnet.peers != [ ];
            message = "services.flint.agent.tailnet.peers: a mesh without a peer reaches nobody";
          }
          {
            # Also the name of a secret, which has none of them.
            assertion = lib.allUnique (map (one: lib.toLower one.name) tailnet.peers);
            message = "services.flint.agent.tailnet.peers: two names differ in capital letters at most, and would share a preshared key";
          }
          {
            assertion = lib.allUnique (map (one: one.publicKey) tailnet.peers);
            message = "services.flint.agent.tailnet.peers: two have the same publicKey, and WireGuard keeps the last of them alone";
          }
        ]
        ++ values.atMost 32 { "services.flint.agent.tailnet.peers" = tailnet.peers; };
      boot.kernelModules = [ "wireguard" ];
      # No key goes through it: the agent hands them over by a file that only root can read.
      systemd.services.flint-agent.path = lib.optional (pkgs ? wireguard-tools) pkgs.wireguard-tools;
      networking.firewall.allowedUDPPorts = mkIf (tailnet.listenPort != 0) [ tailnet.listenPort ];
      services.flint.agent = {
        secrets = lib.listToAttrs (
          map (one: lib.nameValuePair (pskOf one) one.presharedKeyFile) (
            lib.filter (one: one.presharedKeyFile != null) tailnet.peers
          )
        );
        settings.tailnet = said {
          inherit (tailnet) listenPort mtu;
          peers = map (
            one:
            removeAttrs one [ "presharedKeyFile" ]
            // lib.optionalAttrs (one.presharedKeyFile != null) { presharedKey = pskOf one; }
          ) tailnet.peers;
        };
      };
    })
  ];
}
