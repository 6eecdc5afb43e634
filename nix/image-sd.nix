# An SD card with U-Boot in front of its partitions: the bootloader is the board's own, the system
# is found by extlinux. Every system with this module can be built as an image, and updated from
# within.
{
  config,
  lib,
  pkgs,
  modulesPath,
  ...
}:
let
  inherit (lib) mkDefault mkForce;
  extlinux = config.boot.loader.generic-extlinux-compatible;
  note = pkgs.writeText "README.txt" ''
    This card makes a board a Flint probe. To bind the board at its first start, write the claim
    token of the control into a file "flint-claim-token" beside this one.
  '';
in
{
  imports = [ (modulesPath + "/installer/sd-card/sd-image.nix") ];

  # Modules and firmware for everything that exists: twice the size, and no board needs it.
  hardware.enableAllHardware = mkForce false;
  boot.loader = {
    grub.enable = false;
    generic-extlinux-compatible = {
      enable = true;
      configurationLimit = mkDefault 5;
    };
    timeout = mkDefault 1;
  };

  sdImage = {
    populateFirmwareCommands = "cp ${note} firmware/README.txt";
    populateRootCommands = ''
      mkdir -p files/boot
      ${extlinux.populateCmd} -c ${config.system.build.toplevel} -d files/boot
    '';
  };
  # It boots without this partition; the agent looks there for a claim token.
  fileSystems."/boot/firmware".options = mkForce [
    "nofail"
    "noatime"
    "umask=0077"
  ];
  services.flint.ztp.claimTokenFile = mkDefault "/boot/firmware/flint-claim-token";

  system.build.image = mkDefault config.system.build.sdImage;
}
