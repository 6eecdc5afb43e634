{
  description = "Flint: a network probe that you can trust, its boards and its control";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      flint = import ./nix { inherit lib; };
      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      packagesOf = pkgs: flint.overlay pkgs pkgs;

      # An image for each kind of board, which enrols at the control that it is given.
      image =
        slug: board:
        lib.nixosSystem {
          modules = [
            board.module
            {
              nixpkgs.overlays = [ self.overlays.default ];
              nixpkgs.hostPlatform = lib.mkIf (board.profile.architecture == "any") "x86_64-linux";
              services.flint.ztp.enable = true;
              services.flint.agent.control = lib.mkDefault "https://control.invalid";
              system.stateVersion = "26.05";
            }
          ];
        };
    in
    {
      inherit (flint) lib;
      overlays.default = flint.overlay;
      nixosModules = flint.modules // {
        default = flint.modules.board;
      };
      nixosConfigurations = lib.mapAttrs' (
        slug: board: lib.nameValuePair "${slug}-ztp" (image slug board)
      ) flint.lib.boards;

      packages = eachSystem (
        pkgs:
        packagesOf pkgs
        // {
          default = self.packages.${pkgs.stdenv.hostPlatform.system}.flint-probe;
        }
        // lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == "x86_64-linux") {
          flint-probe-aarch64 = (packagesOf pkgs.pkgsCross.aarch64-multiplatform).flint-probe;
        }
      );

      # Everything is evaluated and built but the images, which take a machine of the board's kind.
      checks = eachSystem (
        pkgs:
        let
          inherit (pkgs.stdenv.hostPlatform) system;
          boards = lib.filterAttrs (
            _: configuration: configuration.pkgs.stdenv.hostPlatform.system == system
          ) self.nixosConfigurations;
        in
        packagesOf pkgs
        // lib.mapAttrs (_: configuration: configuration.config.system.build.toplevel) boards
      );

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cmake
            pkgs.jq
            pkgs.nftables
            pkgs.ninja
            pkgs.nixfmt
            pkgs.nodejs_24
            pkgs.python3
          ];
        };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt);
    };
}
