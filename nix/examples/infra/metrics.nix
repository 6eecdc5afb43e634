# The machine that the samples go to. Nothing of it is on the Internet.
let
  site = import ./site.nix;
in
{
  imports = [ ./base.nix ];
  networking.hostName = "metrics";

  services.flint.member = {
    enable = true;
    address = site.metrics;
    headscaleURL = "https://${site.headscale}";
    preAuthKeyFile = "/var/lib/secrets/tailnet-key";
    jumpHosts = [ site.jumpHost ];
    # Once SSH by the jump host works:
    # closeSsh = true;
  };

  services.flint.metrics = {
    enable = true;
    probeSubnet = site.probes;
    retention = "2y";
    push.port = site.pushPort;
    sync.webURL = "https://${site.control}";
    sync.metricsApiKeyFile = "/var/lib/secrets/metrics-api-key";
    query.readers = [ site.grafana ];
  };
}
