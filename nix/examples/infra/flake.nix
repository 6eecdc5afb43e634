{
  description = "Infrastructure of a fleet of Flint probes";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    flint = {
      url = "git+https://git.example.net/flint";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, flint, ... }:
    let
      machine =
        module:
        nixpkgs.lib.nixosSystem {
          system = "x86_64-linux";
          modules = [
            flint.nixosModules.infra
            { nixpkgs.overlays = [ flint.overlays.default ]; }
            module
          ];
        };
    in
    {
      nixosConfigurations = {
        hub = machine ./hub.nix;
        metrics = machine ./metrics.nix;
        jump = machine ./jump.nix;
        # Or all but the jump host in one:
        one-machine = machine ./one-machine.nix;
      };
    };
}
