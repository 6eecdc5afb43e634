# What is yours: names and addresses, once. Make a prefix of your own (RFC 4193): the first two
# groups after fd are forty random bits.
{
  control = "control.example.net";
  headscale = "headscale.example.net";
  jumpHost = "fd8f:89ae:ca73:1::1";
  metrics = "fd8f:89ae:ca73:2::1";
  grafana = "fd8f:89ae:ca73:2::2";
  probes = "fd8f:89ae:ca73:3::/64";
  pushPort = 80;
  mail = "noc@example.net";
}
