# Packages of package-lock.json, unpacked as npm would lay them out, and nothing run of theirs. The
# lock names no addresses (.npmrc), so these are made of name and version; its hashes are what
# counts.
{
  lib,
  fetchurl,
  stdenvNoCC,
  lockFile ? ../package-lock.json,
  registry ? "https://registry.npmjs.org",
}:

{
  name,
  # Names of packages; what they depend on comes with them.
  roots,
  # Node's words for a machine, `{ platform = "linux"; arch = "x64"; }`: then optional packages for
  # it come too. Null leaves all optional ones out, and the result fits every machine.
  machine ? null,
}:

let
  lock = lib.importJSON lockFile;
  locked =
    if lock.lockfileVersion == 3 then
      lock.packages
    else
      throw "package-lock.json: version ${toString lock.lockfileVersion} of its format, and this reads 3";

  nameOf = path: locked.${path}.name or (lib.last (lib.splitString "node_modules/" path));

  # "node_modules/a/node_modules/b" lies in "node_modules/a", and that in "".
  folderOf =
    path:
    let
      above = builtins.match "(.*)/node_modules/.+" path;
    in
    if above == null then "" else lib.head above;

  # As Node looks it up: beside the package itself, then further up. Null when it is not locked.
  find =
    from: wanted:
    let
      here = (if from == "" then "" else "${from}/") + "node_modules/${wanted}";
    in
    if locked ? ${here} then
      here
    else if from == "" then
      null
    else
      find (folderOf from) wanted;

  fits =
    path:
    let
      module = locked.${path};
    in
    machine != null
    && lib.elem machine.platform (module.os or [ machine.platform ])
    && lib.elem machine.arch (module.cpu or [ machine.arch ])
    && lib.elem "glibc" (module.libc or [ "glibc" ]);

  neededBy =
    path:
    let
      module = locked.${path};
      optional = lib.attrNames (module.optionalDependencies or { });
      isOptionalPeer = peer: module.peerDependenciesMeta.${peer}.optional or false;
      always =
        lib.attrNames (module.dependencies or { })
        ++ lib.filter (peer: !isOptionalPeer peer) (lib.attrNames (module.peerDependencies or { }));
      found = names: lib.filter (found: found != null) (map (find path) names);
    in
    found (lib.subtractLists optional always) ++ lib.filter fits (found optional);

  closure = builtins.genericClosure {
    startSet = map (root: {
      key =
        let
          path = find "" root;
        in
        if path == null then throw "package-lock.json has no package ${root}" else path;
    }) roots;
    operator = entry: map (key: { inherit key; }) (neededBy entry.key);
  };

  source =
    path:
    let
      module = locked.${path};
      package = nameOf path;
    in
    fetchurl {
      url = module.resolved or "${registry}/${package}/-/${baseNameOf package}-${module.version}.tgz";
      hash = module.integrity or (throw "package-lock.json: no hash is locked for ${path}");
    };
in
stdenvNoCC.mkDerivation {
  inherit name;
  passAsFile = [ "listing" ];
  listing = lib.concatMapStrings (entry: "${entry.key} ${source entry.key}\n") closure;
  buildCommand = ''
    while read -r path archive; do
      mkdir -p "$out/$path"
      tar -xzf "$archive" -C "$out/$path" --strip-components=1 --no-same-owner --mode=u+rwX,go+rX
    done < "$listingPath"
  '';
  passthru.packages = map (entry: entry.key) closure;
}
