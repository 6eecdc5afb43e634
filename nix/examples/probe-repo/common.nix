# What all boards of the fleet have in common, and the image that they start from. No secret.
{
  system.stateVersion = "26.05";

  services.flint = {
    agent = {
      control = "https://control.example.net";
      tailnet = {
        enable = true;
        loginServer = "https://headscale.example.net";
        readers = [ "fd00:1:2:2::1" ];
      };
      lockdown = {
        enable = true;
        jumpHosts = [ "fd00:1:2:1::1" ];
      };
      push = {
        enable = true;
        url = "http://[fd00:1:2:2::1]/remote_write";
      };
    };
    # What nobody makes these boards do, the control included.
    probe.policy = {
      packetsPerSecond = 500;
      bytesPerDay = 1073741824;
    };
  };

  # Whoever may log in, from the jump host.
  users.users.root.openssh.authorizedKeys.keys = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample operator@example.net"
  ];
}
