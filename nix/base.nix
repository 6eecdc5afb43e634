# services.flint.board: what makes a NixOS fit to be left alone in a living room. All of it yields
# to what the configuration of a fleet says.
{
  config,
  lib,
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
  cfg = config.services.flint.board;

  # NixOS took text for it once, and takes settings now.
  journal = {
    Storage = cfg.journal.storage;
    SystemMaxUse = cfg.journal.sizeMax;
    RuntimeMaxUse = cfg.journal.sizeMax;
    SyncIntervalSec = "15m";
    MaxRetentionSec = "1month";
  };
in
{
  imports = [ ./flint.nix ];

  options.services.flint.board = {
    enable = lib.mkEnableOption "the basics of a board: watchdog, little wear of its disk, one way in";

    watchdog = mkOption {
      type = types.nullOr (types.strMatching "[0-9]+(ms|s|min)");
      default = "30s";
      description = "After this time without a sign of systemd the hardware starts the board anew.";
    };

    journal = {
      storage = mkOption {
        type = types.enum [
          "persistent"
          "volatile"
        ];
        default = "persistent";
        description = "Whether the journal outlives a boot. A volatile one never wears the disk.";
      };
      sizeMax = mkOption {
        type = types.strMatching "[0-9]+[KMG]";
        default = "64M";
        description = "Of the journal, on the disk and in memory.";
      };
    };

    timeServers = mkOption {
      type = types.nullOr (types.listOf types.str);
      default = null;
      example = [ "ntp.example.net" ];
      description = "Instead of those of NixOS. What the network names by DHCP is asked as well.";
    };
  };

  config = mkIf cfg.enable {
    systemd.settings.Manager = mkIf (cfg.watchdog != null) {
      RuntimeWatchdogSec = mkDefault cfg.watchdog;
      RebootWatchdogSec = mkDefault "5min";
    };
    boot.kernel.sysctl = {
      "kernel.panic" = mkDefault 10;
      "kernel.panic_on_oops" = mkDefault 1;
      "kernel.dmesg_restrict" = mkDefault 1;
    };

    # Flash wears by writing: few and large writes, and nothing that nobody reads.
    services.journald =
      if options.services.journald ? settings then
        { settings.Journal = journal; }
      else
        { extraConfig = lib.generators.toKeyValue { } journal; };
    fileSystems."/".options = [ "noatime" ];
    boot.tmp.useTmpfs = mkDefault true;
    systemd.coredump.enable = mkDefault false;
    zramSwap.enable = mkDefault true;
    nix.gc = {
      automatic = mkDefault true;
      options = mkDefault "--delete-older-than 30d";
    };
    documentation.enable = mkDefault false;
    environment.defaultPackages = mkDefault [ ];

    # Whatever is plugged in is asked for an address, and its resolvers and time servers are taken:
    # a fault of the provider's own must be seen.
    networking = {
      useNetworkd = mkDefault true;
      useDHCP = mkDefault true;
      # An address for measuring is one that stays.
      tempAddresses = mkDefault "disabled";
      timeServers = mkIf (cfg.timeServers != null) cfg.timeServers;
      nftables.enable = mkDefault true;
      firewall.logRefusedConnections = mkDefault false;
    };
    systemd.network.wait-online.anyInterface = mkDefault true;
    services.resolved = {
      enable = mkDefault true;
    }
    # Without it resolvers on the Internet stand in, unseen, where the network names none.
    // (
      if options.services.resolved ? settings then
        { settings.Resolve.FallbackDNS = mkDefault [ ]; }
      else
        lib.optionalAttrs (options.services.resolved ? fallbackDns) { fallbackDns = mkDefault [ ]; }
    );
    services.timesyncd.enable = mkDefault true;

    # One way in: a key, from a jump host, on the mesh. Nobody may become somebody else.
    services.openssh = {
      enable = mkDefault true;
      openFirewall = mkDefault false;
      settings = {
        PermitRootLogin = mkDefault "prohibit-password";
        PasswordAuthentication = mkDefault false;
        KbdInteractiveAuthentication = mkDefault false;
      };
      hostKeys = mkDefault [
        {
          path = "/etc/ssh/ssh_host_ed25519_key";
          type = "ed25519";
        }
      ];
      # What is written to a home directory opens nothing.
      authorizedKeysFiles = lib.mkForce [ "/etc/ssh/authorized_keys.d/%u" ];
    };
    security.sudo.enable = mkDefault false;
    users = {
      mutableUsers = mkDefault false;
      # As NixOS has it, for whoever evaluates this without all of NixOS.
      users.root = {
        uid = mkDefault 0;
        group = mkDefault "root";
      };
    }
    # A board that nobody can log in to still enrols and measures.
    // lib.optionalAttrs (options.users ? allowNoPasswordLogin) {
      allowNoPasswordLogin = mkDefault true;
    };
  };
}
