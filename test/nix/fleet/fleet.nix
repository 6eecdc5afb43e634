# A fleet with a kind of board of its own, as the guide adds it: a probe, and the image of that kind.
let
  lib = import (builtins.getEnv "NIXPKGS_LIB");
  flint = import ../../../nix { inherit lib; };
  example = ../../../nix/examples/probe-repo;
  common = [ (example + "/common.nix") ];
  probes = flint.lib.probes {
    directory = ./probes;
    hardware = ./hardware;
    modules = common ++ [ (example + "/probe.nix") ];
  };
  boards = flint.lib.boardsWith ./hardware;
  system = "aarch64-linux";
in
{
  probe03 = {
    inherit (probes.probe03) modules;
    inherit system;
  };
  image = {
    inherit system;
    modules = common ++ [
      boards.nanopi-r4s.module
      (example + "/image.nix")
    ];
  };
  # Twice the same module, and a board that is no agent.
  bare = {
    inherit system;
    modules = [
      boards.nanopi-r4s.module
      boards.nanopi-r4s.module
    ];
  };
}
