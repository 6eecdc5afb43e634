# Types of values that more than one module takes, and what else is asked of them. The programs
# judge their configuration themselves; here a slip of the pen is told with the name of its option,
# also for a board whose programs cannot run on the machine that builds its system.
{ lib }:
let
  inherit (lib) types;

  described = description: type: type // { inherit description; };

  octetPattern = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  hostPattern = "([A-Za-z0-9.-]{1,253}|[[][0-9A-Fa-f:.]{2,45}[]])";
  # 1 to 65535.
  portPattern = "(${
    lib.concatStringsSep "|" [
      "[1-9][0-9]{0,3}"
      "[1-5][0-9]{4}"
      "6[0-4][0-9]{3}"
      "65[0-4][0-9]{2}"
      "655[0-2][0-9]"
      "6553[0-5]"
    ]
  })";
  durationPattern = "([0-9]{1,9})([.][0-9]{1,3})?(ms|s|m|h|d)";

  isV6 = lib.hasInfix ":";

  isAddress =
    text:
    if isV6 text then
      !lib.hasInfix "/" text
      && (builtins.tryEval (builtins.deepSeq (lib.network.ipv6.fromString text) true)).value
    else
      builtins.match (lib.concatStringsSep "[.]" (lib.genList (_: octetPattern) 4)) text != null;

  # The parts of an address as numbers, each of so many bits.
  partsOf =
    address:
    let
      halves = map (half: lib.filter (group: group != "") (lib.splitString ":" half)) (
        lib.splitString "::" (lib.network.ipv6.fromString address).address
      );
      zeros = lib.genList (_: "0") (8 - lib.length (lib.concatLists halves));
    in
    if isV6 address then
      {
        bits = 16;
        parts = map lib.fromHexString (lib.head halves ++ zeros ++ lib.concatLists (lib.tail halves));
      }
    else
      {
        bits = 8;
        parts = map lib.toIntBase10 (lib.splitString "." address);
      };

  isPrefix =
    text:
    let
      parts = builtins.match "([0-9A-Fa-f:.]{2,45})/(0|[1-9][0-9]{0,2})" text;
      address = lib.head parts;
    in
    parts != null
    && isAddress address
    && lib.toInt (lib.last parts) <= (if isV6 address then 128 else 32);

  millisecondsOf =
    text:
    let
      parts = builtins.match durationPattern text;
      fraction = lib.elemAt parts 1;
      units = {
        ms = 1;
        s = 1000;
        m = 60000;
        h = 3600000;
        d = 86400000;
      };
    in
    (
      lib.toIntBase10 (lib.head parts)
      + (if fraction == null then 0 else builtins.fromJSON "0${fraction}")
    )
    * units.${lib.last parts};
