# Units are written once, as data (units.json, units-infra.json), for every system that can run
# them. This turns one of them into what NixOS calls a service or a timer.
{ lib }:
let
  # Lists of other units, which NixOS wants apart from the rest of [Unit].
  relations = {
    After = "after";
    Before = "before";
    Wants = "wants";
    Requires = "requires";
    BindsTo = "bindsTo";
    PartOf = "partOf";
    Conflicts = "conflicts";
    OnFailure = "onFailure";
  };

  words = value: lib.concatMap (lib.splitString " ") (lib.toList value);

  fill =
    placeholders: name: value:
    let
      names = lib.attrNames placeholders;
      filled = lib.replaceStrings (map (one: "@${one}@") names) (map (
        one: toString placeholders.${one}
      ) names) value;
      left = builtins.match ".*(@[a-z-]+@).*" filled;
    in
    if !lib.isString value then
      value
    else if left == null then
      filled
    else
      throw "${name}: nothing is known for ${lib.head left}";

  # Every text of a section with its placeholders filled in.
  fillSection =
    placeholders: name:
    lib.mapAttrs (
      _: value:
      if lib.isList value then map (fill placeholders name) value else fill placeholders name value
    );

  common =
    unit:
    let
      related = lib.filterAttrs (key: _: relations ? ${key}) (unit.Unit or { });
      install = unit.Install or { };
    in
    lib.mapAttrs' (key: value: lib.nameValuePair relations.${key} (words value)) related
    // {
      description = unit.Unit.Description or "";
      wantedBy = words (install.WantedBy or [ ]);
      unitConfig = removeAttrs (unit.Unit or { }) ([ "Description" ] ++ lib.attrNames relations);
    };

  read =
    file: placeholders: name:
    let
      inherit (lib.importJSON file) units;
      unit = units.${name} or (throw "${toString file} has no unit ${name}");
    in
    lib.mapAttrs (_: fillSection placeholders name) unit;
in
{
  # file, placeholders, name of the unit -> systemd.services.<name>
  toService =
    file: placeholders: name:
    let
      unit = read file placeholders name;
    in
    common unit // { serviceConfig = unit.Service; };

  # file, placeholders, name of the unit -> systemd.timers.<name>
  toTimer =
    file: placeholders: name:
    let
      unit = read file placeholders name;
    in
    common unit // { timerConfig = unit.Timer; };
}
