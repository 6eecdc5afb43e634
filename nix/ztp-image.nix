# services.flint.ztp: an image that is the same for every board of a kind, and enrols by itself. It
# holds the name of the control and no secret; keys are made on the board at its first start.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption;
  flint = config.services.flint;
  cfg = flint.ztp;
  values = import ./values.nix { inherit lib; };
  keys = lib.concatMap (
    { openssh, ... }: openssh.authorizedKeys.keys ++ map toString openssh.authorizedKeys.keyFiles
  ) (lib.attrValues config.users.users);
in
{
  options.services.flint.ztp = {
    enable = lib.mkEnableOption "what an image needs to enrol by itself";

    claimTokenFile = mkOption {
      type = values.secretFile;
      default = null;
      example = "/boot/firmware/flint-claim-token";
      description = ''
        Where a claim token may lie on the board. An image module names a file on the FAT partition,
        which any computer can write once the image is flashed: no token enters the Nix store.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion =
          !lib.any (lib.hasPrefix "ssh/ssh_host_") (lib.attrNames config.environment.etc);
        message = "services.flint.ztp: every board flashed with this image would have the same SSH host key: leave it out, each makes its own";
      }
    ];
    warnings = lib.optional (keys == [ ] && config.services.openssh.enable && flint.agent.lockdown.jumpHosts != [ ]) "services.flint.ztp: jump hosts are let in to SSH, but no user has an authorized key";

    networking.hostName = mkDefault "flint";
    services.flint = {
      board.enable = mkDefault true;
      nodeExporter.enable = mkDefault true;
      probe.enable = mkDefault true;
      agent = {
        enable = mkDefault true;
        claimTokenFile = mkDefault cfg.claimTokenFile;
        lockdown.enable = mkDefault true;
      };
    };
  };
}
