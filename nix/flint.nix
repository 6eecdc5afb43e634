# What every module of the board side needs: the program, its users and directories, and its units.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.flint;
  onBoard = lib.any (name: cfg.${name}.enable or false) [
    "agent"
    "mac"
    "probe"
  ];
  shared = lib.importJSON ./units.json;
  unitFile = import ./unit-file.nix { inherit lib; };
  placeholders = {
    flint = "${cfg.package}/lib/flint";
    node = "${cfg.package.nodejs}/bin/node";
    launch = "${cfg.package}/lib/flint/build/flint-launch";
    vmagent = "${cfg.agent.push.package or pkgs.vmagent}/bin/vmagent";
    config = "/etc/flint";
  };
in
{
  options.services.flint = {
    package = mkOption {
      type = types.package;
      default = pkgs.flint-probe or (pkgs.callPackage ./package.nix { });
      defaultText = lib.literalExpression "pkgs.flint-probe";
      description = "The flint that runs on this board.";
    };

    serviceOf = mkOption {
      type = types.functionTo types.raw;
      internal = true;
      readOnly = true;
      default = unitFile.toService ./units.json placeholders;
      description = "From the name of a unit in units.json to a service of systemd.";
    };
  };

  config = lib.mkIf onBoard {
    environment.systemPackages = [ cfg.package ];

    users.users = lib.listToAttrs (
      map (user: {
        inherit (user) name;
        value = {
          isSystemUser = true;
          group = user.name;
          inherit (user) home;
          description = user.about;
        };
      }) shared.users
    );
    users.groups = lib.listToAttrs (map (user: lib.nameValuePair user.name { }) shared.users);

    systemd.tmpfiles.rules = map (
      directory: with directory; "d ${path} ${mode} ${user} ${group} - -"
    ) shared.directories;
  };
}
