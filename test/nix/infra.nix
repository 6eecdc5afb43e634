# Configurations of the infrastructure, by name: each a list of modules.
let
  control = ../../nix/control.nix;
  headscale = ../../nix/headscale.nix;
  jumpHost = ../../nix/jump-host.nix;
  metrics = ../../nix/metrics.nix;

  tailnet = {
    enable = true;
    headscaleURL = "https://headscale.example.net";
    preAuthKeyFile = "/run/secrets/tailnet-key";
  };
  member.services.flint.member = tailnet // {
    address = "fd00:1:2:2::1";
    jumpHosts = [ "fd00:1:2:1::1" ];
  };
  store.services.flint.metrics = {
    enable = true;
    probeSubnet = "fd00:1:2:3::/64";
  };
  pushed.services.flint.metrics.sync = {
    webURL = "https://control.example.net";
    metricsApiKeyFile = "/run/secrets/metrics-api-key";
  };
  mesh.services.flint.headscale = {
    enable = true;
    fqdn = "headscale.example.net";
    probeSubnet = "fd00:1:2:3::/64";
    metricsIP = "fd00:1:2:2::1";
    jumpHostIP = "fd00:1:2:1::1";
  };
  newer.nixpkgs.overlays = [
    (_: previous: {
      headscale = previous.mkDerivation {
        pname = "headscale";
        version = "0.29.2";
      };
    })
  ];
