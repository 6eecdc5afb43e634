# The kinds of boards in a folder, Flint's own or a fleet's, by slug: <slug>/profile.json, which
# control and agent read, and <slug>/default.nix, a module that is given `flint` beside what NixOS
# gives to modules: `imports = [ flint.modules.image-sd ];`
{ lib, modules }:
{
  folder,
  # Whether the profiles come with the program.
  isOwn ? false,
}:
let
  inherit (lib) mkDefault mkIf mkOption types;
  values = import ./values.nix { inherit lib; };

  # As src/core/hardware.ts has it: a board with another profile would start without it.
  document =
    let
      line = max: types.strMatching "[^[:cntrl:]]{0,${toString max}}";
      needed = type: mkOption { inherit type; };
    in
    {
      options = {
        schema = needed (types.enum [ 1 ]);
        slug = needed types.str;
        name = needed (line 64);
        architecture = needed (
          types.enum [
            "aarch64"
            "x86_64"
            "any"
          ]
        );
        interface = needed (types.nullOr values.interface);
        mac = mkOption {
          type = types.enum [
            "nic"
            "sd-serial"
          ];
          default = "nic";
        };
        models = needed (types.addCheck (types.listOf (line 64)) (models: lib.length models <= 16));
        note = needed (line 500);
      };
    };
  judge =
    slug: file:
    let
      read = lib.importJSON file;
      profile = {
        _file = file;
        config = read;
      };
      judged = lib.evalModules {
        modules = [
          document
          profile
        ];
      };
    in
    if builtins.match "[a-z0-9][a-z0-9-]{0,62}" slug == null then
      throw "hardware/${slug}: the name of the folder must be a slug, of a-z, 0-9 and -"
    else if !builtins.pathExists file then
      throw "hardware/${slug}/profile.json is missing"
    else if read.slug or null != slug then
      throw "hardware/${slug}/profile.json: slug is \"${toString (read.slug or "")}\", and must be the name of the folder"
    else
      builtins.deepSeq judged.config judged.config;

  # A module that is a function asks by name for what it is given.
  given =
    file:
    let
      module = import file;
    in
    if lib.isFunction module then
      lib.setFunctionArgs (arguments: module (arguments // { flint = { inherit modules; }; })) (
        removeAttrs (lib.functionArgs module) [ "flint" ]
      )
    else
      module;

  moduleOf =
    slug: directory: profile:
    { config, ... }:
    let
      text = builtins.toJSON profile;
    in
    {
      imports = [
        modules.board
        {
          _file = "${toString directory}/default.nix";
          imports = [ (given (directory + "/default.nix")) ];
        }
      ];

      nixpkgs.hostPlatform = mkIf (profile.architecture != "any") "${profile.architecture}-linux";
      services.flint = {
        agent.hardware = mkDefault slug;
        # The factory gives it no address, and its loader another one at each start.
        mac.enable = mkIf (profile.mac == "sd-serial") (mkDefault true);
      };

      environment.etc = mkIf (!isOwn && config.services.flint.agent.enable) {
        "flint/hardware/${slug}/profile.json" = { inherit text; };
      };
      systemd.services = mkIf (!isOwn && config.services.flint.agent.enable) {
        flint-agent.reloadTriggers = [ (builtins.hashString "sha256" text) ];
      };
    };

  boardOf = slug: _: rec {
    directory = folder + "/${slug}";
    profile = judge slug (directory + "/profile.json");
    module = lib.seq profile {
      key = "${toString directory}/default.nix";
      imports = [ (moduleOf slug directory profile) ];
    };
  };
in
# A folder without a module is for agents and the control alone.
lib.mapAttrs boardOf (
  lib.filterAttrs (
    slug: type:
    type == "directory" && builtins.pathExists (folder + "/${slug}/default.nix")
  ) (builtins.readDir folder)
)
