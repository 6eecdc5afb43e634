# What the modules of the infrastructure have in common: no options of their own.
{ lib, pkgs }:
let
  inherit (lib) types mkOption;
  unitFile = import ./unit-file.nix { inherit lib; };
in
rec {
  # The whole program; what only boards need is smaller.
  packageOption = mkOption {
    type = types.package;
    default = pkgs.flint-control or (pkgs.callPackage ./package.nix { withControl = true; });
    defaultText = lib.literalExpression "pkgs.flint-control";
    description = "The flint to run.";
  };

  # What stands in the units of units-infra.json between @ and @.
  placeholdersOf = package: {
    flint = "${package}/lib/flint";
    node = lib.getExe (package.nodejs or pkgs.nodejs_24);
    config = "/etc/flint";
    systemctl = "${pkgs.systemd}/bin/systemctl";
  };

  serviceOf = placeholders: unitFile.toService ./units-infra.json placeholders;
  timerOf = placeholders: unitFile.toTimer ./units-infra.json placeholders;

  # A file with a secret: its path as text, so that Nix never copies it into its store.
  secretFile = types.nullOr (types.either types.str types.path);

  # Secrets by the name that a configuration gives them: it becomes part of paths.
  secrets = types.addCheck (types.attrsOf secretFile) (
    files:
    lib.all (name: builtins.match "[a-z0-9][a-z0-9._-]{0,62}" name != null) (lib.attrNames files)
  )
  // {
    description = "attribute set of (path or null), by names of 1 to 63 of a-z, 0-9, dot, - and _";
  };

  # Scheme, host and port of a server.
  origin =
    types.strMatching "https?://([A-Za-z0-9.-]{1,253}|[[][0-9A-Fa-f:.]{2,45}[]])(:[0-9]{1,5})?"
    // {
      description = "an origin such as https://control.example.net, without a path";
    };

  # Assertions: none of these secrets may lie in the store, which everybody can read.
  outsideStore =
    files:
    lib.mapAttrsToList (option: file: {
      assertion =
        file == null
        || !lib.any (store: lib.hasPrefix "${store}/" (toString file)) [
          "/nix/store"
          builtins.storeDir
        ];
      message = "${option}: ${toString file} is in the Nix store, which every user of the machine can read: write the path of a file as text (\"/run/secrets/…\"), not as a path of the configuration";
    }) files
    ++ lib.mapAttrsToList (option: file: {
      assertion = file == null || builtins.match "/[^[:space:]%:]+" (toString file) != null;
      message = "${option}: \"${toString file}\" is no absolute path, without blanks, % and colons";
    }) files;

  isAddress =
    text:
    if isV6 text then
      !lib.hasInfix "/" text
      && (builtins.tryEval (builtins.deepSeq (lib.network.ipv6.fromString text) true)).value
    else
      builtins.match (lib.concatStringsSep "[.]" (lib.genList (_: octet) 4)) text != null;

  isPrefix =
    text:
    let
      parts = builtins.match "([0-9A-Fa-f:.]{2,45})/(0|[1-9][0-9]{0,2})" text;
      address = lib.head parts;
    in
    parts != null
    && isAddress address
    && lib.toInt (lib.last parts) <= (if isV6 address then 128 else 32);

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

  # One address (v4 or v6), no range.
  address = types.addCheck types.str isAddress // {
    description = "an IP address";
  };
  prefix = types.addCheck types.str isPrefix // {
    description = "an address prefix such as fd00:1:2:3::/64";
  };
  interface = types.strMatching "[A-Za-z0-9._-]{1,15}" // {
    description = "an interface name of 1 to 15 characters";
  };

  # Whether secrets that are sent there could be read on the way.
  isPlain =
    origin:
    origin != null
    && lib.hasPrefix "http://" origin
    &&
      builtins.match "http://(127([.][0-9]+){3}|localhost|[[]::1[]])(:[0-9]+)?" origin == null;

  isV6 = lib.hasInfix ":";
  # As it stands in URLs and in -httpListenAddr.
  authority = one: port: "${if isV6 one then "[${one}]" else one}:${toString port}";
  hostPrefix = one: if isV6 one then "${one}/128" else "${one}/32";

  # nginx: these addresses and prefixes, nobody else.
  allowOnly = from: lib.concatMapStrings (one: "allow ${one};\n") from + "deny all;\n";

  # Options of an nginx virtual host, which takes TLS with a certificate by ACME unless told
  # otherwise.
  virtualHost =
    { config, modulesPath }:
    types.submodule [
      (import (modulesPath + "/services/web-servers/nginx/vhost-options.nix") { inherit config lib; })
      {
        forceSSL = lib.mkDefault true;
        enableACME = lib.mkDefault true;
      }
    ];

  # The device unit of an interface.
  deviceUnit =
    name: "sys-subsystem-net-devices-${lib.replaceStrings [ "-" ] [ "\\x2d" ] name}.device";

  # nftables: "ip saddr { … } REST" and "ip6 saddr { … } REST", a line for each family that has
  # addresses among these.
  nftFrom =
    list: rest:
    lib.concatMapStrings (
      family:
      let
        ofFamily = lib.filter (one: isV6 one == (family == "ip6")) list;
      in
      lib.optionalString (
        ofFamily != [ ]
      ) "${family} saddr { ${lib.concatStringsSep ", " ofFamily} } ${rest}\n"
    ) [
      "ip"
      "ip6"
    ];
}
