# services.flint.jumpHost: the one machine of the mesh that probes let in by SSH. Whoever may log in
# here reaches all of them, so it should do little else.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.services.flint.jumpHost;
  member = config.services.flint.member;
in
{
  imports = [ ./member.nix ];

  options.services.flint.jumpHost = {
    enable = lib.mkEnableOption "the role of the jump host: SSH to probes goes by this machine alone";

    operators = mkOption {
      type = types.listOf (types.strMatching "[a-z_][a-z0-9_-]*");
      default = [ ];
      description = "Users of this machine that may log in by SSH; no other may. Empty: as sshd is set up.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = member.enable;
        message = "services.flint.jumpHost: this machine is not in the mesh: set services.flint.member.enable, .address and how it joins";
      }
      {
        assertion = !lib.elem "root" cfg.operators;
        message = "services.flint.jumpHost.operators: not root: a name in the log of each probe should say who it was";
      }
      {
        assertion = !config.services.flint.metrics.enable or false;
        message = "services.flint.jumpHost and services.flint.metrics are one machine: whoever breaks into the metrics server by what probes push would have SSH to all of them";
      }
    ];

    services.openssh = {
      enable = true;
      settings = {
        PasswordAuthentication = mkDefault false;
        KbdInteractiveAuthentication = mkDefault false;
        PermitRootLogin = mkDefault "no";
        # Keys stay at the desk: ProxyJump needs no agent here.
        AllowAgentForwarding = mkDefault false;
        GatewayPorts = mkDefault "no";
        X11Forwarding = mkDefault false;
        AllowUsers = lib.mkIf (cfg.operators != [ ]) cfg.operators;
      };
    };
  };
}
