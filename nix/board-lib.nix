# What the modules of the board have in common beside infra.nix: no options of their own.
{ lib }:
{
  # Options as parts of a document: each yields to what is said in `settings`, and what nobody said
  # is left out, so that the program's own default holds.
  said = values: lib.mapAttrs (_: lib.mkDefault) (lib.filterAttrs (_: value: value != null) values);
}
