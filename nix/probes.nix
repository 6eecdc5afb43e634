# The probes of a fleet: one file of data each, one module for all, and the hardware that the file
# names. Gives by name what lib.nixosSystem takes.
{
  lib,
  boards,
  boardsWith,
}:
{
  # A folder of <name>.json.
  directory,
  # Modules of every probe.
  modules,
  # A folder of the fleet's own kinds of boards: <slug>/{profile.json,default.nix}.
  hardware ? null,
}:
let
  kinds = if hardware == null then boards else boardsWith hardware;
  suffix = ".json";
  names = map (lib.removeSuffix suffix) (
    lib.filter (lib.hasSuffix suffix) (
      lib.attrNames (lib.filterAttrs (_: type: type == "regular") (builtins.readDir directory))
    )
  );
  probe =
    name:
    let
      data = lib.importJSON (directory + "/${name}${suffix}");
      known = lib.concatStringsSep ", " (lib.attrNames kinds);
      board =
        kinds.${data.hardware or "?"}
          or (throw "probes/${name}${suffix}: hardware \"${data.hardware or "?"}\" is none of ${known}");
    in
    {
      modules = [
        board.module
        ./probe-data.nix
        {
          services.flint.data = data;
          assertions = [
            {
              assertion = data.name or null == name;
              message = "probes/${name}${suffix}: name is \"${data.name or ""}\", and must be that of the file";
            }
          ];
        }
      ]
      ++ modules;
    };
in
lib.genAttrs names probe
