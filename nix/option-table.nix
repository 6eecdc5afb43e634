# docs/nixos-options.md, from the options themselves: `options` as lib.evalModules gives them.
{ lib, options }:
let
  documented = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList options.services.flint
  );
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
in
''
  # Options of NixOS

  All of them begin with `services.flint.`; [nixos.md](nixos.md) says what they are for. This page is
  made of the modules, see [option-table.nix](../nix/option-table.nix).

  | option | type | default | |
  |---|---|---|---|
  ${lib.concatMapStringsSep "\n" row (lib.sort (a: b: a.name < b.name) documented)}
''
