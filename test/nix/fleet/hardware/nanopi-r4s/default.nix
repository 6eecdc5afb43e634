# FriendlyElec NanoPi R4S: RK3399, 1 or 4 GB, an SD card, two network ports.
{ flint, pkgs, ... }:
let
  uboot = pkgs.buildUBoot {
    defconfig = "nanopi-r4s-rk3399_defconfig";
    extraMeta.platforms = [ "aarch64-linux" ];
    BL31 = "${pkgs.armTrustedFirmwareRK3399}/bl31.elf";
    filesToInstall = [ "u-boot-rockchip.bin" ];
  };
in
{
  imports = [ flint.modules.image-sd ];

  boot.initrd = {
    includeDefaultModules = false;
    availableKernelModules = [ "mmc_block" ];
  };
  boot.kernelModules = [ "dw_wdt" ];
  boot.kernelParams = [ "console=ttyS2,1500000n8" ];
  hardware.deviceTree.name = "rockchip/rk3399-nanopi-r4s.dtb";

  sdImage = {
    firmwarePartitionOffset = 32;
    postBuildCommands = ''
      dd if=${uboot}/u-boot-rockchip.bin of=$img conv=fsync,notrunc bs=512 seek=64
    '';
  };
}
