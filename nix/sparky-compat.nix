# The options of SPARKY's profiles that a probe has, so that its repository of probes goes on
# building: the files that sparky-web writes, and what its examples set. Each becomes what it is
# called here; what has no counterpart, or must not be in a file of the repository, is told.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  profiles = config.profiles;
  probe = profiles.sparky-probe;
  tailnet = profiles.sparky-tailnet;
  mac = profiles.sparky-sd-mac;
  ztp = profiles.sparky-ztp-image;

  text =
    description:
    mkOption {
      type = types.str;
      inherit description;
    };
  textOrNot =
    description:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      inherit description;
    };
  whether =
    description:
    mkOption {
      type = types.bool;
      default = true;
      inherit description;
    };
  texts =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };

  # Whether the common files of a repository say it, which its image is made of as well.
  says = profile: name: options.profiles.${profile}.${name}.isDefined;
  hasMetrics = says "sparky-probe" "metricsIP";

  named = interface: mkIf (interface != null) (mkDefault interface);

  keys = lib.filter (key: key != null) [
    probe.preAuthKey
    tailnet.preAuthKey
  ];
  unmeasured =
    lib.optional (probe.blackbox.enable && probe.blackbox.httpTargets != [ ]) "blackbox.httpTargets"
    ++ lib.optional (probe.iperf3.target != null && probe.iperf3.enable) "iperf3.target";
in
{
  imports = [ ./board.nix ];

  options.profiles = {
    sparky-probe = {
      enable = mkEnableOption "a SPARKY probe, as services.flint";
      ip = text "Its address on the mesh: services.flint.agent.tailnet.address.";
      preAuthKey = textOrNot "Not used: everybody can read the Nix store.";
      metricsIP = text "services.flint.agent.push.url, and a reader of the mesh.";
      headscaleIP = text "services.flint.agent.lockdown.jumpHosts.";
      webURL = text "services.flint.agent.control.";
      blackbox = {
        enable = whether "Not measured yet.";
        httpTargets = texts "Not measured yet.";
      };
      traceroute = {
        enable = whether "services.flint.probe.settings.measurements.path.enable.";
        targets = texts "services.flint.probe.settings.measurements.path.targets.";
      };
      smokeping = {
        enable = whether "services.flint.probe.settings.measurements.smokeping.enable.";
        targets = texts "services.flint.probe.settings.measurements.smokeping.targets.";
        onlineCheckTarget = textOrNot "Not needed: names are looked up again when their time is over.";
      };
      iperf3 = {
        enable = whether "Not measured yet.";
        bandwidthLimit = textOrNot "Not measured yet.";
        target = textOrNot "Not measured yet.";
        targetPort = mkOption {
          type = types.port;
          default = 6201;
          description = "Not measured yet.";
        };
      };
    };
    sparky-tailnet = {
      enable = mkEnableOption "the mesh: services.flint.agent.tailnet.enable";
      ip = textOrNot "services.flint.agent.tailnet.address.";
      preAuthKey = textOrNot "Not used: everybody can read the Nix store.";
      headscaleURL = text "services.flint.agent.tailnet.loginServer.";
    };
    sparky-sd-mac = {
      enable = mkEnableOption "services.flint.mac.enable";
      macPrefix = mkOption {
        type = types.enum [ "aa:91:36" ];
        default = "aa:91:36";
        description = "There is one formula, and the control knows it.";
      };
      blockDeviceName = mkOption {
        type = types.enum [ "mmcblk0" ];
        default = "mmcblk0";
        description = "Found by itself.";
      };
      macInterfaceName = textOrNot "services.flint.agent.interface.";
    };
    sparky-ztp-image = {
      enable = mkEnableOption "services.flint.ztp.enable";
      webURL = text "services.flint.agent.control.";
      macInterfaceName = textOrNot "services.flint.agent.interface.";
    };
  };

  config = lib.mkMerge [
    {
      warnings =
        lib.optional (keys != [ ])
          "profiles.sparky-probe.preAuthKey: a key of the mesh in a repository can be read by everybody who reads the Nix store, and is not used. The control hands one out, or services.flint.agent.tailnet.keyFile names a file: take it out, and expire it"
        ++ lib.optional (probe.enable && unmeasured != [ ])
          "profiles.sparky-probe: ${lib.concatStringsSep ", " unmeasured}: this version does not measure them yet, and leaves them out";
    }

    (mkIf probe.enable {
      profiles.sparky-tailnet = {
        enable = mkDefault true;
        ip = mkDefault probe.ip;
      };
      services.flint = {
        board.enable = mkDefault true;
        nodeExporter.enable = mkDefault true;
        probe = {
          enable = mkDefault true;
          settings.measurements = {
            smokeping = mkDefault { inherit (probe.smokeping) enable targets; };
            path = mkDefault { inherit (probe.traceroute) enable targets; };
          };
        };
        agent = {
          enable = mkDefault true;
          control = mkDefault probe.webURL;
          tailnet.readers = mkDefault [ probe.metricsIP ];
          lockdown = {
            enable = mkDefault true;
            jumpHosts = mkDefault [ probe.headscaleIP ];
          };
          push = {
            enable = mkDefault true;
            url = mkDefault "http://[${probe.metricsIP}]/remote_write";
          };
        };
      };
    })

    (mkIf tailnet.enable {
      services.flint.agent.tailnet = {
        enable = mkDefault true;
        address = mkDefault tailnet.ip;
        loginServer = mkDefault tailnet.headscaleURL;
      };
    })

    (mkIf mac.enable {
      services.flint.mac.enable = mkDefault true;
      services.flint.agent.interface = named mac.macInterfaceName;
    })

    # There the image installed another system, which joined the mesh. Here it is the probe: what the
    # repository says of all probes holds for it too, and name and address come from the control.
    (mkIf ztp.enable {
      services.flint.ztp.enable = mkDefault true;
      services.flint.agent = {
        control = mkDefault ztp.webURL;
        interface = named ztp.macInterfaceName;
        tailnet = mkIf (says "sparky-tailnet" "headscaleURL") {
          enable = mkDefault true;
          loginServer = mkDefault tailnet.headscaleURL;
          readers = mkIf hasMetrics (mkDefault [ probe.metricsIP ]);
        };
        lockdown.jumpHosts = mkIf (says "sparky-probe" "headscaleIP") (mkDefault [ probe.headscaleIP ]);
        push = mkIf hasMetrics {
          enable = mkDefault true;
          url = mkDefault "http://[${probe.metricsIP}]/remote_write";
        };
      };
    })

    # Its boards have users of the group wheel, and none that logs in as root: without sudo nobody
    # could change such a board any more.
    (mkIf (probe.enable || ztp.enable) { security.sudo.enable = lib.mkOverride 900 true; })
  ];
}
