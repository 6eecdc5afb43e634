# What this repository gives to a NixOS configuration, without flakes too:
#   imports = [ (import /path/to/flint/nix).modules.board ];
{
  lib ? import <nixpkgs/lib>,
}:
let
  kindsOf = import ./hardware.nix { inherit lib modules; };
  boards = kindsOf {
    folder = ../hardware;
    isOwn = true;
  };
  # The fleet's own stand before Flint's: a later Flint that brings a board of the same slug must
  # not change those that are out there.
  boardsWith = hardware: boards // kindsOf { folder = hardware; };

  modules = {
    board = ./board.nix;
    control = ./control.nix;
    headscale = ./headscale.nix;
    image-efi = ./image-efi.nix;
    image-sd = ./image-sd.nix;
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
in
{
  inherit modules;

  # On a board no control, and on a server no need to save space. (`pkgs.flint` is something else.)
  overlay = final: _: {
    flint-probe = final.callPackage ./package.nix { };
    flint-control = final.callPackage ./package.nix { withControl = true; };
  };

  lib = {
    # By slug: directory, profile and module.
    inherit boards;
    # A function of a fleet's own folder of boards: the same, with those.
    inherit boardsWith;
    # A function of { directory, modules, hardware }: what lib.nixosSystem takes, by name of the
    # probe.
    probes = import ./probes.nix { inherit lib boards boardsWith; };
  };
}
