// Against DNS rebinding: a page of another site can make a browser send requests here under a name
// of its own, but it cannot choose what the Host header says. The name decides, not the port, so
// that a port forwarded by SSH works under any number.

/** `names` are what the probe is called besides its loopback names: host names, mesh address. */
export function isHostAllowed(header: string | undefined, names: readonly string[]): boolean {
  const name = header === undefined ? null : hostName(header);
  if (name === null) return false;
  return isLoopback(name) || names.some((allowed) => hostName(bracketed(allowed)) === name);
}

// The name without its port, in the one spelling that the URL standard gives it.
function hostName(host: string): string | null {
  if (!/^[A-Za-z0-9._:[\]-]{1,262}$/.test(host) || !URL.canParse(`http://${host}/`)) return null;
  return new URL(`http://${host}/`).hostname.replace(/\.$/, '');
}

function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}
