# services.flint.control: the companion of many probes, with TLS in front of it and backups behind.
{
  config,
  lib,
  pkgs,
  modulesPath,
  options,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    mkOption
    types
    ;
  infra = import ./infra.nix { inherit lib pkgs; };
  cfg = config.services.flint.control;
  format = pkgs.formats.json { };
  hasProxy = cfg.fqdn != null && cfg.tls == null;
  credentials = "/run/credentials/flint-control.service";
  placeholders = infra.placeholdersOf cfg.package;
  configFile = format.generate "control.json" cfg.settings;
  # A folder that only the server has is not there while the system is built.
  isBuilt =
    let
      directory = cfg.settings.hardwareDirectory or null;
    in
    directory == null || lib.hasPrefix "${builtins.storeDir}/" (toString directory);
  checkedFile =
    if isBuilt then
      configFile
    else
      format.generate "control.json" (removeAttrs cfg.settings [ "hardwareDirectory" ]);
  judged = import ./judged.nix { inherit lib pkgs; };
  judgedFile = judged.file {
    name = "control.json";
    inherit (cfg) checkConfig;
    unchecked = configFile;
    check = "${lib.getExe cfg.package} control --check --config ${checkedFile}";
  };
  # The profiles alone: the control is not started anew for how a system is built.
  profiles =
    if builtins.isPath cfg.hardware then
      builtins.path {
        name = "flint-hardware";
        path = cfg.hardware;
        filter = path: type: type == "directory" || baseNameOf path == "profile.json";
      }
    else
      toString cfg.hardware;
  inherit (cfg.settings) listen;
  upstream = extra: {
    proxyPass = "http://${infra.authority listen.address listen.port}";
    # Headers are set, never appended to: what a client says of itself is not believed.
    recommendedProxySettings = false;
    extraConfig = extra + ''
      client_max_body_size 256k;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    '';
  };
  # Its state, and what ProtectHome and PrivateTmp put in the place of the real ones.
  hidden = [
    "/var/lib/flint"
    "/home"
    "/root"
    "/run/user"
    "/tmp"
    "/var/tmp"
  ];
  secrets =
    lib.mapAttrs' (name: lib.nameValuePair "services.flint.control.secrets.${name}") cfg.secrets
    // lib.optionalAttrs (cfg.tls != null) {
      "services.flint.control.tls.keyFile" = cfg.tls.keyFile;
    };
  loopback = [
    "127.0.0.1"
    "::1"
  ];
  own = lib.subtractLists [ "0.0.0.0" "::" ] [ cfg.listen.address ];
  isLow = listen.port < 1024;
  isBelow =
    directory: lib.hasPrefix "${directory}/" "${lib.removeSuffix "/" cfg.backup.directory}/";
