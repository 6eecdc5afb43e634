# services.flint.mac: the address of boards that have none of their own, made of the serial number
# of the SD card before the first packet leaves.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkIf;
  flint = config.services.flint;
  cfg = flint.mac;
in
{
  imports = [ ./flint.nix ];

  options.services.flint.mac = {
    enable = mkEnableOption ''
      the MAC of the board by the serial number of its SD card. The interface is that of the agent,
      or of the hardware profile
    '';
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = flint.agent.enable or false;
        message = "services.flint.mac: which interface it is stands in the configuration of the agent: enable services.flint.agent";
      }
      {
        assertion = lib.any (name: flint.agent.${name} or null != null) [
          "hardware"
          "interface"
        ];
        message = "services.flint.mac: say in services.flint.agent.interface (or .hardware) whose MAC is set";
      }
    ];
    systemd.services.flint-mac = lib.mkMerge [
      (flint.serviceOf "flint-mac.service")
      {
        path = [ pkgs.iproute2 ];
        # The address of a board does not change while it runs.
        restartIfChanged = false;
      }
    ];
  };
}