in
rec {
  inherit isV6;

  # One address (v4 or v6), no range.
  address = described "an IP address" (types.addCheck types.str isAddress);
  prefix = described "an address prefix such as fd00:1:2:3::/64" (
    types.addCheck types.str isPrefix
  );
  loopback = types.strMatching "::1|127([.]${octetPattern}){3}";
  # What the agent takes: names of Linux without those that mean something else.
  interface = described "an interface name of 1 to 15 characters" (
    types.addCheck (types.strMatching "[A-Za-z0-9._][A-Za-z0-9._-]{0,14}") (
      name:
      !lib.elem name [
        "."
        ".."
        "all"
        "default"
        "lo"
      ]
    )
  );
  # Of a service behind the lockdown: above are the ports of probes, which it does not track.
  servicePort = types.ints.between 1 61439;
  mac = types.strMatching "([0-9a-f]{2}:){5}[0-9a-f]{2}";
  wireguardKey = types.strMatching "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";

  # Name of a server with its domain, as browsers write it.
  fqdn = described "a host name in small letters such as control.example.net" (
    types.strMatching "[a-z0-9]([a-z0-9-]{0,62}[.])*[a-z0-9-]{0,62}[a-z0-9]"
  );
  # Name of a machine, without a domain.
  hostName = types.strMatching "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  # Name of a folder of hardware/.
  slug = types.strMatching "[a-z0-9][a-z0-9-]{0,62}";
  # HOST:PORT or [ADDRESS]:PORT.
  endpoint = types.strMatching "${hostPattern}:${portPattern}";

  # Scheme, host and port of a server.
  origin = described "an origin such as https://control.example.net, without a path" (
    types.strMatching "https?://${hostPattern}(:${portPattern})?"
  );
  # The same with a path; no user, password, query and fragment.
  url = described "a URL such as https://metrics.example.net/remote_write" (
    types.strMatching "https?://${hostPattern}(:${portPattern})?(/[A-Za-z0-9._~%/-]{0,200})?"
  );
  # Whether secrets that are sent there could be read on the way.
  isPlain =
    origin:
    origin != null
    && lib.hasPrefix "http://" origin
    &&
      builtins.match "http://(127([.][0-9]+){3}|localhost|[[]::1[]])(:[0-9]+)?" origin == null;

  duration = types.strMatching durationPattern;
  durationFrom =
    least: most:
    described "a duration from ${least} to ${most}" (
      types.addCheck duration (
        text:
        millisecondsOf least <= millisecondsOf text && millisecondsOf text <= millisecondsOf most
      )
    );

  # Path of a file with a secret, as text, so that Nix never copies it into its store.
  secretPath = types.either types.str types.path;
  secretFile = types.nullOr secretPath;

  # Secrets by the name that a configuration gives them: it becomes part of paths.
  secrets =
    described "attribute set of paths, by names of 1 to 63 of a-z, 0-9, dot, hyphen and underscore"
      (
        types.addCheck (types.attrsOf secretPath) (
          files:
          lib.all (name: builtins.match "[a-z0-9][a-z0-9._-]{0,62}" name != null) (lib.attrNames files)
        )
      );

  # Whether a prefix holds an address, each of either family.
  holds =
    prefix: address:
    let
      written = lib.splitString "/" prefix;
      inherit (partsOf (lib.head written)) bits parts;
      length = lib.toIntBase10 (lib.last written);
      # What stands before the mask's end in the part at this place.
      masked =
        at: part:
        let
          given = lib.min bits (lib.max 0 (length - at * bits));
          tail = lib.foldl' (product: _: product * 2) 1 (lib.range 1 (bits - given));
        in
        part / tail;
    in
    isV6 prefix == isV6 address && lib.imap0 masked parts == lib.imap0 masked (partsOf address).parts;

  # Assertions: none of these secrets may lie in the store, which everybody can read.
  outsideStore =
    files:
    lib.mapAttrsToList (option: file: {
      assertion =
        file == null
        || !lib.any (store: lib.hasPrefix "${store}/" (toString file)) [
          "/nix/store"
          builtins.storeDir
        ];
      message = "${option}: ${toString file} is in the Nix store, which every user of the machine can read: write the path of a file as text (\"/run/secrets/…\"), not as a path of the configuration";
    }) files
    ++ lib.mapAttrsToList (option: file: {
      assertion = file == null || builtins.match "/[^[:space:]%:]+" (toString file) != null;
      message = "${option}: \"${toString file}\" is no absolute path, without blanks, % and colons";
    }) files;

  # Assertions by the names of options: their lists, put together from all modules, have at most so
  # many members.
  atMost =
    max:
    lib.mapAttrsToList (
      option: members: {
        assertion = lib.length members <= max;
        message = "${option}: ${toString (lib.length members)} are named, and at most ${toString max} are taken";
      }
    );

  # Assertion: NixOS' firewall does not wave through what comes by the interface of the mesh.
  notTrusted =
    firewall: interface:
    let
      isMeant =
        trusted:
        trusted == interface
        || (lib.hasSuffix "*" trusted && lib.hasPrefix (lib.removeSuffix "*" trusted) interface);
    in
    {
      assertion = !lib.any isMeant firewall.trustedInterfaces;
      message = "networking.firewall.trustedInterfaces holds ${interface}: every machine of the mesh would reach every port of this one. Take it out: what has to be reached from the mesh is let in by the modules of services.flint";
    };

  # Options as parts of a document: each yields to what is said in `settings`, and what nobody said
  # is left out, so that the program's own default holds.
  said = values: lib.mapAttrs (_: lib.mkDefault) (lib.filterAttrs (_: value: value != null) values);
}
