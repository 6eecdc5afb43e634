# What this repository gives to a NixOS configuration, without flakes too:
#   imports = [ (import /path/to/flint/nix).modules.board ];
{
  lib ? import <nixpkgs/lib>,
}:
let
  # Every folder of hardware/ that says how a system is built for it.
  boards = lib.filterAttrs (_: board: builtins.pathExists (board.directory + "/default.nix")) (
    lib.mapAttrs (slug: _: rec {
      directory = ../hardware + "/${slug}";
      profile = lib.importJSON (directory + "/profile.json");
      module = directory;
    }) (lib.filterAttrs (_: type: type == "directory") (builtins.readDir ../hardware))
  );
in
{
  modules = {
    board = ./board.nix;
    control = ./control.nix;
    headscale = ./headscale.nix;
    jump-host = ./jump-host.nix;
    member = ./member.nix;
    metrics = ./metrics.nix;
    sparky-compat = ./sparky-compat.nix;
    infra.imports = [
      ./control.nix
      ./headscale.nix
      ./jump-host.nix
      ./member.nix
      ./metrics.nix
    ];
  }
  // lib.mapAttrs' (slug: board: lib.nameValuePair "hardware-${slug}" board.module) boards;

  # On a board no control, and on a server no need to save space. (`pkgs.flint` is something else.)
  overlay = final: _: {
    flint-probe = final.callPackage ./package.nix { };
    flint-control = final.callPackage ./package.nix { withControl = true; };
  };

  lib = {
    # By slug: directory, profile and module.
    inherit boards;
    # A function of { directory, modules }: what lib.nixosSystem takes, by name of the probe.
    probes = import ./probes.nix { inherit lib boards; };
  };
}
