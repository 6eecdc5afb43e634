# Any machine with UEFI, a virtual one too. Which architecture it has, the configuration says.
{ flint, lib, ... }:
{
  imports = [ flint.modules.image-efi ];

  boot = {
    initrd.availableKernelModules = [
      "ahci"
      "nvme"
      "sd_mod"
      "sdhci_pci"
      "usb_storage"
      "virtio_blk"
      "virtio_pci"
      "virtio_scsi"
      "xhci_pci"
    ];
    kernelParams = [
      "console=ttyS0,115200"
      "console=tty1"
    ];
  };
  hardware.enableRedistributableFirmware = lib.mkDefault true;
}
