const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');

// Whose program has connected to a port of loopback, by the kernel's word.

/** Of the own network namespace; there also where nothing but processes is shown of /proc. */
const FILES: readonly string[] = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const BYTES_MAX = 1 << 20;
const ESTABLISHED = '01';

/** Of a connection that was made to us, as its socket has them; IPv4. */
export interface Ends {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

/** Null when the kernel does not say, or no longer. */
export function peerUser(ends: Ends, files: readonly string[] = FILES): number | null {
  const wanted = {
    local: written(ends.remoteAddress, ends.remotePort),
    remote: written(ends.localAddress, ends.localPort),
  };
  for (const file of files) {
    for (const line of readSome(file).split('\n')) {
      const uid = userOf(line, wanted);
      if (uid !== null) return uid;
    }
  }
  return null;
}

// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …, of the other side:
// what is local there is remote here. In a socket of IPv6 an IPv4 address comes last (RFC 4291
// §2.5.5.2).
function userOf(line: string, wanted: { local: string; remote: string }): number | null {
  const [, local = '', remote = '', state, , , , uid = ''] = line.trim().split(/\s+/);
  if (state !== ESTABLISHED || !/^\d+$/.test(uid)) return null;
  return local.endsWith(wanted.local) && remote.endsWith(wanted.remote) ? Number(uid) : null;
}

// In words of the machine's own byte order.
function written(address: string, port: number): string {
  const bytes = address.split('.').map((part) => Number(part));
  if (os.endianness() === 'LE') bytes.reverse();
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${digits}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

function readSome(file: string): string {
  try {
    const fd = fs.openSync(file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(BYTES_MAX);
      let bytes = 0;
      for (let got = -1; got !== 0 && bytes < BYTES_MAX; bytes += got) {
        got = fs.readSync(fd, buffer, bytes, BYTES_MAX - bytes, null);
      }
      return buffer.toString('latin1', 0, bytes);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return '';
  }
}
