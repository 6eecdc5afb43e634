# services.flint.metrics: VictoriaMetrics and vmauth on loopback, and before them one gate on the
# mesh: probes write there, each for itself, and readers ask. Without the mesh nothing listens.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  infra = import ./infra.nix { inherit lib pkgs; };
  cfg = config.services.flint.metrics;
  member = config.services.flint.member;
  format = pkgs.formats.json { };
  # Fixed: the control says to vmauth where VictoriaMetrics is.
  store = "127.0.0.1:8428";
  vmauth = "127.0.0.1:8427";
  hasReaders = cfg.query.readers != [ ];
  inSubnet = lib.filter (infra.holds cfg.probeSubnet) (
    lib.optional member.enable member.address ++ member.jumpHosts ++ cfg.query.readers
  );
  hasGate = cfg.push.enable || hasReaders;
  isLow = isOn: port: isOn && port < 1024;
  placeholders = infra.placeholdersOf cfg.package;

  # An nginx of its own: that of NixOS would not start at all while the address is missing, and this
  # one must not. Management pages of vmauth and VictoriaMetrics are behind it, never before it.
  gateFile = pkgs.writeText "gate.conf" ''
    daemon off;
    worker_processes auto;
    error_log stderr warn;
    pid /run/flint-gate/nginx.pid;
    events { worker_connections 4096; }
    http {
      access_log off;
      server_tokens off;
      default_type text/plain;
      client_body_temp_path /run/flint-gate/body;
      proxy_temp_path /run/flint-gate/proxy;
      fastcgi_temp_path /run/flint-gate/fastcgi;
      uwsgi_temp_path /run/flint-gate/uwsgi;
      scgi_temp_path /run/flint-gate/scgi;
      client_header_timeout 10s;
      client_body_timeout 30s;
      send_timeout 30s;
      limit_conn_zone $binary_remote_addr zone=callers:4m;
      limit_conn callers 16;
      # Not 400 or 409: vmagent throws away what is answered so, and keeps the rest for later.
      limit_conn_status 429;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      ${lib.optionalString cfg.push.enable pushServer}
      ${lib.optionalString hasReaders queryServer}
    }
  '';

  pushServer = ''
    server {
      listen ${infra.authority member.address cfg.push.port};
      location = ${cfg.push.path} {
        ${infra.allowOnly [ cfg.probeSubnet ]}
        limit_except POST { deny all; }
        client_max_body_size 100m;
        proxy_request_buffering off;
        proxy_read_timeout 60s;
        # vmauth appends what follows to the place that the user may write to.
        proxy_pass http://${vmauth}/;
      }
      location / { return 404; }
    }
  '';

  # What Grafana asks, and nothing that writes or deletes. Everything else is not there.
  queryServer = ''
    server {
      listen ${infra.authority member.address cfg.query.port};
      location ~ ^/api/v1/(query|query_range|series|labels|label/[^/]+/values|metadata|query_exemplars|rules|status/buildinfo)$ {
        ${infra.allowOnly cfg.query.readers}
        ${lib.optionalString (cfg.query.basicAuthFile != null) ''
          auth_basic "metrics";
          auth_basic_user_file /run/credentials/flint-gate.service/readers;
        ''}
        limit_except GET POST { deny all; }
        client_max_body_size 1m;
        proxy_read_timeout 120s;
        proxy_set_header Authorization "";
        proxy_pass http://${store};
      }
      location / { return 404; }
    }
  '';

  # The jobs by which probes are read, each a group of their metrics.
  jobs = {
    smokeping = "smokeping";
    path = "path";
    flint = "self";
  };
  scrape = job: group: {
    job_name = job;
    metrics_path = "/metrics/${group}";
    scrape_interval = cfg.pull.interval;
    # What a probe says of itself never stands above what is said here.
    honor_labels = false;
    honor_timestamps = false;
    sample_limit = cfg.pull.samplesMax;
    static_configs = lib.mapAttrsToList (name: address: {
      targets = [ (infra.authority address cfg.pull.port) ];
      labels.instance = name;
    }) cfg.pull.targets;
    file_sd_configs = lib.optional (cfg.pull.files != [ ]) { files = cfg.pull.files; };
  };
