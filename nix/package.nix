# The whole program below lib/flint, as it lies in a clone after `npm run build`, and bin/flint. C++
# is compiled for the machine that it will run on; all the rest comes from javascript.nix.
{
  lib,
  stdenv,
  buildPackages,
  nodejs_24,
  # The control keeps its state in SQLite and serves pages: more packages, one of them compiled. A
  # board does without.
  withControl ? false,
}:

let
  package = lib.importJSON ../package.json;
  source = import ./source.nix { inherit lib; };
  nodeModules = buildPackages.callPackage ./node-modules.nix { };

  # All that is imported outside of src/control; the build ends with an error if that is not so.
  boardPackages = [
    "@assemblyscript/loader"
    "commander"
    "hono"
    "msgpackr"
    "prom-client"
    "valibot"
  ];

  javascript = buildPackages.callPackage ./javascript.nix {
    nodejs = buildPackages.nodejs_24;
    roots = if withControl then lib.attrNames package.dependencies else boardPackages;
  };
  headers = nodeModules {
    name = "flint-headers";
    roots = [
      "node-addon-api"
      "node-api-headers"
    ];
  };
  sqlite = nodeModules {
    name = "flint-sqlite";
    roots = [ "better-sqlite3" ];
  };
in
stdenv.mkDerivation {
  pname = "flint";
  inherit (package) version;

  src = source [
    "CMakeLists.txt"
    "hardware"
    "native"
    "nix/units.json"
    "package.json"
  ];

  nativeBuildInputs = [
    buildPackages.cmake
    buildPackages.makeWrapper
    buildPackages.nodejs_24
  ]
  ++ lib.optionals withControl [
    buildPackages.node-gyp
    buildPackages.python3
  ];

  # CMakeLists.txt asks Node where the headers are.
  env.NODE_PATH = "${headers}/node_modules";
  cmakeFlags = [ "-DCMAKE_JS_INC=${headers}/node_modules/node-api-headers/include" ];

  # Its script would fetch a finished one from the Internet.
  postBuild = lib.optionalString withControl ''
    cp -r ${sqlite}/node_modules sqlite
    chmod -R u+w sqlite
    ( cd sqlite/better-sqlite3
      HOME=$TMPDIR node-gyp rebuild --release \
        --nodedir=${nodejs_24} --arch=${stdenv.hostPlatform.node.arch}
      mv build/Release/better_sqlite3.node .
      rm -rf build deps src
      mkdir -p build/Release
      mv better_sqlite3.node build/Release/ )
  '';

  installPhase = ''
    runHook preInstall
    root=$out/lib/flint
    mkdir -p $root/nix $out/bin
    cp -r ${javascript}/. $root/
    chmod -R u+w $root
    cp -r ../hardware $root/
    find $root/hardware -name '*.nix' -delete
    cp ../nix/units.json $root/nix/
    find . -maxdepth 2 \( -name flint.node -o -name flint-launch \) -exec cp {} $root/build/ \;
    test -e $root/build/flint.node
    test -x $root/build/flint-launch
    ${lib.optionalString withControl "cp -rn sqlite/. $root/node_modules/"}
    makeWrapper ${nodejs_24}/bin/node $out/bin/flint \
      --add-flags "--max-semi-space-size=1 $root/dist/main.js"
    runHook postInstall
  '';

  # Every package that is imported must be there, and the program must start.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    node ${./check-imports.mjs} $out/lib/flint ${lib.optionalString (!withControl) "control"}
    ${lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
      $out/bin/flint --version
      echo '{ "schema": 1 }' > probe.json
      $out/bin/flint probe --config probe.json --check
    ''}
    runHook postInstallCheck
  '';

  passthru = {
    inherit javascript withControl;
    nodejs = nodejs_24;
  };

  meta = {
    description = package.description;
    license = lib.licenses.mit;
    mainProgram = "flint";
    platforms = lib.platforms.linux;
  };
}
