# A disk for machines with UEFI: one partition for systemd-boot, one for the system, which grows to
# the end of the disk at its first start.
{
  config,
  lib,
  pkgs,
  modulesPath,
  ...
}:
let
  inherit (lib) mkDefault;
in
{
  boot = {
    loader = {
      grub.enable = false;
      systemd-boot = {
        enable = true;
        # A generation is a kernel and an initrd on a small partition.
        configurationLimit = mkDefault 5;
      };
      # The fallback path: the same disk boots in another machine.
      efi.canTouchEfiVariables = mkDefault false;
      timeout = mkDefault 1;
    };
    growPartition = true;
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
      autoResize = true;
    };
    "/boot" = {
      device = "/dev/disk/by-label/ESP";
      fsType = "vfat";
      # The agent looks there for a claim token.
      options = [ "umask=0077" ];
    };
  };
  services.flint.ztp.claimTokenFile = mkDefault "/boot/flint-claim-token";

  system.build = {
    diskImage = import (modulesPath + "/../lib/make-disk-image.nix") {
      inherit config lib pkgs;
      name = "flint-${config.services.flint.agent.hardware}";
      diskSize = "auto";
      additionalSpace = "256M";
      bootSize = "256M";
      format = "raw";
      partitionTableType = "efi";
      copyChannel = false;
    };
    image = mkDefault config.system.build.diskImage;
  };
}
