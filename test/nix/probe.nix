# Configurations of boards, by name: modules, and the system where it is not that of a PC.
let
  lib = import (builtins.getEnv "NIXPKGS_LIB");
  flint = import ../../nix { inherit lib; };
  example = ../../nix/examples/probe-repo;
  inherit (flint.modules) board;

  controlled.services.flint.agent = {
    enable = true;
    control = "https://control.example.net";
    hardware = "generic";
  };
  agent = settings: [
    board
    controlled
    { services.flint.agent = settings; }
  ];
  tailnet = {
    enable = true;
    loginServer = "https://headscale.example.net";
  };
  monitor = {
    name = "monitor";
    publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
    endpoint = "[fd00::5]:51820";
    allowedAddresses = [ "10.77.0.1" ];
  };
  wireguard = {
    enable = true;
    kind = "wireguard";
    address = "10.77.0.7";
    peers = [ monitor ];
  };
  probes = flint.lib.probes {
    directory = example + "/probes";
    modules = [
      (example + "/common.nix")
      (example + "/probe.nix")
    ];
  };
  image = slug: {
    modules = [
      flint.lib.boards.${slug}.module
      (example + "/common.nix")
      (example + "/image.nix")
    ];
    system = if slug == "r2s" then "aarch64-linux" else "x86_64-linux";
  };
  # A repository of SPARKY as its own example has it: files for all, of hardware, of one probe.
  sparky = more: [
    flint.modules.sparky-compat
    {
      profiles = {
        sparky-tailnet.headscaleURL = "https://headscale.example.net";
        sparky-probe = {
          headscaleIP = "fd8f:89ae:ca73:1::1";
          metricsIP = "fd8f:89ae:ca73:2::1";
          webURL = "https://sparky.example.net";
        };
      };
      services.openssh = {
        enable = true;
        openFirewall = false;
        settings.PermitRootLogin = "no";
        authorizedKeysFiles = lib.mkForce [ "/etc/ssh/authorized_keys.d/%u" ];
      };
      users.users.support = {
        isNormalUser = true;
        extraGroups = [ "wheel" ];
        openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA support" ];
      };
      security.sudo.wheelNeedsPassword = false;
      networking.nftables.enable = true;
      system.stateVersion = "23.05";
    }
    more
  ];
