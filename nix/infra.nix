# What the modules of the infrastructure have in common beside values.nix, which they get from here
# too: no options of their own.
{ lib, pkgs }:
let
  inherit (lib) types mkOption;
  values = import ./values.nix { inherit lib; };
  inherit (values) isV6;
  unitFile = import ./unit-file.nix { inherit lib; };
in
values
// rec {
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
