# services.flint.agent.push: the metrics go to a server, by vmagent under a user of its own. The
# agent writes what it reads and starts it; here are the unit and the bearer.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  flint = config.services.flint;
  cfg = flint.agent.push;
  values = import ./values.nix { inherit lib; };
  inherit (values) said;
  exporter = flint.nodeExporter or { enable = false; };
  listen =
    flint.probe.settings.listen or {
      address = "127.0.0.1";
      port = 9740;
    };
  host = if values.isV6 listen.address then "[${listen.address}]" else listen.address;

  # Whoever listens on loopback, by port.
  ports =
    let
      pushed = flint.agent.settings.push;
    in
    {
      "services.flint.probe.settings.listen.port" = listen.port;
      "services.flint.agent.settings.push.port (vmagent)" = pushed.port or 9741;
      "services.flint.agent.settings.push.relayPort" = pushed.relayPort or 9742;
    }
    // lib.optionalAttrs exporter.enable { "services.flint.nodeExporter.port" = exporter.port; };
in
{
  options.services.flint.agent.push = {
    enable = lib.mkEnableOption "the push of metrics to a server";

    url = mkOption {
      type = values.url;
      example = "http://[fd00:1:2:2::1]/remote_write";
      description = "Where vmagent writes to.";
    };

    bearerFile = mkOption {
      type = values.secretFile;
      default = null;
      description = ''
        A file with the bearer, where it does not come from the control. A new one is used without a
        restart.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.vmagent;
      defaultText = lib.literalExpression "pkgs.vmagent";
      description = "That has {file}`bin/vmagent`.";
    };

    queueBytesMax = mkOption {
      type = types.ints.between 536870912 1000000000000;
      default = 1073741824;
      description = "What may wait on the disk: a gibibyte is some days. vmagent keeps whole files of up to 500 MB.";
    };

    queueAgeMax = mkOption {
      type = values.durationFrom "1m" "30d";
      default = "10m";
      description = "An older queue raises an alarm.";
    };

    interval = mkOption {
      type = values.durationFrom "5s" "5m";
      default = "15s";
      description = "How often the probe is read.";
    };

    nodeExporter = mkOption {
      type = types.nullOr values.endpoint;
      default = if exporter.enable then "127.0.0.1:${toString exporter.port}" else null;
      defaultText = lib.literalExpression "that of services.flint.nodeExporter, where it is enabled";
      description = "Where node_exporter listens; null leaves it out.";
    };
  };

  config = lib.mkIf (flint.agent.enable && cfg.enable) {
    assertions = values.outsideStore { "services.flint.agent.push.bearerFile" = cfg.bearerFile; } ++ [
      {
        assertion = lib.allUnique (lib.attrValues ports);
        message = "services.flint.agent.push: two programs of the board would listen on one port: ${
          lib.concatStringsSep ", " (lib.mapAttrsToList (option: port: "${option} = ${toString port}") ports)
        }";
      }
    ];

    services.flint.agent = {
      secrets.push-bearer = lib.mkIf (cfg.bearerFile != null) cfg.bearerFile;
      settings.push =
        said {
          inherit (cfg)
            url
            queueBytesMax
            queueAgeMax
            interval
            ;
          supervise = "unit";
          program = lib.getExe' cfg.package "vmagent";
          daemon = "${host}:${toString listen.port}";
        }
        // {
          # Said even when it is null: left out, it would be looked for.
          nodeExporter = lib.mkDefault cfg.nodeExporter;
        };
    };

    # The agent starts both when it has written what they read: the second one only in front of an
    # old vmauth.
    systemd.services = {
      flint-vmagent = flint.serviceOf "flint-vmagent.service";
      flint-push-relay = flint.serviceOf "flint-push-relay.service";
    };
  };
}
