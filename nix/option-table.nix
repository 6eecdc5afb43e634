# The pages of options in docs/, made of the options themselves. `optionsOf` gives for modules what
# lib.evalModules gives for them, and NixOS, as `options`.
{ lib, optionsOf }:
let
  flint = import ./. { inherit lib; };

  documented =
    modules:
    lib.filter
      (
        option:
        option.visible
        && !option.internal
        # Those of a virtual host are NixOS' own.
        && !lib.hasInfix ".nginx." option.name
      )
      (lib.optionAttrSetToDocList (optionsOf modules).services.flint);
  textOf =
    value:
    if value ? text then
      value.text
    else
      lib.generators.toPretty { multiline = false; } value;
  # Shorter than Nix has it; without the marks of its manual, and without what would end a cell.
  plain =
    text:
    lib.replaceStrings
      [
        "string matching the pattern "
        "16 bit unsigned integer; between 0 and 65535 (both inclusive)"
        " (both inclusive)"
        "null or string or absolute path"
        "string or absolute path"
        "{option}"
        "{file}"
        "\n"
        "|"
      ]
      [
        "text as "
        "port"
        ""
        "path or null"
        "path"
        ""
        ""
        " "
        "\\|"
      ]
      (lib.trim text);
  code = text: if text == "" then "" else "`${plain text}`";
  describe =
    {
      description ? null,
      ...
    }:
    if description == null then "" else description.text or description;
  row =
    option:
    "| `${lib.removePrefix "services.flint." option.name}` | ${plain option.type} | ${
      code (if option ? default then textOf option.default else "")
    } | ${plain (describe option)} |";

  page =
    {
      title,
      guide,
      modules,
    }:
    ''
      # ${title}

      All of them begin with `services.flint.`; [${guide}](${guide}) says what they are for. This page is
      made of the modules, by [option-pages.ts](../test/nix/option-pages.ts).

      | option | type | default | |
      |---|---|---|---|
      ${lib.concatMapStringsSep "\n" row (
        lib.sort (one: other: one.name < other.name) (documented modules)
      )}
    '';
in
lib.mapAttrs (_: page) {
  "docs/nixos-options.md" = {
    title = "Options of a board";
    guide = "nixos.md";
    modules = [
      flint.modules.board
      ./probe-data.nix
    ];
  };
  "docs/nixos-infra-options.md" = {
    title = "Options of the infrastructure";
    guide = "nixos-infra.md";
    modules = [ flint.modules.infra ];
  };
}
