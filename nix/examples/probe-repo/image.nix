# The image that a board starts from: it registers itself with the control and waits to be accepted.
{
  services.flint.ztp.enable = true;
}