in
{
  options.services.flint.control = {
    enable = lib.mkEnableOption "the control, the companion of many probes";

    package = infra.packageOption;

    fqdn = mkOption {
      type = types.nullOr infra.fqdn;
      default = null;
      example = "control.example.net";
      description = ''
        Name by which boards and people call it. An nginx virtual host of this name speaks TLS and
        passes requests on, unless {option}`services.flint.control.tls` is given: then the control
        speaks TLS itself. Without a name it answers to this machine alone.
      '';
    };

    origin = mkOption {
      type = types.nullOr types.str;
      default = if cfg.fqdn == null then null else "https://${cfg.fqdn}";
      defaultText = lib.literalExpression ''"https://''${fqdn}"'';
      description = "Scheme, host and port as boards and people write them, without a path.";
    };

    listen = {
      address = mkOption {
        type = infra.address;
        default = if cfg.tls == null then "127.0.0.1" else "::";
        defaultText = lib.literalExpression ''if tls == null then "127.0.0.1" else "::"'';
        description = "Where it listens.";
      };
      port = mkOption {
        type = types.port;
        default = if cfg.tls == null then 8740 else 443;
        defaultText = lib.literalExpression "if tls == null then 8740 else 443";
        description = "Where it listens.";
      };
    };

    tls = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            certFile = mkOption {
              type = infra.secretPath;
              description = "Certificate and what stands between it and its authority (PEM).";
            };
            keyFile = mkOption {
              type = infra.secretPath;
              description = "Its private key (PEM); systemd hands it on, only root must read it.";
            };
          };
        }
      );
      default = null;
      description = ''
        TLS without a proxy. After a renewal restart `flint-control.service`: systemd hands the files
        on when the service starts.
      '';
    };

    nginx = mkOption {
      type = infra.virtualHost { inherit config modulesPath; };
      default = { };
      example = lib.literalExpression ''{ useACMEHost = "example.net"; enableACME = false; }'';
      description = "More for the virtual host, which takes TLS (`forceSSL`, `enableACME`) unless told otherwise here.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = cfg.fqdn != null;
      defaultText = lib.literalExpression "fqdn != null";
      description = "Whether boards and people get through the firewall of this machine.";
    };

    settings = mkOption {
      type = types.submodule { freeformType = format.type; };
      default = { };
      example = {
        title = "Example Networks";
        namePrefix = "probe";
        addressPrefix = "fd00:1:2:3::/64";
        history.keep = "7d";
      };
      description = "{file}`/etc/flint/control.json`, key by key: see the guide of the control. No secret belongs in it.";
    };

    hardware = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./hardware";
      description = ''
        A folder of the fleet's own kinds of boards, {file}`SLUG/profile.json` each. Without it they
        are those of {file}`/etc/flint/hardware`.
      '';
    };

    checkConfig = judged.checkConfig "server";
    configFile = judged.configFile configFile;

    secrets = mkOption {
      type = infra.secrets;
      default = { };
      example = {
        headscale-api-key = "/run/secrets/headscale-api-key";
      };
      description = ''
        Secrets by the name that the settings give them, each in a file that only root must be able to
        read: systemd hands them to the control as credentials.
      '';
    };

    backup = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the database is written to a file of its own every now and then.";
      };
      directory = mkOption {
        type = types.strMatching "/[A-Za-z0-9/._-]+";
        default = "/var/backup/flint-control";
        description = ''
          Where to: a directory for these backups alone, which belongs to the control. `control.db` is
          the newest; older ones have their time in the name.
        '';
      };
      startAt = mkOption {
        type = types.str;
        default = "daily";
        description = "When, as `OnCalendar` of systemd says it; up to an hour later.";
      };
      keep = mkOption {
        type = types.ints.between 1 1000;
        default = 14;
        description = "How many are kept. An old one is removed only after a new one was written.";
      };
    };
  };

  config = mkIf cfg.enable {
    assertions =
      infra.outsideStore secrets
      ++ [
        {
          assertion = cfg.origin != null || lib.elem listen.address loopback;
          message = "services.flint.control: it listens on ${listen.address}, but nobody knows by which name it is called: set services.flint.control.fqdn (or .origin)";
        }
        {
          assertion = cfg.origin == null || builtins.match "https?://[^/]+" cfg.origin != null;
          message = "services.flint.control.origin: \"${toString cfg.origin}\" is no origin: expected one such as \"https://control.example.net\", without a path and a slash at its end";
        }
        {
          assertion = (cfg.settings.insecure or false) || !infra.isPlain cfg.origin;
          message = "services.flint.control.origin: over plain http everybody on the way reads passwords and keys: make it https, or say so in services.flint.control.settings.insecure";
        }
        {
          assertion = cfg.tls == null || options.services.flint.control.nginx.highestPrio >= 1500;
          message = "services.flint.control.tls and services.flint.control.nginx exclude each other: with the former the control speaks TLS itself";
        }
        {
          assertion = !(cfg.fqdn == null && cfg.openFirewall && lib.elem listen.address loopback);
          message = "services.flint.control.openFirewall opens the firewall for a control that listens on ${listen.address} alone: set services.flint.control.fqdn";
        }
        {
          assertion =
            !hasProxy
            || !lib.elem listen.port [
              80
              443
            ];
          message = "services.flint.control.listen.port: nginx takes port ${toString listen.port} for services.flint.control.fqdn: choose another one for the control behind it";
        }
        {
          assertion = !cfg.backup.enable || !lib.any isBelow hidden;
          message = "services.flint.control.backup.directory: ${cfg.backup.directory} is the control's own or hidden from its services (${lib.concatStringsSep ", " hidden}): a backup would replace what it saves, or be written nowhere";
        }
      ];

    services.flint.control.settings = {
      schema = mkDefault 1;
      listen = {
        address = mkDefault cfg.listen.address;
        port = mkDefault cfg.listen.port;
      };
      origin = mkIf (cfg.origin != null) (mkDefault cfg.origin);
      hardwareDirectory = mkIf (cfg.hardware != null) (mkDefault profiles);
      # As whom nginx calls, wherever it listens: of every other caller no header is believed.
      trustedProxies = mkIf hasProxy (mkDefault (lib.unique (loopback ++ own)));
      tls = mkIf (cfg.tls != null) (mkDefault {
        certFile = "${credentials}/tls-cert";
        keyFile = "${credentials}/tls-key";
      });
    };

    environment = {
      # `flint control user add …` finds configuration and state by itself.
      systemPackages = [ cfg.package ];
      etc."flint/control.json".source = judgedFile;
    };

    users = {
      users.flint-control = {
        isSystemUser = true;
        group = "flint-control";
        home = "/var/lib/flint/control";
        description = "Flint control";
      };
      groups.flint-control = { };
    };

    systemd = {
      services.flint-control = lib.mkMerge [
        (infra.serviceOf placeholders "flint-control.service")
        {
          restartTriggers = [ configFile ];
          serviceConfig = {
            LoadCredential =
              lib.mapAttrsToList (name: file: "${name}:${toString file}") cfg.secrets
              ++ lib.optionals (cfg.tls != null) [
                "tls-cert:${toString cfg.tls.certFile}"
                "tls-key:${toString cfg.tls.keyFile}"
              ];
          }
          // lib.optionalAttrs isLow {
            # Neither holds within a user namespace.
            PrivateUsers = lib.mkForce "no";
            CapabilityBoundingSet = lib.mkForce "CAP_NET_BIND_SERVICE";
            AmbientCapabilities = "CAP_NET_BIND_SERVICE";
          };
        }
      ];

      services.flint-control-backup = mkIf cfg.backup.enable (
        lib.mkMerge [
          (infra.serviceOf (
            placeholders // { backup = cfg.backup.directory; }
          ) "flint-control-backup.service")
          {
            path = [
              pkgs.coreutils
              pkgs.findutils
            ];
            environment = {
              BACKUP_DIRECTORY = cfg.backup.directory;
              BACKUP_KEEP = toString cfg.backup.keep;
            };
            postStart = ''
              cd "$BACKUP_DIRECTORY"
              ln -f control.db "control-$(date -u +%Y-%m-%dT%H-%M-%SZ).db"
              find . -maxdepth 1 -name 'control-*.db' -printf '%f\n' | sort -r \
                | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm -f --
            '';
          }
        ]
      );
      timers.flint-control-backup = mkIf cfg.backup.enable (
        lib.mkMerge [
          (infra.timerOf placeholders "flint-control-backup.timer")
          { timerConfig.OnCalendar = lib.mkForce cfg.backup.startAt; }
        ]
      );
      tmpfiles.rules = mkIf cfg.backup.enable [
        "d ${cfg.backup.directory} 0700 flint-control flint-control - -"
      ];
    };

    services.nginx = mkIf hasProxy {
      enable = true;
      virtualHosts.${cfg.fqdn} = lib.mkMerge [
        cfg.nginx
        {
          locations."/" = upstream "";
          # Login links stand in the path: no log may keep them.
          locations."/login/link/" = upstream "access_log off;\n";
        }
      ];
    };

    networking.firewall.allowedTCPPorts = mkIf cfg.openFirewall (
      if hasProxy then
        [
          80
          443
        ]
      else
        [ listen.port ]
    );
  };
}