in
{
  imports = [ ./member.nix ];

  options.services.flint.metrics = {
    enable = lib.mkEnableOption "the metrics server of a fleet of probes";

    package = infra.packageOption;

    vmauthPackage = mkOption {
      type = types.package;
      default = config.services.victoriametrics.package;
      defaultText = lib.literalExpression "config.services.victoriametrics.package";
      description = "That has {file}`bin/vmauth`.";
    };

    probeSubnet = mkOption {
      type = infra.prefix;
      example = "fd8f:89ae:ca73:3::/64";
      description = "Where the addresses of probes in the mesh lie. Only they may push.";
    };

    retention = mkOption {
      type = types.strMatching "[1-9][0-9]*[dwy]";
      default = "1y";
      description = "How long samples are kept: days, weeks or years.";
    };

    limits = {
      labelsPerSeries = mkOption {
        type = types.ints.between 10 255;
        default = 40;
        description = "Labels that a series may have.";
      };
      seriesPerHour = mkOption {
        type = types.ints.positive;
        default = 1000000;
        description = ''
          Different series that are taken within an hour, from all probes together; more are dropped
          and counted (`vm_hourly_series_limit_rows_dropped_total`). One board has some thousand.
        '';
      };
      seriesPerDay = mkOption {
        type = types.ints.positive;
        default = 3000000;
        description = "The same within a day.";
      };
      bytesFreeMin = mkOption {
        type = types.ints.positive;
        default = 2147483648;
        description = "With less free space on its disk it takes nothing more; what probes push waits on them.";
      };
      memoryMax = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "4G";
        description = "`MemoryMax` of VictoriaMetrics.";
      };
    };

    push = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether probes may push.";
      };
      port = mkOption {
        type = types.port;
        default = 80;
        description = "Where, at the address of this machine in the mesh.";
      };
      path = mkOption {
        type = types.strMatching "/[A-Za-z0-9_/-]*";
        default = "/remote_write";
        description = "Where, in the URL. Everything else is not found.";
      };
    };

    sync = {
      webURL = mkOption {
        type = types.nullOr infra.origin;
        default = null;
        example = "https://control.example.net";
        description = "Origin of the control, which says which probe pushes by which bearer.";
      };
      metricsApiKeyFile = mkOption {
        type = infra.secretFile;
        default = null;
        example = "/run/secrets/metrics-api-key";
        description = "File with the key by which the control knows this server.";
      };
      interval = mkOption {
        type = types.strMatching "[1-9][0-9]*(s|m)";
        default = "30s";
        description = "How often it is asked. A probe that was disabled pushes no longer than this.";
      };
      settings = mkOption {
        type = types.submodule { freeformType = format.type; };
        default = { };
        description = "{file}`/etc/flint/vmauth.json`, key by key, for `flint vmauth sync`.";
      };
      configFile = mkOption {
        type = types.package;
        internal = true;
        readOnly = true;
        default = format.generate "vmauth.json" cfg.sync.settings;
        description = "The configuration as a file.";
      };
    };

    query = {
      readers = mkOption {
        type = types.listOf infra.address;
        default = [ ];
        example = [ "fd8f:89ae:ca73:2::2" ];
        description = "Who in the mesh may ask, Grafana on another machine for one. They can read, nothing else.";
      };
      port = mkOption {
        type = types.port;
        default = 8481;
        description = "Where, at the address of this machine in the mesh.";
      };
      basicAuthFile = mkOption {
        type = infra.secretFile;
        default = null;
        example = "/run/secrets/htpasswd";
        description = "Names and passwords of readers (htpasswd), wanted besides an address that may ask.";
      };
    };

    pull = {
      enable = lib.mkEnableOption "reading probes over the mesh, instead of or beside their push";
      port = mkOption {
        type = types.port;
        default = 9740;
        description = "Of the probes.";
      };
      interval = mkOption {
        type = types.strMatching "[1-9][0-9]*[sm]";
        default = "15s";
        description = "How often each is read.";
      };
      samplesMax = mkOption {
        type = types.ints.positive;
        default = 50000;
        description = "Samples that one reading may bring.";
      };
      targets = mkOption {
        type = types.attrsOf infra.address;
        default = { };
        example = {
          probe01 = "fd8f:89ae:ca73:3::1";
        };
        description = "Addresses in the mesh by name of the probe, which becomes `instance`.";
      };
      files = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "/var/lib/probes/*.json" ];
        description = "Files with more of them (`file_sd_configs`), read again when they change.";
      };
    };
  };

  config = lib.mkMerge [
    (mkIf cfg.enable {
      assertions =
        infra.outsideStore {
          "services.flint.metrics.sync.metricsApiKeyFile" = cfg.sync.metricsApiKeyFile;
          "services.flint.metrics.query.basicAuthFile" = cfg.query.basicAuthFile;
        }
        ++ [
          {
            assertion = member.enable;
            message = "services.flint.metrics: this machine is not in the mesh, by which alone it is reached: set services.flint.member.enable, .address and how it joins";
          }
          {
            assertion = !cfg.push.enable || cfg.sync.webURL != null;
            message = "services.flint.metrics.sync.webURL is not set: without the control nobody knows which probe may push (or set services.flint.metrics.push.enable = false)";
          }
          {
            assertion = !cfg.push.enable || cfg.sync.metricsApiKeyFile != null;
            message = "services.flint.metrics.sync.metricsApiKeyFile is not set: the control would not know who asks for the bearers";
          }
          {
            assertion = !infra.isPlain cfg.sync.webURL;
            message = "services.flint.metrics.sync.webURL: over plain http everybody on the way reads the bearers of all probes: make it https";
          }
          {
            assertion = !cfg.pull.enable || cfg.pull.targets != { } || cfg.pull.files != [ ];
            message = "services.flint.metrics.pull: whom should it read? Set services.flint.metrics.pull.targets or .files";
          }
          {
            assertion =
              cfg.push.port != cfg.query.port
              && lib.all (port: port != 8427 && port != 8428) [
                cfg.push.port
                cfg.query.port
              ];
            message = "services.flint.metrics: push.port and query.port must differ, and be neither 8427 nor 8428, where vmauth and VictoriaMetrics are on loopback";
          }
          {
            assertion = inSubnet == [ ];
            message = "services.flint.metrics.probeSubnet: ${cfg.probeSubnet} holds ${lib.concatStringsSep ", " inSubnet}, which is no probe (services.flint.member.address, .jumpHosts or services.flint.metrics.query.readers)";
          }
          {
            assertion = cfg.push.enable || cfg.pull.enable;
            message = "services.flint.metrics: neither push nor pull is enabled: no sample would ever come";
          }
          {
            assertion =
              lib.intersectLists config.networking.firewall.allowedTCPPorts [
                cfg.query.port
                8427
                8428
              ] == [ ];
            message = "networking.firewall.allowedTCPPorts opens VictoriaMetrics to everybody: it is reached by the mesh alone";
          }
          {
            assertion =
              !cfg.push.enable
              || !config.services.nginx.enable
              || !lib.elem cfg.push.port [
                80
                443
              ];
            message = "services.flint.metrics.push.port: nginx on this machine takes port ${toString cfg.push.port} of every address; choose another one, here, in services.flint.headscale.policy.pushPort and where probes push";
          }
        ];
    })
    # Without an address in the mesh there is nothing to make.
    (mkIf (cfg.enable && member.enable) {
      services = {
        victoriametrics = {
          enable = true;
          listenAddress = lib.mkForce store;
          retentionPeriod = lib.mkDefault cfg.retention;
          extraOptions = [
            "-enableTCP6"
            "-maxLabelsPerTimeseries=${toString cfg.limits.labelsPerSeries}"
            "-storage.maxHourlySeries=${toString cfg.limits.seriesPerHour}"
            "-storage.maxDailySeries=${toString cfg.limits.seriesPerDay}"
            "-storage.minFreeDiskSpaceBytes=${toString cfg.limits.bytesFreeMin}"
          ];
          prometheusConfig.scrape_configs = mkIf cfg.pull.enable (lib.mapAttrsToList scrape jobs);
        };

        flint.member.doors = {
          push = mkIf cfg.push.enable {
            from = [ cfg.probeSubnet ];
            tcp = [ cfg.push.port ];
          };
          query = mkIf hasReaders {
            from = cfg.query.readers;
            tcp = [ cfg.query.port ];
          };
        };

        flint.metrics.sync.settings = lib.mapAttrs (_: lib.mkDefault) {
          schema = 1;
          control = cfg.sync.webURL;
          key = "metrics-api-key";
          file = "/var/lib/flint-vmauth/users.json";
          vmauth = "http://${vmauth}";
          reload = "http";
          inherit (cfg.sync) interval;
        };
      };

      environment.etc = {
        "flint/vmauth.json" = mkIf cfg.push.enable { source = cfg.sync.configFile; };
        "flint/gate.conf" = mkIf hasGate { source = gateFile; };
      };

      users.users = {
        flint-vmauth = mkIf cfg.push.enable {
          isSystemUser = true;
          group = "flint-vmauth";
          description = "Flint metrics, vmauth";
        };
        flint-gate = mkIf hasGate {
          isSystemUser = true;
          group = "flint-gate";
          description = "Flint metrics, gate on the mesh";
        };
      };
      users.groups = {
        flint-vmauth = mkIf cfg.push.enable { };
        flint-gate = mkIf hasGate { };
      };

      systemd.services = {
        victoriametrics.serviceConfig = mkIf (cfg.limits.memoryMax != null) {
          MemoryMax = cfg.limits.memoryMax;
        };

        flint-vmauth = mkIf cfg.push.enable (
          infra.serviceOf (
            placeholders // { vmauth = "${cfg.vmauthPackage}/bin/vmauth"; }
          ) "flint-vmauth.service"
        );

        flint-vmauth-sync = mkIf cfg.push.enable (
          lib.mkMerge [
            (infra.serviceOf placeholders "flint-vmauth-sync.service")
            {
              restartTriggers = [ cfg.sync.configFile ];
              serviceConfig.LoadCredential = "metrics-api-key:${toString cfg.sync.metricsApiKeyFile}";
            }
          ]
        );

        flint-gate = mkIf hasGate (
          lib.mkMerge [
            (infra.serviceOf (
              placeholders
              // {
                nginx = "${config.services.nginx.package}/bin/nginx";
                device = infra.deviceUnit member.interface;
                from = lib.concatStringsSep " " (
                  [ member.address ] ++ lib.optional cfg.push.enable cfg.probeSubnet ++ cfg.query.readers
                );
              }
            ) "flint-gate.service")
            {
              restartTriggers = [ gateFile ];
              serviceConfig = {
                LoadCredential = lib.optional (
                  hasReaders && cfg.query.basicAuthFile != null
                ) "readers:${toString cfg.query.basicAuthFile}";
              }
              // lib.optionalAttrs (isLow cfg.push.enable cfg.push.port || isLow hasReaders cfg.query.port) {
                # Neither holds within a user namespace.
                PrivateUsers = lib.mkForce "no";
                CapabilityBoundingSet = lib.mkForce "CAP_NET_BIND_SERVICE";
                AmbientCapabilities = "CAP_NET_BIND_SERVICE";
              };
            }
          ]
        );
      };
    })
  ];
}
