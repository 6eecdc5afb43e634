# FriendlyElec NanoPi R2S: RK3328, 1 GB, an SD card, two network ports, no screen.
{
  flint,
  lib,
  pkgs,
  ...
}:
let
  # nixpkgs has none for this board; that of another RK3328 sets the timing of other memory chips.
  uboot = pkgs.buildUBoot {
    defconfig = "nanopi-r2s-rk3328_defconfig";
    extraMeta.platforms = [ "aarch64-linux" ];
    BL31 = "${pkgs.armTrustedFirmwareRK3328}/bl31.elf";
    filesToInstall = [ "u-boot-rockchip.bin" ];
  };
in
{
  imports = [ flint.modules.image-sd ];

  boot = {
    initrd = {
      includeDefaultModules = false;
      availableKernelModules = [ "mmc_block" ];
    };
    # The watchdog of the chip, and the second port, which hangs on USB 3.
    kernelModules = [
      "dw_wdt"
      "r8152"
    ];
    # The debug pins on the board.
    kernelParams = [ "console=ttyS2,1500000n8" ];
  };
  hardware.deviceTree.name = "rockchip/rk3328-nanopi-r2s.dtb";
  powerManagement.cpuFreqGovernor = lib.mkDefault "schedutil";

  sdImage = {
    # The one file has its second half at 8 MiB, where the first partition would begin.
    firmwarePartitionOffset = 32;
    postBuildCommands = ''
      dd if=${uboot}/u-boot-rockchip.bin of=$img conv=fsync,notrunc bs=512 seek=64
    '';
  };
}
