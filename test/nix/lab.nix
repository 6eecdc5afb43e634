# Evaluates modules with the harness, by names of configurations: what the tests look at. The fake
# packages of the harness build nothing, so flint is one of them.
harness:
let
  lib = import (builtins.getEnv "NIXPKGS_LIB");

  packages = final: previous: {
    flint = previous.mkDerivation {
      pname = "flint";
      version = "0.1.0";
      passthru = {
        nodejs = previous.mkDerivation {
          pname = "node";
          version = "24.0.0";
        };
        withControl = false;
      };
    };
    flint-probe = final.flint;
    flint-control = final.flint;
  };

  # Declared in NixOS, and not in every harness.
  wireguard =
    { lib, ... }:
    let
      inherit (lib) mkOption types;
      text = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      texts = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
    in
    {
      options.networking.wireguard.interfaces = mkOption {
        default = { };
        type = types.attrsOf (
          types.submodule {
            options = {
              ips = texts;
              privateKeyFile = text;
              generatePrivateKeyFile = mkOption {
                type = types.bool;
                default = false;
              };
              listenPort = mkOption {
                type = types.nullOr types.port;
                default = null;
              };
              peers = mkOption {
                default = [ ];
                type = types.listOf (
                  types.submodule {
                    options = {
                      name = text;
                      publicKey = text;
                      presharedKeyFile = text;
                      allowedIPs = texts;
                    };
                  }
                );
              };
            };
          }
        );
      };
    };
  hasWireguard = lib.hasInfix "wireguard" (builtins.readFile (harness + "/stubs/base.nix"));

  evaluate =
    modules:
    let
      result = import (harness + "/default.nix") {
        modules = [ { nixpkgs.overlays = [ packages ]; } ] ++ lib.optional (!hasWireguard) wireguard ++ modules;
      };
      inherit (result) config;
      flint = config.services.flint;
    in
    result.json
    // {
      wireguard = config.networking.wireguard.interfaces;
      scrape = config.services.victoriametrics.prometheusConfig;
      storeFlags = config.services.victoriametrics.extraOptions;
      nginx = lib.mapAttrs (
        _: host: { inherit (host) forceSSL enableACME; locations = lib.mapAttrs (_: one: one.extraConfig) host.locations; }
      ) config.services.nginx.virtualHosts;
      tailscaleFlags = config.services.tailscale.extraUpFlags;
      files = lib.mapAttrs (_: file: toString file) {
        control = flint.control.configFile or "";
        probe = flint.probe.configFile or "";
        agent = flint.agent.configFile or "";
        vmauth = flint.metrics.sync.configFile or "";
        gate = config.environment.etc."flint/gate.conf".source or "";
      };
    };
in
lib.mapAttrs (_: evaluate)