in
{
  control-alone = [
    control
    { services.flint.control.enable = true; }
  ];
  control-named = [
    control
    {
      services.flint.control = {
        enable = true;
        fqdn = "control.example.net";
        settings = {
          title = "Example Networks";
          addressPrefix = "fd00:1:2:3::/64";
          history.keep = "7d";
        };
        secrets.headscale-api-key = "/run/secrets/headscale-api-key";
      };
    }
  ];
  control-own-tls = [
    control
    {
      services.flint.control = {
        enable = true;
        fqdn = "control.example.net";
        tls = {
          certFile = "/run/secrets/cert.pem";
          keyFile = "/run/secrets/key.pem";
        };
        backup.enable = false;
      };
    }
  ];
  control-other-ports = [
    control
    {
      services.flint.control = {
        enable = true;
        fqdn = "flint.example.org";
        origin = "https://flint.example.org:8443";
        listen = {
          address = "::1";
          port = 9000;
        };
        nginx = {
          enableACME = false;
          useACMEHost = "example.org";
        };
        openFirewall = false;
        settings.trustedProxies = [ "::1" ];
        backup = {
          directory = "/srv/backup/flint";
          startAt = "hourly";
          keep = 3;
        };
      };
    }
  ];
  # Behind nginx on an address of IPv6, with a certificate of one's own.
  control-own-certificate = [
    control
    {
      services.flint.control = {
        enable = true;
        fqdn = "c-1.example.net";
        listen.address = "::1";
        nginx = {
          enableACME = false;
          sslCertificate = "/run/secrets/cert.pem";
          sslCertificateKey = "/run/secrets/key.pem";
        };
      };
    }
  ];
  control-without-tls = [
    control
    {
      services.flint.control = {
        enable = true;
        fqdn = "flint.lan";
        origin = "http://flint.lan";
        nginx = {
          forceSSL = false;
          enableACME = false;
        };
        settings.insecure = true;
      };
    }
  ];

  headscale-plain = [
    headscale
    mesh
  ];
  headscale-newer = [
    headscale
    mesh
    newer
  ];
  headscale-relay = [
    headscale
    mesh
    newer
    {
      services.flint.headscale = {
        readers.grafana = "fd00:1:2:2::2";
        apiClients = [ "192.0.2.10" ];
        derp = {
          enable = true;
          regionID = 901;
          regionCode = "example";
          regionName = "Example";
          stunPort = 3479;
        };
        policy = {
          pushPort = 8427;
          pagePort = 9740;
          autoApproveProbes = true;
        };
      };
    }
  ];
  headscale-without-metrics = [
    headscale
    newer
    {
      services.flint.headscale = {
        enable = true;
        fqdn = "mesh.example.org";
        probeSubnet = "fd00:1:2:3::/64";
        openFirewall = false;
        policy.users.probes = "boards";
      };
    }
  ];
  headscale-more-rules = [
    headscale
    mesh
    {
      services.flint.headscale.policy.settings = {
        hosts.desk = "fd00:1:2:1::2/128";
        acls = [
          {
            action = "accept";
            proto = "tcp";
            src = [ "desk" ];
            dst = [ "metrics:22" ];
          }
        ];
      };
    }
  ];

  metrics-pushed = [
    metrics
    member
    store
    pushed
  ];
  metrics-other-settings = [
    metrics
    member
    store
    pushed
    {
      services.flint = {
        member = {
          interface = "mesh-0";
          closeSsh = true;
        };
        metrics = {
          retention = "400d";
          push.port = 8400;
          query = {
            readers = [
              "fd00:1:2:2::2"
              "fd00:1:2:2::3"
            ];
            port = 8482;
            basicAuthFile = "/run/secrets/htpasswd";
          };
          sync.interval = "1m";
          limits = {
            labelsPerSeries = 30;
            seriesPerHour = 50000;
            memoryMax = "2G";
          };
        };
      };
      services.openssh = {
        enable = true;
        ports = [
          22
          2222
        ];
      };
    }
  ];
  metrics-pull-alone = [
    metrics
    member
    store
    {
      services.flint.metrics = {
        push.enable = false;
        pull = {
          enable = true;
          interval = "30s";
          targets.probe01 = "fd00:1:2:3::1";
          targets.probe02 = "100.64.0.2";
          files = [ "/var/lib/probes/*.json" ];
        };
      };
    }
  ];
  metrics-wireguard = [
    metrics
    store
    {
      services.flint.member = {
        enable = true;
        kind = "wireguard";
        address = "fd00:1:2:2::1";
        wireguard = {
          privateKeyFile = "/run/secrets/wireguard.key";
          listenPort = 51900;
          peers.probe01 = {
            publicKey = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
            address = "fd00:1:2:3::1";
            presharedKeyFile = "/run/secrets/probe01.psk";
          };
        };
      };
      services.flint.metrics = {
        push.enable = false;
        pull = {
          enable = true;
          targets.probe01 = "fd00:1:2:3::1";
        };
      };
    }
  ];
  metrics-other-mesh = [
    metrics
    pushed
    {
      services.flint = {
        member = {
          enable = true;
          kind = "other";
          address = "10.9.0.1";
          interface = "wg7";
        };
        metrics = {
          enable = true;
          probeSubnet = "10.9.3.0/24";
        };
      };
      boot.kernel.sysctl."net.ipv6.ip_nonlocal_bind" = 1;
    }
  ];
  # As metrics-wireguard, on a server whose network is networkd's.
  metrics-wireguard-networkd = [
    metrics
    store
    {
      networking.useNetworkd = true;
      services.flint.member = {
        enable = true;
        kind = "wireguard";
        address = "fd00:1:2:2::1";
        wireguard.peers.probe01 = {
          publicKey = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
          address = "fd00:1:2:3::1";
        };
      };
      services.flint.metrics = {
        push.enable = false;
        pull = {
          enable = true;
          targets.probe01 = "fd00:1:2:3::1";
        };
      };
    }
  ];
  jump-host = [
    jumpHost
    {
      services.flint.member = tailnet // {
        address = "fd00:1:2:1::1";
      };
      services.flint.jumpHost = {
        enable = true;
        operators = [ "anna" ];
      };
    }
  ];
  one-machine = [
    control
    headscale
    metrics
    member
    mesh
    store
    pushed
    {
      services.flint = {
        control = {
          enable = true;
          fqdn = "control.example.net";
        };
        headscale.policy.pushPort = 8400;
        metrics.push.port = 8400;
      };
    }
  ];
  # As SPARKY has it: the machine of headscale is the jump host.
  hub-and-jump-host = [
    control
    headscale
    jumpHost
    mesh
    newer
    {
      services.flint = {
        control = {
          enable = true;
          fqdn = "control.example.net";
        };
        member = tailnet // {
          address = "fd00:1:2:1::1";
        };
        jumpHost = {
          enable = true;
          operators = [ "anna" ];
        };
        headscale.derp = {
          enable = true;
          public = true;
        };
      };
      networking.useNetworkd = true;
    }
  ];
}
