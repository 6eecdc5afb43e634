# services.flint.agent: what the board does to itself. It enrols, fetches its configuration,
# reports, and looks after mesh, lockdown and push, whose options are in files of their own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  flint = config.services.flint;
  cfg = flint.agent;
  format = pkgs.formats.json { };
  values = import ./values.nix { inherit lib; };
  inherit (values) said;

  judged = import ./judged.nix { inherit lib pkgs; };

  agentFile = format.generate "agent.json" cfg.settings;
  judgedFile = judged.file {
    name = "agent.json";
    inherit (cfg) checkConfig;
    unchecked = agentFile;
    check = "${lib.getExe flint.package} agent --check --config ${agentFile}";
  };

  # What the system must have beside a section comes with its option alone.
  ready = section: {
    assertion =
      cfg.${section}.enable || !(cfg.settings.${section}.enable or (cfg.settings ? ${section}));
    message = "services.flint.agent.settings.${section} is a section that nothing was made ready for: set services.flint.agent.${section}.enable";
  };

  called = option: lib.mapAttrs' (name: lib.nameValuePair "services.flint.agent.${option}.${name}");
  handed = lib.mapAttrsToList (name: file: "${name}:${toString file}");
in
{
  imports = [
    ./flint.nix
    ./tailnet.nix
    ./lockdown.nix
    ./push.nix
  ];

  options.services.flint.agent = {
    enable = lib.mkEnableOption "the agent, which enrols the board and keeps it in order";

    control = mkOption {
      type = values.origin;
      example = "https://control.example.net";
      description = "Origin of the control, without a path.";
    };

    claimTokenFile = mkOption {
      type = values.secretFile;
      default = null;
      example = "/boot/firmware/flint-claim-token";
      description = ''
        A file that holds the claim token, which binds the board without an approval. It is read at
        each try and need not be there; it may be removed once the board is bound.
      '';
    };

    hardware = mkOption {
      type = types.nullOr values.slug;
      default = null;
      example = "r2s";
      description = "Slug of the hardware profile. A hardware module sets it.";
    };

    mac = mkOption {
      type = types.nullOr values.mac;
      default = null;
      description = "What the board is registered by, where that is not the MAC of its interface.";
    };

    interface = mkOption {
      type = types.nullOr values.interface;
      default = null;
      example = "end0";
      description = "Whose MAC the board is registered by; null takes that of the hardware profile.";
    };

    caFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "Authorities (PEM) that are believed instead of the system's. No secret.";
    };

    pins = mkOption {
      type = types.listOf (types.strMatching "sha256/[A-Za-z0-9+/]{43}=");
      default = [ ];
      description = "Public keys, one of which the control must have. Two at least: one in a safe.";
    };

    setClock = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the clock is set by the control's while no time server answers.";
    };

    secrets = mkOption {
      type = values.secrets;
      default = { };
      example = {
        push-bearer = "/run/secrets/push-bearer";
      };
      description = ''
        Secrets by the name that a configuration gives them, each a file that root alone may read. A
        link in {file}`/etc/flint/secrets.d` leads there: a file that is changed is used at once, and
        one that is not there yet is waited for.
      '';
    };

    credentials = mkOption {
      type = values.secrets;
      default = { };
      example = {
        claim-token = "/etc/credstore/claim-token";
      };
      description = ''
        Secrets by name that systemd hands over when the agent starts (`LoadCredential`). The agent
        does not start while one of the files is missing, and sees no change before its next start:
        {option}`secrets` knows neither limit.
      '';
    };

    encryptedCredentials = mkOption {
      type = values.secrets;
      default = { };
      description = "The same, of files made by `systemd-creds encrypt`.";
    };

    settings = mkOption {
      default = { };
      description = ''
        {file}`/etc/flint/agent.json`, key by key. The other options fill it in; what is said here of
        the same key stands above them.
      '';
      type = types.submodule {
        freeformType = format.type;
        options.schema = judged.schema;
      };
    };

    checkConfig = judged.checkConfig "board";
    configFile = judged.configFile agentFile;
  };

  config = lib.mkIf cfg.enable {
    assertions =
      values.outsideStore (
        {
          "services.flint.agent.claimTokenFile" = cfg.claimTokenFile;
        }
        // called "secrets" cfg.secrets
        // called "credentials" cfg.credentials
        // called "encryptedCredentials" cfg.encryptedCredentials
      )
      ++ values.atMost 8 { "services.flint.agent.pins" = cfg.pins; }
      ++ map ready [
        "tailnet"
        "lockdown"
        "push"
      ]
      ++ [
        {
          assertion = !values.isPlain cfg.control;
          message = "services.flint.agent.control: \"${cfg.control}\" must be https: plain http is for this machine alone";
        }
        {
          assertion = !(cfg.settings ? claimToken);
          message = "services.flint.agent.settings.claimToken would be in the Nix store, which everybody can read: put it into a file and name that in services.flint.agent.claimTokenFile";
        }
      ];

    services.flint.agent.settings = said {
      inherit (cfg)
        control
        hardware
        mac
        interface
        setClock
        ;
      claimTokenFile = if cfg.claimTokenFile == null then null else toString cfg.claimTokenFile;
      caFile = if cfg.caFile == null then null else "${cfg.caFile}";
      pins = if cfg.pins == [ ] then null else cfg.pins;
      probeUser = "flint";
    };

    environment.etc = {
      "flint/agent.json".source = judgedFile;
    }
    // lib.mapAttrs' (
      name: file: lib.nameValuePair "flint/secrets.d/${name}" { source = toString file; }
    ) cfg.secrets;

    systemd.services.flint-agent = lib.mkMerge [
      (flint.serviceOf "flint-agent.service")
      {
        path = [
          pkgs.coreutils
          pkgs.iproute2
          pkgs.nftables
          pkgs.systemd
        ];
        reloadTriggers = [ agentFile ];
        # One restart: over the mesh that it looks after, a stop might be the last thing heard.
        stopIfChanged = lib.mkDefault false;
        serviceConfig = {
          LoadCredential = handed cfg.credentials;
          LoadCredentialEncrypted = handed cfg.encryptedCredentials;
        };
      }
    ];
  };
}
