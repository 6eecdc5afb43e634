# What is the same on every machine: TypeScript compiled, WebAssembly, and the packages from npm
# that run with it. Built by the machine that builds, whatever it is built for.
{
  lib,
  stdenvNoCC,
  callPackage,
  nodejs,
  # Packages from npm that must be there at run time.
  roots,
}:

let
  nodeModules = callPackage ./node-modules.nix { };
  package = lib.importJSON ../package.json;
  source = import ./source.nix { inherit lib; };
  runtime = nodeModules {
    name = "flint-packages";
    inherit roots;
  };
  tools = nodeModules {
    name = "flint-build-packages";
    roots = lib.attrNames package.dependencies ++ [
      "@types/better-sqlite3"
      "@types/node"
      "assemblyscript"
      "typescript"
    ];
    machine = { inherit (stdenvNoCC.buildPlatform.node) platform arch; };
  };
in
stdenvNoCC.mkDerivation {
  pname = "flint-javascript";
  inherit (package) version;
  src = source [
    "asconfig.json"
    "package.json"
    "src"
    "tsconfig.json"
    "wasm"
  ];
  nativeBuildInputs = [ nodejs ];
  buildPhase = ''
    runHook preBuild
    ln -s ${tools}/node_modules node_modules
    mkdir -p build
    node node_modules/assemblyscript/bin/asc.js --config asconfig.json --target release
    node node_modules/typescript/bin/tsc -p tsconfig.json
    find dist -name '*.map' -delete
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    mkdir -p $out/build
    cp -r dist package.json $out/
    cp build/hot.wasm $out/build/
    cp -r ${runtime}/node_modules $out/
    runHook postInstall
  '';
  passthru = { inherit runtime tools; };
}
