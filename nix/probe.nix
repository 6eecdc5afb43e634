# services.flint.probe: the daemon that measures. Its configuration and its policy are files of the
# system, judged by the program itself before the system is built.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  flint = config.services.flint;
  cfg = flint.probe;
  format = pkgs.formats.json { };
  values = import ./values.nix { inherit lib; };

  probeFile = format.generate "probe.json" cfg.settings;
  policyFile = format.generate "policy.json" cfg.policy;

  judged = import ./judged.nix { inherit lib pkgs; };
  judgedFile = judged.file {
    name = "probe.json";
    inherit (cfg) checkConfig;
    unchecked = probeFile;
    check = "${lib.getExe flint.package} probe --check --config ${probeFile} --policy ${policyFile}";
  };

  kind =
    what:
    mkOption {
      default = { };
      description = "What is measured by ${what}; every key of the guide may be said here.";
      type = types.submodule {
        freeformType = format.type;
        options = {
          enable = mkOption {
            type = types.bool;
            default = true;
            description = "Whether it is measured.";
          };
          targets = mkOption {
            type = types.listOf (types.either types.str (types.attrsOf format.type));
            default = [ ];
            example = [
              "@gateway"
              {
                id = "a400";
                host = "a400.speedtest.example";
                families = [ "v6" ];
              }
            ];
            description = "Hosts, or objects with a `host`; `@gateway` and `@resolver` are the network's own.";
          };
        };
      };
    };
in
{
  imports = [ ./flint.nix ];

  options.services.flint.probe = {
    enable = lib.mkEnableOption "the probe, which measures and keeps what it measured";

    settings = mkOption {
      default = { };
      description = ''
        {file}`/etc/flint/probe.json`, key by key: see the guide to the configuration of the probe.
        What the control asks for stands above it.
      '';
      type = types.submodule {
        freeformType = format.type;
        options = {
          schema = judged.schema;
          listen = {
            address = mkOption {
              type = values.loopback;
              default = "127.0.0.1";
              description = "A loopback address: the page asks for no password.";
            };
            port = mkOption {
              type = types.ints.between 1 65535;
              default = 9740;
              description = "Of the page and the metrics, on this machine and on the mesh.";
            };
          };
          measurements = {
            smokeping = kind "echoes, once a second";
            path = kind "traces of the path";
          };
        };
      };
    };

    policy = mkOption {
      default = { };
      description = ''
        {file}`/etc/flint/policy.json`: what nobody, the control included, may make this board do. It
        is part of the system and never of what a control or a repository of data says.
      '';
      type = types.submodule {
        freeformType = format.type;
        options = {
          schema = judged.schema;
          privateRanges = mkOption {
            type = types.listOf values.prefix;
            default = [ ];
            example = [ "10.20.0.0/16" ];
            description = "Private ranges that may be measured.";
          };
        };
      };
    };

    checkConfig = judged.checkConfig "board";
    configFile = judged.configFile probeFile;
  };

  config = lib.mkIf cfg.enable {
    environment.etc = {
      "flint/probe.json".source = judgedFile;
      "flint/policy.json".source = policyFile;
    };

    systemd.services.flint-probe = lib.mkMerge [
      (flint.serviceOf "flint-probe.service")
      {
        # The files are links, whose change is not seen; SIGHUP reads them again.
        reloadTriggers = [
          probeFile
          policyFile
        ];
        stopIfChanged = lib.mkDefault false;
      }
    ];
  };
}
