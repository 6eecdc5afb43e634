{
  description = "Probes of Example Networks";

  inputs = {
    flint.url = "git+https://git.example.net/flint";
    nixpkgs.follows = "flint/nixpkgs";
  };

  outputs =
    { flint, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      common = [
        { nixpkgs.overlays = [ flint.overlays.default ]; }
        ./common.nix
      ];
      # With kinds of boards of your own: flint.lib.boardsWith ./hardware
      inherit (flint.lib) boards;
      # One system for each file of probes/.
      probes = flint.lib.probes {
        directory = ./probes;
        # hardware = ./hardware;
        modules = common ++ [ ./probe.nix ];
      };
      # One image for each kind of board, the same for all boards of that kind.
      image = slug: {
        name = "image-${slug}";
        value.modules = common ++ [
          boards.${slug}.module
          ./image.nix
        ];
      };
      images = lib.listToAttrs [
        (image "r2s")
        (image "s920")
      ];
    in
    {
      nixosConfigurations = lib.mapAttrs (_: lib.nixosSystem) (probes // images);
    };
}
