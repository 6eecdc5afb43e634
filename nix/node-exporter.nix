# services.flint.nodeExporter: the machine itself (load, memory, disk, network), for the dashboards.
# It listens on this machine alone: vmagent brings its metrics to the server.
{ config, lib, ... }:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.services.flint.nodeExporter;
in
{
  options.services.flint.nodeExporter = {
    enable = mkEnableOption "metrics of the machine, by node_exporter";

    port = mkOption {
      type = types.port;
      default = 9100;
      description = "On 127.0.0.1.";
    };

    units = mkOption {
      type = types.strMatching "[]A-Za-z0-9_.@|()*+?[-]*";
      default = "(flint-.*|tailscaled|sshd|systemd-timesyncd|systemd-networkd)[.]service";
      description = "Regular expression: units whose state is told. An empty one tells of none.";
    };

    disabledCollectors = mkOption {
      type = types.listOf (types.strMatching "[a-z0-9_]+");
      default = [
        # Of data centres, and each a family of series or a walk through /proc.
        "arp"
        "bcache"
        "bonding"
        "btrfs"
        "dmi"
        "fibrechannel"
        "infiniband"
        "ipvs"
        "mdadm"
        "nfs"
        "nfsd"
        "nvme"
        "rapl"
        "selinux"
        "tapestats"
        "xfs"
        "zfs"
      ];
      description = "Collectors that are left out.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.prometheus.exporters.node = {
      enable = true;
      inherit (cfg) port disabledCollectors;
      listenAddress = "127.0.0.1";
      openFirewall = false;
      enabledCollectors = lib.optional (cfg.units != "") "systemd";
      extraFlags = lib.optional (cfg.units != "") "--collector.systemd.unit-include='${cfg.units}'";
    };
  };
}
