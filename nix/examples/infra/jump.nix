# The only machine that probes let in by SSH.
let
  site = import ./site.nix;
in
{
  imports = [ ./base.nix ];
  networking.hostName = "jump";

  services.flint.member = {
    enable = true;
    address = site.jumpHost;
    headscaleURL = "https://${site.headscale}";
    preAuthKeyFile = "/var/lib/secrets/tailnet-key";
  };

  services.flint.jumpHost = {
    enable = true;
    operators = [ "anna" ];
  };
}
