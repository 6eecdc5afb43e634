# Configurations that the program itself reads before the system is built: what it would refuse at
# its start, on a machine that may then be out of reach, ends the build instead.
{ lib, pkgs }:
{
  # The option `checkConfig`; `machine` says where the program will run.
  option =
    machine:
    lib.mkOption {
      type = lib.types.bool;
      default = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;
      defaultText = lib.literalMD "whether the machine that builds can run programs of the ${machine}";
      description = "Whether the build ends with an error when the program refuses the configuration.";
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
