# All modules of the board side; none does anything before it is enabled.
{
  imports = [
    ./agent.nix
    ./base.nix
    ./node-exporter.nix
    ./probe.nix
    ./sd-mac.nix
    ./ztp-image.nix
  ];
}
