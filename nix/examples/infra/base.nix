# What all three machines share. Disks, boot loader and the network of your hoster come beside it.
let
  site = import ./site.nix;
in
{
  networking.nftables.enable = true;
  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
  };
  users.users.anna = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam anna"
    ];
  };
  security.acme = {
    acceptTerms = true;
    defaults.email = site.mail;
  };
  system.stateVersion = "26.05";
}
