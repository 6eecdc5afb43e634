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
      # One system for each file of probes/.
      probes = flint.lib.probes {
        directory = ./probes;
        modules = common ++ [ ./probe.nix ];
      };
      # One image for each kind of board, the same for all boards of that kind.
      images = lib.mapAttrs (slug: board: {
        modules = [
          board.module
          ./image.nix
        ]
        ++ common;
      }) (lib.getAttrs [ "r2s" "s920" ] flint.lib.boards);
    in
    {
      nixosConfigurations =
        lib.mapAttrs (_: lib.nixosSystem) probes
        // lib.mapAttrs' (slug: image: lib.nameValuePair "image-${slug}" (lib.nixosSystem image)) images;
    };
}
