# services.flint.agent.lockdown: who may reach the board, and what it may reach in private networks.
# The rules are the agent's own table `inet flint`; here is how they live beside those of NixOS.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  flint = config.services.flint;
  cfg = flint.agent;
  lockdown = cfg.lockdown;
  values = import ./values.nix { inherit lib; };
  inherit (values) said;
  network = config.networking;
in
{
  options.services.flint.agent.lockdown = {
    enable = lib.mkEnableOption "the lockdown, a packet filter that lets nobody in but who is named";

    jumpHosts = mkOption {
      type = types.listOf values.address;
      default = [ ];
      example = [ "fd00:1:2:1::1" ];
      description = "From where SSH is let in, on the mesh alone.";
    };

    sshPort = mkOption {
      type = values.servicePort;
      default = lib.head (config.services.openssh.ports ++ [ 22 ]);
      defaultText = lib.literalExpression "lib.head config.services.openssh.ports";
      description = "Of SSH.";
    };

    pagePort = mkOption {
      type = values.servicePort;
      default = flint.probe.settings.listen.port or 9740;
      defaultText = lib.literalExpression "services.flint.probe.settings.listen.port";
      description = "Of page and metrics, let in from the readers of the mesh.";
    };

    infra = mkOption {
      type = types.listOf (
        types.oneOf [
          values.address
          values.prefix
          (types.strMatching "[A-Za-z0-9._-]{1,253}")
        ]
      );
      default = [ ];
      example = [ "cache.example.net" ];
      description = "More that the board must reach in private networks: addresses, ranges or names.";
    };

    measured = mkOption {
      type = types.listOf values.prefix;
      default = flint.probe.policy.privateRanges or [ ];
      defaultText = lib.literalExpression "services.flint.probe.policy.privateRanges";
      description = "Private ranges that may be measured.";
    };
  };

  config = lib.mkIf (cfg.enable && lockdown.enable) {
    assertions = [
      {
        assertion = !network.nftables.flushRuleset;
        message = "services.flint.agent.lockdown: networking.nftables.flushRuleset empties the lockdown whenever the firewall is loaded; it is on by default where system.stateVersion is older than 23.11: set it to false";
      }
      {
        assertion = !network.firewall.enable || network.nftables.enable;
        message = "services.flint.agent.lockdown: without networking.nftables.enable NixOS' firewall is one of iptables, which drops the answers to measurements and lets in no jump host: leave it on, or turn networking.firewall.enable off, and the lockdown filters alone";
      }
      {
        assertion =
          !lib.any (table: table.enable && table.name == "flint" && table.family == "inet") (
            lib.attrValues network.nftables.tables
          );
        message = "networking.nftables.tables: the table inet flint is the lockdown's own, and each would delete the other's: call yours otherwise";
      }
      {
        assertion = lockdown.sshPort != lockdown.pagePort;
        message = "services.flint.agent.lockdown: sshPort and pagePort are both ${toString lockdown.sshPort}: readers of the page would reach SSH";
      }
    ]
    ++ values.atMost 16 { "services.flint.agent.lockdown.jumpHosts" = lockdown.jumpHosts; }
    ++ values.atMost 64 { "services.flint.agent.lockdown.infra" = lockdown.infra; }
    ++ values.atMost 256 { "services.flint.agent.lockdown.measured" = lockdown.measured; };

    warnings =
      lib.optional (lockdown.jumpHosts != [ ] && !cfg.tailnet.enable)
        "services.flint.agent.lockdown.jumpHosts: SSH is let in on the mesh alone, and there is none: nobody can log in before services.flint.agent.tailnet is enabled"
      ++
        lib.optional (lockdown.jumpHosts != [ ] && !config.services.openssh.enable)
          "services.flint.agent.lockdown.jumpHosts: they are let in to SSH, which services.openssh.enable leaves off";

    services.flint.agent.settings.lockdown = said {
      inherit (lockdown)
        jumpHosts
        sshPort
        pagePort
        infra
        measured
        ;
    };

    networking.nftables = {
      enable = true;
      flushRuleset = false;
    };

    # A packet must be accepted by both. NixOS' own table stays as the second lock: it knows nothing
    # of jump hosts, and opens these ports on the mesh alone. Only the lockdown leaves packets
    # untracked, and it judges each of them: without it there are none.
    networking.firewall = {
      extraInputRules = lib.mkIf network.nftables.enable (
        ''
          ct state untracked accept comment "judged by the table inet flint"
        ''
        # By its name in quotes, which NixOS' own option for ports of an interface leaves out.
        + lib.optionalString cfg.tailnet.enable ''
          iifname "${cfg.tailnet.interface}" tcp dport { ${toString lockdown.sshPort}, ${toString lockdown.pagePort} } accept
        ''
      );
    };
    services.openssh.openFirewall = lib.mkDefault false;

    systemd.services.flint-lockdown = lib.mkMerge [
      (flint.serviceOf "flint-lockdown.service")
      {
        path = [ pkgs.nftables ];
        # The agent, which reads the same file, changes the rules without a moment between.
        restartIfChanged = lib.mkDefault false;
      }
    ];
  };
}
