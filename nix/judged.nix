# Configurations that the program itself reads before the system is built: what it would refuse at
# its start, on a machine that may then be out of reach, ends the build instead.
{ lib, pkgs }:
{
  # The option `schema` of a document.
  schema = lib.mkOption {
    type = lib.types.enum [ 1 ];
    default = 1;
    description = "Of the document.";
  };

  # The option of this name; `machine` says where the program will run.
  checkConfig =
    machine:
    lib.mkOption {
      type = lib.types.bool;
      default = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;
      defaultText = lib.literalMD "whether the machine that builds can run programs of the ${machine}";
      description = "Whether the build ends with an error when the program refuses the configuration.";
    };

  # The option of this name.
  configFile =
    unchecked:
    lib.mkOption {
      type = lib.types.package;
      internal = true;
      readOnly = true;
      default = unchecked;
      description = "The configuration as a file, not yet judged.";
    };

  # The same file, after `check` (lines of a shell) took it.
  file =
    {
      name,
      checkConfig,
      unchecked,
      check,
    }:
    if !checkConfig then
      unchecked
    else
      pkgs.runCommand name { passthru = { inherit unchecked; }; } ''
        ${check}
        cp ${unchecked} $out
      '';
}
