# services.flint.headscale: the control server of the tailnet, and the policy that it enforces.
{
  config,
  lib,
  pkgs,
  modulesPath,
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
  cfg = config.services.flint.headscale;
  format = pkgs.formats.json { };
  server = config.services.headscale;
  hasGrants = lib.versionAtLeast server.package.version "0.29";
  newest = if hasGrants then "grants" else "acls";
  shape = if cfg.policy.shape == "auto" then newest else cfg.policy.shape;
  # What else runs on this machine.
  flint = config.services.flint;
  metrics = flint.metrics or { enable = false; };
  control = flint.control or { enable = false; };
  # Names that the policy gives to others.
  taken = [
    "jumphost"
    "metrics"
    "probe-other"
    "probe-sample"
    "probes"
  ];
  inSubnet =
    lib.filterAttrs (_: address: address != null && infra.holds cfg.probeSubnet address) (
      cfg.readers // { inherit (cfg) metricsIP jumpHostIP; }
    );
  policyFile = format.generate "policy.json" cfg.policy.settings;
  makeUsers = pkgs.writeShellScript "flint-headscale-users" ''
    set -euo pipefail
    PATH=${
      lib.makeBinPath [
        server.package
        pkgs.coreutils
        pkgs.gnugrep
        pkgs.jq
      ]
    }
    known=$(headscale users list --output json | jq -r '(. // [])[].name')
    for user in ${lib.escapeShellArgs (lib.attrValues cfg.policy.users)}; do
      if ! printf '%s\n' "$known" | grep -qxF -- "$user"; then
        headscale users create "$user"
      fi
    done
  '';
in
{
  options.services.flint.headscale = {
    enable = lib.mkEnableOption "headscale, the control server of the tailnet of probes";

    fqdn = mkOption {
      type = types.str;
      example = "headscale.example.net";
      description = "Name by which probes and servers reach it from the Internet, over HTTPS.";
    };

    probeSubnet = mkOption {
      type = infra.prefix;
      example = "fd8f:89ae:ca73:3::/64";
      description = "Where the addresses of probes lie.";
    };

    metricsIP = mkOption {
      type = types.nullOr infra.address;
      default = null;
      example = "fd8f:89ae:ca73:2::1";
      description = "Address of the metrics server in the tailnet.";
    };

    jumpHostIP = mkOption {
      type = types.nullOr infra.address;
      default = null;
      example = "fd8f:89ae:ca73:1::1";
      description = "Address of the one machine in the tailnet that probes let in by SSH.";
    };

    readers = mkOption {
      type = types.attrsOf infra.address;
      default = { };
      example = {
        grafana = "fd8f:89ae:ca73:2::2";
      };
      description = "Machines in the tailnet that may query the metrics, by name.";
    };

    apiClients = mkOption {
      type = types.nullOr (types.listOf (types.either infra.address infra.prefix));
      default = null;
      example = [ "192.0.2.10" ];
      description = ''
        Addresses and prefixes from which its API may be called through the virtual host; null lets in
        everybody who has a key. The control needs it, probes do not.
      '';
    };

    derp = {
      enable = lib.mkEnableOption "a relay of our own (DERP) for probes behind networks that let nothing else through";
      regionID = mkOption {
        type = types.ints.between 1 65535;
        default = 999;
        description = "Region ID of the relay.";
      };
      regionCode = mkOption {
        type = types.str;
        default = "flint";
        description = "Region code of the relay.";
      };
      regionName = mkOption {
        type = types.str;
        default = "Flint";
        description = "Region name of the relay.";
      };
      stunPort = mkOption {
        type = types.port;
        default = 3478;
        description = "UDP port by which probes learn how they look from outside (STUN).";
      };
      public = mkOption {
        type = types.bool;
        default = !cfg.derp.enable;
        defaultText = lib.literalExpression "!derp.enable";
        description = "Whether Tailscale's public relays may be used too: they see who speaks with whom, not what.";
      };
    };

    policy = {
      shape = mkOption {
        type = types.enum [
          "auto"
          "acls"
          "grants"
        ];
        default = "auto";
        description = ''
          How the policy is written: `acls` for headscale 0.26 and newer, `grants` with tests for 0.29
          and newer. `auto` goes by the version of {option}`services.headscale.package`.
        '';
      };
      pushPort = mkOption {
        type = types.port;
        default = 80;
        description = "Where the metrics server takes what probes push.";
      };
      queryPort = mkOption {
        type = types.port;
        default = 8481;
        description = "Where the metrics server answers its readers.";
      };
      sshPort = mkOption {
        type = types.port;
        default = 22;
        description = "Where probes and servers take SSH from the jump host.";
      };
      pagePort = mkOption {
        type = types.nullOr types.port;
        default = null;
        example = 9740;
        description = "Port of the probes where the metrics server may fetch; null where probes push alone.";
      };
      users = {
        management = mkOption {
          type = types.strMatching "[a-z][a-z0-9-]*";
          default = "management";
          description = "User of headscale that jump hosts belong to.";
        };
        monitoring = mkOption {
          type = types.strMatching "[a-z][a-z0-9-]*";
          default = "monitoring";
          description = "User of headscale that metrics servers belong to.";
        };
        probes = mkOption {
          type = types.strMatching "[a-z][a-z0-9-]*";
          default = "probes";
          description = "User of headscale that probes belong to.";
        };
      };
      autoApproveProbes = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether headscale approves every address of {option}`probeSubnet` that a probe announces.
          A stolen probe may then claim that of any other: leave it off and let the control approve
          the one address that it gave to each.
        '';
      };
      settings = mkOption {
        type = types.submodule { freeformType = format.type; };
        default = { };
        description = "The policy itself. What is added here joins what the options above make; lists grow.";
      };
    };

    nginx = mkOption {
      type = infra.virtualHost { inherit config modulesPath; };
      default = { };
      description = "More for the virtual host, which takes TLS (`forceSSL`, `enableACME`) unless told otherwise here.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = true;
      description = "Whether probes get through the firewall of this machine to the virtual host and the relay.";
    };
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = !lib.hasInfix "/" cfg.fqdn && lib.hasInfix "." cfg.fqdn;
        message = "services.flint.headscale.fqdn: \"${cfg.fqdn}\" is no name that resolves everywhere";
      }
      {
        assertion = cfg.derp.enable -> cfg.nginx.forceSSL || cfg.nginx.onlySSL || cfg.nginx.addSSL;
        message = "services.flint.headscale.derp.enable: probes reach a relay over TLS alone, which services.flint.headscale.nginx turns off";
      }
      {
        assertion = cfg.metricsIP == null || cfg.metricsIP != cfg.jumpHostIP;
        message = "services.flint.headscale: metricsIP and jumpHostIP are the same address, so whoever owns the metrics server has SSH to all probes: give the jump host its own";
      }
      {
        assertion = cfg.derp.enable || cfg.derp.public;
        message = "services.flint.headscale.derp: neither a relay of our own (enable) nor the public ones (public): probes behind many networks would never get through";
      }
      {
        assertion = lib.all (name: builtins.match "[a-z][a-z0-9-]*" name != null && !lib.elem name taken) (
          lib.attrNames cfg.readers
        );
        message = "services.flint.headscale.readers: ${lib.concatStringsSep ", " (lib.attrNames cfg.readers)}: names in the policy are of a-z, 0-9 and -, and ${lib.concatStringsSep ", " taken} are those of others, who would read the metrics instead";
      }
      {
        assertion = inSubnet == { };
        message = "services.flint.headscale.probeSubnet: ${cfg.probeSubnet} holds ${lib.concatStringsSep ", " (lib.mapAttrsToList (name: address: "${name} (${address})") inSubnet)}: what probes may, it may, and a probe could be given its address";
      }
      {
        assertion =
          !(metrics.enable && flint.member.enable)
          || cfg.metricsIP == null
          || cfg.metricsIP == flint.member.address;
        message = "services.flint.headscale.metricsIP is ${toString cfg.metricsIP}, but services.flint.member.address of this machine, which has the metrics, is ${flint.member.address}";
      }
      {
        assertion = !metrics.enable || !metrics.push.enable || metrics.push.port == cfg.policy.pushPort;
        message = "services.flint.headscale.policy.pushPort is ${toString cfg.policy.pushPort}, but probes push to services.flint.metrics.push.port ${toString metrics.push.port} of this machine: no sample would ever come";
      }
      {
        assertion =
          !metrics.enable || metrics.query.readers == [ ] || metrics.query.port == cfg.policy.queryPort;
        message = "services.flint.headscale.policy.queryPort is ${toString cfg.policy.queryPort}, but readers ask at services.flint.metrics.query.port ${toString metrics.query.port} of this machine";
      }
      {
        assertion = !control.enable || control.settings.listen.port != server.port;
        message = "services.headscale.port: ${toString server.port} is taken by services.flint.control.listen.port of this machine";
      }
    ];

    warnings =
      lib.optional cfg.policy.autoApproveProbes "services.flint.headscale.policy.autoApproveProbes: a stolen probe can take over the address of any other"
      ++ lib.optional (
        cfg.policy.shape == "grants" && !hasGrants
      ) "services.flint.headscale.policy.shape: headscale ${server.package.version} refuses grants, which 0.29 and newer read: make it \"acls\" or \"auto\"";

    services = {
      flint.headscale.policy.settings = import ./headscale-policy.nix { inherit lib; } {
        inherit shape;
        inherit (cfg)
          jumpHostIP
          metricsIP
          probeSubnet
          readers
          ;
        inherit (cfg.policy)
          pushPort
          queryPort
          sshPort
          pagePort
          users
          autoApproveProbes
          ;
      };

      headscale = {
        enable = true;
        address = mkDefault "127.0.0.1";
        port = mkDefault 8080;
        settings = {
          server_url = mkDefault "https://${cfg.fqdn}";
          # Only subsets of what Tailscale's clients take for theirs work; addresses of our own are
          # routes beside them.
          prefixes.v4 = mkDefault "100.64.0.0/10";
          prefixes.v6 = mkDefault "fd7a:115c:a1e0::/48";
          policy.mode = "file";
          policy.path = "${policyFile}";
          # No probe takes names from here: what it measures is the resolver of its own network.
          dns.magic_dns = mkDefault false;
          dns.override_local_dns = mkDefault false;
          disable_check_updates = mkDefault true;
          logtail.enabled = mkDefault false;
          # tailscaled takes files of its user's nodes before any packet filter: a stolen probe could
          # fill the disks of all.
          taildrop.enabled = mkDefault false;
          # Read by 0.29 and newer, which else take the proxy for every client.
          trusted_proxies = mkDefault [
            "127.0.0.1/32"
            "::1/128"
          ];
          derp = {
            urls = mkDefault (
              lib.optional cfg.derp.public "https://controlplane.tailscale.com/derpmap/default"
            );
            auto_update_enabled = mkDefault cfg.derp.public;
            server = mkIf cfg.derp.enable {
              enabled = true;
              region_id = cfg.derp.regionID;
              region_code = cfg.derp.regionCode;
              region_name = cfg.derp.regionName;
              verify_clients = mkDefault true;
              stun_listen_addr = "[::]:${toString cfg.derp.stunPort}";
            };
          };
        };
      };

      nginx = {
        enable = true;
        virtualHosts.${cfg.fqdn} = lib.mkMerge [
          cfg.nginx
          {
            locations =
              let
                upstream = extra: {
                  proxyPass = "http://${infra.authority server.address server.port}";
                  proxyWebsockets = true;
                  recommendedProxySettings = false;
                  extraConfig = extra + ''
                    proxy_buffering off;
                    proxy_read_timeout 1h;
                    proxy_set_header Host $host;
                    proxy_set_header X-Real-IP $remote_addr;
                    proxy_set_header X-Forwarded-For $remote_addr;
                    proxy_set_header X-Forwarded-Proto $scheme;
                  '';
                };
                onlyClients = infra.allowOnly cfg.apiClients;
              in
              {
                "/" = upstream "";
              }
              // lib.optionalAttrs (cfg.apiClients != null) {
                "/api/" = upstream onlyClients;
                "/swagger" = upstream onlyClients;
              };
          }
        ];
      };
    };

    environment.systemPackages = [ server.package ];

    # Keys belong to users: they are made once, and nothing is changed that exists.
    systemd.services.flint-headscale-users = infra.serviceOf {
      make-users = makeUsers;
      headscale-user = server.user;
      headscale-group = server.group;
    } "flint-headscale-users.service";

    networking.firewall = mkIf cfg.openFirewall {
      allowedTCPPorts = [
        80
        443
      ];
      allowedUDPPorts = mkIf cfg.derp.enable [ cfg.derp.stunPort ];
    };
  };
}
