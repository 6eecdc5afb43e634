# Evaluates modules with the harness, by names of configurations: what the tests look at. The fake
# packages of the harness build nothing, so flint is one of them.
harness:
let
  lib = import (builtins.getEnv "NIXPKGS_LIB");

  packages = final: previous: {
    flint-probe = previous.mkDerivation {
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
    flint-control = final.flint-probe;
    wireguard-tools = previous.mkDerivation {
      pname = "wireguard-tools";
      version = "1.0";
    };
  };

  # Declared in NixOS, and not in every harness.
  wireguard =
    { config, lib, ... }:
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
      options.networking.wireguard.useNetworkd = mkOption {
        type = types.bool;
        default = config.networking.useNetworkd;
      };
      config.assertions = lib.mapAttrsToList (name: interface: {
        assertion = !config.networking.wireguard.useNetworkd || !interface.generatePrivateKeyFile;
        message = "networking.wireguard.interfaces.${name}.generatePrivateKeyFile cannot be used with networkd.";
      }) config.networking.wireguard.interfaces;
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

  # Options of NixOS that boards set, and what NixOS itself sets for them.
  boards =
    { lib, pkgs, ... }:
    {
      options.users.allowNoPasswordLogin = lib.mkOption {
        type = lib.types.bool;
        default = false;
      };
      config = {
        users.users.root = {
          uid = 0;
          group = "root";
        };
        system.build.toplevel = pkgs.hello;
        boot.loader.generic-extlinux-compatible.populateCmd = "/extlinux";
      };
    };
  stand-ins = builtins.readFile (harness + "/stubs/base.nix");
  missing =
    lib.optional (!lib.hasInfix "wireguard" stand-ins) wireguard
    ++ lib.optional (!lib.hasInfix "allowNoPasswordLogin" stand-ins) boards;

  # A list of modules, or one with the system that it is for.
  evaluate =
    given:
    let
      machine = if lib.isList given then { modules = given; } else given;
      result = import (harness + "/default.nix") {
        modules = [ { nixpkgs.overlays = [ packages ]; } ] ++ missing ++ machine.modules;
        system = machine.system or "x86_64-linux";
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
        _: host: {
          inherit (host) forceSSL enableACME;
          locations = lib.mapAttrs (_: one: one.extraConfig) host.locations;
        }
      ) config.services.nginx.virtualHosts;
      hasSudo = config.security.sudo.enable;
      networkd = config.systemd.network.config.networkConfig;
      flushRuleset = config.networking.nftables.flushRuleset;
      kernelParams = config.boot.kernelParams;
      tailscaleFlags = config.services.tailscale.extraUpFlags;
      judged = lib.mapAttrs (_: file: file.source.buildCommand) (
        lib.filterAttrs (_: file: file.source ? buildCommand) config.environment.etc
      );
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
