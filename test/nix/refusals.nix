# Configurations that must be refused, by name. The test knows which words refuse each.
let
  control = ../../nix/control.nix;
  headscale = ../../nix/headscale.nix;
  jumpHost = ../../nix/jump-host.nix;
  metrics = ../../nix/metrics.nix;

  member = {
    enable = true;
    address = "fd00:1:2:2::1";
    headscaleURL = "https://headscale.example.net";
  };
  store = {
    enable = true;
    probeSubnet = "fd00:1:2:3::/64";
    sync.webURL = "https://control.example.net";
    sync.metricsApiKeyFile = "/run/secrets/key";
  };
  mesh = {
    enable = true;
    fqdn = "headscale.example.net";
    probeSubnet = "fd00:1:2:3::/64";
  };
  controlled = settings: [
    control
    { services.flint.control = { enable = true; } // settings; }
  ];
  measured = memberSettings: storeSettings: [
    metrics
    {
      services.flint.member = member // memberSettings;
      services.flint.metrics = store // storeSettings;
    }
  ];
  reached = settings: [
    headscale
    { services.flint.headscale = mesh // settings; }
  ];
in
{
  control-nameless = controlled { listen.address = "::"; };
  control-nameless-tls = controlled {
    tls = {
      certFile = "/run/secrets/cert";
      keyFile = "/run/secrets/key";
    };
  };
  control-path-in-origin = controlled {
    fqdn = "control.example.net";
    origin = "https://control.example.net/flint";
  };
  control-plain = controlled {
    fqdn = "control.example.net";
    origin = "http://control.example.net";
  };
  control-secret-in-store = controlled {
    fqdn = "control.example.net";
    secrets.headscale-api-key = "/nix/store/00000000000000000000000000000000-key";
  };
  control-secret-beside = controlled {
    fqdn = "control.example.net";
    secrets.headscale-api-key = "secrets/key";
  };
  control-key-in-store = controlled {
    fqdn = "control.example.net";
    tls = {
      certFile = "/run/secrets/cert";
      keyFile = "/nix/store/00000000000000000000000000000000-key";
    };
  };
  control-tls-twice = controlled {
    fqdn = "control.example.net";
    tls = {
      certFile = "/run/secrets/cert";
      keyFile = "/run/secrets/key";
    };
    nginx.enableACME = true;
  };
  control-open-for-nobody = controlled { openFirewall = true; };

  control-port-of-nginx = controlled {
    fqdn = "control.example.net";
    listen.port = 443;
  };
  control-backup-of-itself = controlled { backup.directory = "/var/lib/flint/control/"; };
  control-backup-hidden = controlled { backup.directory = "/var/tmp/backup"; };

  metrics-own-address = measured { jumpHosts = [ "fd00:1:2:1::1" ]; } {
    probeSubnet = "fd00:1:2::/62";
  };
  metrics-alone = [
    metrics
    { services.flint.metrics = store; }
  ];
  metrics-without-control = measured { } {
    sync.metricsApiKeyFile = "/run/secrets/key";
  };
  metrics-without-key = measured { } {
    sync.webURL = "https://control.example.net";
  };
  metrics-plain-control = measured { } {
    sync.webURL = "http://control.example.net";
    sync.metricsApiKeyFile = "/run/secrets/key";
  };
  metrics-key-in-store = measured { } {
    sync.webURL = "https://control.example.net";
    sync.metricsApiKeyFile = "/nix/store/00000000000000000000000000000000-key";
  };
  metrics-without-samples = measured { } { push.enable = false; };
  metrics-pull-nobody = measured { } { pull.enable = true; };
  metrics-one-port = measured { } { query.port = 80; };
  metrics-port-of-nginx = measured { } { } ++ [ { services.nginx.enable = true; } ];
  metrics-open = measured { } { } ++ [ { networking.firewall.allowedTCPPorts = [ 8428 ]; } ];
  metrics-other-family = measured { } { query.readers = [ "10.0.0.1" ]; };

  member-homeless = measured { headscaleURL = null; } { };
  member-trusting = measured { } { } ++ [
    { networking.firewall.trustedInterfaces = [ "tailscale0" ]; }
  ];
  member-locked-out = measured { closeSsh = true; } { };
  member-without-nftables = measured { } { } ++ [ { networking.nftables.enable = false; } ];
  member-two-meshes = measured {
    wireguard.peers.probe01 = {
      publicKey = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
      address = "fd00:1:2:3::1";
    };
  } { };
  member-one-address-twice =
    measured
      {
        kind = "wireguard";
        headscaleURL = null;
        wireguard.peers = {
          probe01 = {
            publicKey = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
            address = "fd00:1:2:3::1";
          };
          probe02 = {
            publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
            address = "fd00:1:2:3::1";
          };
        };
      }
      { };
  member-nonlocal = measured { } { } ++ [
    { boot.kernel.sysctl."net.ipv6.ip_nonlocal_bind" = 1; }
  ];

  headscale-jump-is-metrics = reached {
    metricsIP = "fd00:1:2:2::1";
    jumpHostIP = "fd00:1:2:2::1";
  };
  headscale-relay-without-tls = reached {
    derp.enable = true;
    nginx = {
      forceSSL = false;
      enableACME = false;
    };
  };
  headscale-reader-is-metrics = reached {
    metricsIP = "fd00:1:2:2::1";
    readers.metrics = "fd00:1:2:9::1";
  };
  headscale-reader-is-probes = reached { readers.probes = "fd00:1:2:9::1"; };
  headscale-reader-with-blank = reached { readers."a b" = "fd00:1:2:9::1"; };
  headscale-metrics-among-probes = reached { metricsIP = "fd00:1:2:3:ffff::1"; };
  headscale-port-of-control = reached { } ++ controlled { listen.port = 8080; };
  headscale-other-push-port = reached { } ++ measured { } { push.port = 8400; };
  headscale-other-metrics =
    reached {
      metricsIP = "fd00:1:2:2::9";
      policy.pushPort = 8400;
    }
    ++ measured { } { push.port = 8400; };
  headscale-beside-metrics-alone =
    reached {
      metricsIP = "fd00:1:2:2::1";
      policy.pushPort = 8400;
    }
    ++ [
      metrics
      {
        services.flint.metrics = store // {
          push.port = 8400;
        };
      }
    ];
  headscale-no-relay = reached { derp.public = false; };
  headscale-name = reached { fqdn = "https://headscale.example.net/"; };

  jump-host-outside = [
    jumpHost
    { services.flint.jumpHost.enable = true; }
  ];
  jump-host-root = [
    jumpHost
    {
      services.flint.member = member;
      services.flint.jumpHost = {
        enable = true;
        operators = [ "root" ];
      };
    }
  ];
  jump-host-is-metrics = measured { } { } ++ [
    jumpHost
    { services.flint.jumpHost.enable = true; }
  ];
}
