# What every probe of probes/ has beside what its own file says.
{
  services.flint = {
    board.enable = true;
    nodeExporter.enable = true;
    probe = {
      enable = true;
      # Measured before the control is asked, and when it cannot be.
      settings.measurements.smokeping.targets = [
        "@gateway"
        "@resolver"
      ];
    };
    agent.enable = true;
  };
}