in
{
  nothing = [ board ];
  probe-alone = [
    board
    { services.flint.probe.enable = true; }
  ];
  probe-settings = [
    board
    {
      services.flint.probe = {
        enable = true;
        checkConfig = false;
        settings = {
          hostname = "probe99";
          listen = {
            address = "::1";
            port = 9741;
          };
          store.keep = "24h";
          measurements = {
            smokeping = {
              interval = "500ms";
              targets = [
                "a.example"
                {
                  id = "b";
                  host = "b.example";
                  families = [ "v6" ];
                  labels.site = "north";
                }
              ];
            };
            path = {
              enable = false;
              protocol = "tcp";
              targets = [
                {
                  host = "b.example";
                  port = 443;
                }
              ];
            };
          };
        };
        policy = {
          privateRanges = [ "10.0.0.0/8" ];
          packetsPerSecond = 10;
          kinds = [ "smokeping" ];
        };
      };
    }
  ];
  agent-bare = agent { };
  agent-full = agent {
    claimTokenFile = "/run/secrets/claim";
    mac = "02:00:5e:10:00:01";
    interface = "eth0";
    pins = [ "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" ];
    setClock = false;
    secrets.other = "/run/secrets/other";
    credentials.claim-token = "/etc/credstore/claim-token";
  };
  tailscale-bare = agent { inherit tailnet; };
  tailscale-full = agent {
    tailnet = tailnet // {
      address = "fd00::7";
      readers = [
        "fd00::1"
        "10.0.0.1"
      ];
      interface = "ts0";
      keyFile = "/run/secrets/tailnet-key";
      hostname = "probe07";
      acceptRoutes = false;
      versionMin = "1.90";
      netfilter = "nodivert";
    };
    lockdown.enable = true;
  };
  wireguard-bare = agent { tailnet = wireguard; };
  wireguard-full = agent {
    tailnet = wireguard // {
      listenPort = 51820;
      mtu = 1280;
      interface = "wg9";
      readers = [ "10.77.0.1" ];
      peers = [
        (
          monitor
          // {
            presharedKeyFile = "/run/secrets/psk";
            keepaliveS = 0;
          }
        )
      ];
    };
    lockdown = {
      enable = true;
      jumpHosts = [ "10.77.0.1" ];
    };
    push = {
      enable = true;
      url = "http://10.77.0.1:8480/remote_write";
    };
  };
  lockdown-full = agent {
    inherit tailnet;
    lockdown = {
      enable = true;
      jumpHosts = [ "fd00::1" ];
      infra = [
        "cache.example"
        "10.9.0.0/16"
        "fd00::5"
      ];
      measured = [ "10.20.0.0/16" ];
    };
  } ++ [
    {
      services.openssh = {
        enable = true;
        ports = [ 2222 ];
      };
      services.flint.probe = {
        enable = true;
        settings.listen.port = 9999;
      };
    }
  ];
  lockdown-alone = agent { lockdown.enable = true; } ++ [ { networking.firewall.enable = false; } ];
  push-full = agent {
    push = {
      enable = true;
      url = "https://push.example.net/write";
      bearerFile = "/run/secrets/bearer";
      queueBytesMax = 536870912;
      queueAgeMax = "1h";
      interval = "30s";
    };
  } ++ [
    {
      services.flint.nodeExporter = {
        enable = true;
        port = 9101;
      };
    }
  ];
  push-bare = agent {
    push = {
      enable = true;
      url = "http://[fd00::1]/remote_write";
    };
  };
  # The page and the metrics elsewhere, interfaces with names that nft does not take bare.
  other-places = agent {
    interface = "0wan.100";
    tailnet = tailnet // {
      interface = "7mesh.a-b_c";
      readers = [ "fd00::1" ];
    };
    lockdown = {
      enable = true;
      jumpHosts = [ "fd00::2" ];
    };
    push = {
      enable = true;
      url = "http://[fd00::1]/remote_write";
    };
  } ++ [
    {
      services.openssh.enable = true;
      services.flint.probe = {
        enable = true;
        settings.listen = {
          address = "::1";
          port = 9999;
        };
      };
    }
  ];
  # Whose configuration has a network, a firewall, users and a tailscale of its own.
  beside-others = agent { inherit tailnet; lockdown.enable = true; } ++ [
    (
      { config, lib, ... }:
      {
        services.flint = {
          board.enable = true;
          probe.enable = true;
          nodeExporter.enable = lib.mkForce false;
          agent.push = lib.mkIf (config.networking.hostName == "far") {
            enable = true;
            url = "https://m.example.net/remote_write";
          };
          agent.settings.tailnet.acceptRoutes = false;
        };
        networking = {
          hostName = "far";
          useDHCP = false;
          nameservers = [ "192.0.2.1" ];
          networkmanager.enable = true;
          nftables.tables.mine = {
            family = "inet";
            content = "chain a { }";
          };
          firewall.allowedTCPPorts = [ 8080 ];
        };
        systemd.network.networks."10-lan" = {
          matchConfig.Name = "end0";
          address = [ "192.0.2.2/24" ];
        };
        services.tailscale = {
          extraUpFlags = [ "--ssh" ];
          useRoutingFeatures = "both";
        };
        users.users.anna = {
          isNormalUser = true;
          openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA anna" ];
        };
        system.stateVersion = "23.05";
      }
    )
  ];
  image-without-keys = [
    board
    controlled
    {
      services.flint.ztp.enable = true;
      services.flint.agent = {
        inherit tailnet;
        lockdown.jumpHosts = [ "fd00::1" ];
      };
    }
  ];
  lockdown-without-mesh = agent {
    lockdown = {
      enable = true;
      jumpHosts = [ "fd00::1" ];
    };
  } ++ [ { services.openssh.enable = true; } ];
  image-with-key-file = [
    board
    controlled
    {
      services.flint.ztp.enable = true;
      services.flint.agent = {
        inherit tailnet;
        lockdown.jumpHosts = [ "fd00::1" ];
      };
      users.users.root.openssh.authorizedKeys.keyFiles = [ ./probe.nix ];
    }
  ];
  mac = agent { } ++ [ { services.flint.mac.enable = true; } ];
  image-r2s = image "r2s";
  image-s920 = image "s920";
  image-generic = image "generic";
  probe01 = {
    inherit (probes.probe01) modules;
    system = "aarch64-linux";
  };
  probe02 = {
    inherit (probes.probe02) modules;
  };
  sparky = sparky {
    networking.hostName = "probe01";
    profiles.sparky-probe = {
      enable = true;
      ip = "fd8f:89ae:ca73:3::1";
      preAuthKey = "not-a-secret-any-more";
      traceroute.enable = false;
      smokeping.targets = [ "a.example" ];
    };
  };
  sparky-image = {
    modules = sparky {
      networking.hostName = "sparky-ztp-image-r2s";
      profiles = {
        sparky-sd-mac.enable = true;
        sparky-ztp-image = {
          enable = true;
          webURL = "https://sparky.example.net";
          macInterfaceName = "end0";
        };
      };
    };
    system = "aarch64-linux";
  };
}
