# Instead of hub and metrics: everything on one machine. Port 80 belongs to nginx there, so probes
# push to another one. A jump host, where wanted, is another machine still.
{ lib, ... }:
let
  site = import ./site.nix;
  pushPort = 8400;
in
{
  imports = [
    ./hub.nix
    ./metrics.nix
  ];
  networking.hostName = lib.mkForce "flint";

  services.flint.headscale.policy.pushPort = lib.mkForce pushPort;
  services.flint.metrics.push.port = lib.mkForce pushPort;
  # A Grafana of this machine asks VictoriaMetrics at http://127.0.0.1:8428.
  services.flint.metrics.query.readers = lib.mkForce [ ];
  services.flint.headscale.readers = lib.mkForce { };
  services.flint.headscale.apiClients = [
    "127.0.0.1"
    "::1"
  ];
  # Its own name must not lead out of the machine and back.
  networking.hosts."127.0.0.1" = [
    site.control
    site.headscale
  ];
}
