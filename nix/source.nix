# Files and folders of the repository, by their paths from its root, and nothing else: what a
# package is not made of does not build it anew.
{ lib }:
names:
let
  root = toString ../.;
in
builtins.path {
  name = "flint-source";
  path = ../.;
  filter =
    path: _:
    let
      here = lib.removePrefix "${root}/" (toString path);
    in
    lib.any (
      name: here == name || lib.hasPrefix "${name}/" here || lib.hasPrefix "${here}/" name
    ) names;
}
