const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// Whether an interface can be the mesh at all. Whoever comes by it is asked for his address alone,
// and addresses are anybody's on a LAN: a slip of the pen in `tailnet.interface` must not let the
// LAN in. So a mesh is no network card, and no way to the Internet.

const BYTES_MAX = 1 << 20;
// RTF_* of <linux/route.h>.
const UP = 1;
const REJECT = 0x200;

/** Why it is none; null when nothing speaks against it, as long as there is none. */
export function meshFault(device: string, root = '/'): string | null {
  const there = path.join(root, 'sys/class/net', device, 'device');
  if (fs.lstatSync(there, { throwIfNoEntry: false }) !== undefined) {
    return `${device} is a network card and no mesh: "tailnet.interface" names another`;
  }
  const isDefault =
    defaultDevices4(readText(path.join(root, 'proc/net/route'))).includes(device) ||
    defaultDevices6(readText(path.join(root, 'proc/net/ipv6_route'))).includes(device);
  if (!isDefault) return null;
  return `${device} is the way to the Internet and no mesh: "tailnet.interface" names another`;
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …
function defaultDevices4(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', destination, , flags = '', , , , mask] = line.trim().split(/\s+/);
    return destination === '00000000' && mask === '00000000' && isUsed(flags) ? [device] : [];
  });
}

// Destination length source length gateway metric refcnt use flags device; all hexadecimal.
function defaultDevices6(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [destination = '', length, , , , , , , flags = '', device = ''] = line
      .trim()
      .split(/\s+/);
    return /^0{32}$/.test(destination) && length === '00' && isUsed(flags) ? [device] : [];
  });
}

function isUsed(flags: string): boolean {
  const value = Number.parseInt(flags, 16);
  return (value & UP) !== 0 && (value & REJECT) === 0;
}

// Files of /proc tell no size.
function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1').slice(0, BYTES_MAX);
  } catch {
    return '';
  }
}
