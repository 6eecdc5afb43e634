# services.flint.data: what a fleet says of one of its probes, read from probes/<name>.json.
# Somebody else may write these files (the control does): every value has a closed type, an unknown
# key is an error, and nothing of it becomes part of a script, a unit or a path.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  values = import ./values.nix { inherit lib; };
  cfg = config.services.flint.data;

  optional =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
  inherit (values) duration;
  host = types.strMatching "@gateway|@resolver|[A-Za-z0-9._:-]{1,253}";
  # Null is what nobody said: it is left out of what the program reads.
  said = lib.filterAttrsRecursive (_: value: value != null);

  target = {
    host = mkOption {
      type = host;
      description = "A name, an address, `@gateway` or `@resolver`.";
    };
    id = optional (types.strMatching "[A-Za-z0-9._:@-]{1,253}") "What its history is kept by.";
    families = optional (types.nonEmptyListOf (
      types.enum [
        "v4"
        "v6"
      ]
    )) "One or both.";
    interval = optional duration "Between two echoes, or two traces.";
    size = optional (types.ints.between 16 1472) "Bytes.";
    tos = optional (types.ints.between 0 255) "Type of service.";
    source = optional values.address "Address of the board.";
    device = optional values.interface "Interface of the board.";
    labels = optional (types.attrsOf (types.strMatching "[ -~]{0,200}")) "Of its metrics.";
  };
  closed = options: types.submodule { inherit options; };
  targets =
    more:
    mkOption {
      type = types.listOf (types.coercedTo host (written: { host = written; }) (closed (target // more)));
      default = [ ];
      description = "Hosts, or objects with a `host`.";
    };
  protocol = types.enum [
    "icmp"
    "tcp"
    "udp"
  ];

  kinds = {
    smokeping = {
      enable = optional types.bool "Whether it is measured.";
      interval = optional duration "Between two echoes.";
      round = optional duration "Of the wall clock.";
      timeout = optional duration "After which an echo is lost.";
      targets = targets { };
    };
    path = {
      enable = optional types.bool "Whether it is measured.";
      interval = optional duration "Between two traces.";
      protocol = optional protocol "Of the packets.";
      multipath = optional types.bool "Whether all paths are looked for.";
      targets = targets {
        protocol = optional protocol "Of the packets.";
        port = optional types.port "Where they go.";
      };
    };
  };
in
{
  options.services.flint.data = mkOption {
    default = null;
    description = "One file of probes/, read by fromJSON.";
    type = types.nullOr (closed {
      schema = mkOption {
        type = types.enum [ 1 ];
        description = "Of the document.";
      };
      name = mkOption {
        type = values.hostName;
        description = "Host name of the probe.";
      };
      hardware = mkOption {
        type = values.slug;
        description = "Slug of its hardware profile.";
      };
      mac = optional values.mac "What it is registered by.";
      address = optional values.address "Its fixed address on the mesh.";
      measurements = lib.mapAttrs (
        kind: options: optional (closed options) "What is measured before the control says more."
      ) kinds;
    });
  };

  config = lib.mkIf (cfg != null) {
    assertions = [
      {
        # Each value is judged, whether something asks for it or not.
        assertion = builtins.deepSeq cfg true;
        message = "services.flint.data";
      }
    ];
    networking.hostName = cfg.name;
    services.flint = {
      agent = {
        hardware = cfg.hardware;
        tailnet.address = lib.mkIf (cfg.address != null) cfg.address;
      };
      probe.settings = {
        hostname = cfg.name;
        measurements = said (
          lib.mapAttrs (
            _: kind: if kind == null then null else kind // { targets = map said kind.targets; }
          ) cfg.measurements
        );
      };
    };
  };
}
