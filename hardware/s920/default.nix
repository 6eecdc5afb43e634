# Fujitsu Futro S920: AMD GX-222GC or GX-424CC, 2 to 8 GB, an mSATA disk, one network port.
{
  config,
  flint,
  lib,
  pkgs,
  ...
}:
{
  imports = [ flint.modules.image-efi ];

  boot = {
    initrd.availableKernelModules = [
      "ahci"
      "ehci_pci"
      "ohci_pci"
      "sd_mod"
      "usb_storage"
      "xhci_pci"
    ];
    # The watchdog of the chip set.
    kernelModules = [ "sp5100_tco" ];
    # The last one gets the messages of the boot.
    kernelParams = [
      "console=ttyS0,115200"
      "console=tty1"
    ];
    # Some of them, of the same firmware and with its defaults, start nothing but the loader of
    # another system.
    loader.systemd-boot.extraInstallCommands = ''
      ${pkgs.coreutils}/bin/mkdir -p /boot/EFI/Microsoft/Boot
      ${pkgs.coreutils}/bin/cp /boot/EFI/BOOT/BOOTX64.EFI /boot/EFI/Microsoft/Boot/bootmgfw.efi
    '';
  };

  hardware = {
    enableRedistributableFirmware = lib.mkDefault true;
    cpu.amd.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
  };
}
