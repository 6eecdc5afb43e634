# The machine that the Internet sees: control and headscale, each behind TLS.
let
  site = import ./site.nix;
in
{
  imports = [ ./base.nix ];
  networking.hostName = "hub";

  services.flint.control = {
    enable = true;
    fqdn = site.control;
    settings = {
      title = "Example Networks";
      addressPrefix = site.probes;
    };
  };

  services.flint.headscale = {
    enable = true;
    fqdn = site.headscale;
    probeSubnet = site.probes;
    metricsIP = site.metrics;
    jumpHostIP = site.jumpHost;
    readers.grafana = site.grafana;
    policy.pushPort = site.pushPort;
    derp = {
      enable = true;
      regionID = 901;
      regionCode = "example";
      regionName = "Example Networks";
    };
  };
}
