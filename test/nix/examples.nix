# The example of an infrastructure, machine by machine, as its flake.nix puts it together.
let
  infra = [
    ../../nix/control.nix
    ../../nix/headscale.nix
    ../../nix/jump-host.nix
    ../../nix/metrics.nix
  ];
  machine = module: infra ++ [ module ];
in
{
  hub = machine ../../nix/examples/infra/hub.nix;
  metrics = machine ../../nix/examples/infra/metrics.nix;
  jump = machine ../../nix/examples/infra/jump.nix;
  one-machine = machine ../../nix/examples/infra/one-machine.nix;
}
