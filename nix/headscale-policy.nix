# Who may speak with whom in a tailnet of probes, as headscale wants to read it. Two shapes: `acls`
# loads on headscale 0.26 and newer, `grants` on 0.29 and newer, with tests that headscale itself
# holds the policy against. Nothing but what is listed here is let through.
{ lib }:
{
  shape,
  # Addresses; null where there is no such machine.
  jumpHostIP,
  metricsIP,
  # A prefix.
  probeSubnet,
  # Addresses by the name they get in the policy.
  readers,
  pushPort,
  queryPort,
  sshPort,
  # Port of the probes' page and metrics where the metrics server fetches them; null where not.
  pagePort,
  users,
  autoApproveProbes,
}:
let
  isV6 = lib.hasInfix ":";
  exact = address: "${address}/${if isV6 address then "128" else "32"}";
  given = lib.filterAttrs (_: address: address != null);

  machines = given {
    jumphost = jumpHostIP;
    metrics = metricsIP;
  };

  hosts = lib.mapAttrs (_: exact) (machines // readers) // {
    probes = probeSubnet;
  };

  # From, to, TCP port.
  ways =
    lib.optional (metricsIP != null) {
      from = [ "probes" ];
      to = "metrics";
      port = pushPort;
    }
    ++ lib.optional (metricsIP != null && pagePort != null) {
      from = [ "metrics" ];
      to = "probes";
      port = pagePort;
    }
    ++ lib.optional (jumpHostIP != null) {
      from = [ "jumphost" ];
      to = "probes";
      port = sshPort;
    }
    ++ lib.optional (jumpHostIP != null && metricsIP != null) {
      from = [ "jumphost" ];
      to = "metrics";
      port = sshPort;
    }
    ++ lib.optional (metricsIP != null && readers != { }) {
      from = lib.attrNames readers;
      to = "metrics";
      port = queryPort;
    };

  # "*" as a source covers addresses of our own only once their routes are approved (0.29 and newer).
  everybody = [ "*" ] ++ lib.attrNames hosts;

  acls = [
    {
      action = "accept";
      # ICMPv6: every version reads the number.
      proto = "58";
      src = everybody;
      dst = [ "*:*" ];
    }
  ]
  ++ map (way: {
    action = "accept";
    proto = "tcp";
    src = way.from;
    dst = [ "${way.to}:${toString way.port}" ];
  }) ways;

  grants = [
    {
      src = everybody;
      dst = [ "*" ];
      ip = [ "ipv6-icmp:*" ];
    }
  ]
  ++ map (way: {
    src = way.from;
    dst = [ way.to ];
    ip = [ "tcp:${toString way.port}" ];
  }) ways;

  # Tests name whole addresses: the first two of the probes stand for all of them.
  samples =
    let
      match = builtins.match "([0-9A-Fa-f:]+::)/[0-9]+" probeSubnet;
    in
    lib.optionalAttrs (match != null) {
      probe-sample = "${lib.head match}1";
      probe-other = "${lib.head match}2";
    };

  at = host: port: "${host}:${toString port}";

  testOf =
    src: accept: deny:
    {
      inherit src;
      proto = "tcp";
    }
    // lib.optionalAttrs (accept != [ ]) { inherit accept; }
    // lib.optionalAttrs (deny != [ ]) { inherit deny; };

  hasJump = jumpHostIP != null;
  hasMetrics = metricsIP != null;
  other = 9; # discard: nobody listens there

  tests =
    [
      (testOf "probe-sample"
        (lib.optional hasMetrics (at "metrics" pushPort))
        (
          lib.optionals hasMetrics [
            (at "metrics" sshPort)
            (at "metrics" queryPort)
          ]
          ++ lib.optional hasJump (at "jumphost" sshPort)
          ++ [ (at "probe-other" sshPort) ]
        )
      )
    ]
    ++ lib.optional hasJump (
      testOf "jumphost" [ (at "probe-sample" sshPort) ] [ (at "probe-sample" other) ]
    )
    ++ lib.optional hasMetrics (
      testOf "metrics"
        (lib.optional (pagePort != null) (at "probe-sample" pagePort))
        [ (at "probe-sample" sshPort) ]
    );

  autoApprovers.routes =
    lib.optionalAttrs hasJump { ${exact jumpHostIP} = [ "${users.management}@" ]; }
    // lib.optionalAttrs hasMetrics { ${exact metricsIP} = [ "${users.monitoring}@" ]; }
    // lib.optionalAttrs autoApproveProbes { ${probeSubnet} = [ "${users.probes}@" ]; };
in
{
  hosts = hosts // lib.optionalAttrs (shape == "grants") (lib.mapAttrs (_: exact) samples);
  inherit autoApprovers;
}
// (
  if shape == "grants" then
    { inherit grants; } // lib.optionalAttrs (samples != { }) { inherit tests; }
  else
    { inherit acls; }
)
