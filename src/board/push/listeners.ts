const fs = process.getBuiltinModule('node:fs');

// Who listens on loopback, by the kernel's word. Ports there are nobody's: whoever else takes the
// relay's is handed the bearer by vmagent, and whoever takes vmagent's tells us what pleases him.

const FILES: readonly string[] = ['/proc/net/tcp', '/proc/net/tcp6'];
/** Those that listen come first. */
const BYTES_MAX = 1 << 20;
const LISTEN = '0A';
const POLL_MS = 50;

/** Somebody else sits on a port of ours. */
export class ForeignPort extends Error {}

/** Users whose sockets listen where 127.0.0.1 and this port lead. */
export function listenersOn(port: number, files: readonly string[] = FILES): number[] {
  return files.flatMap((file) =>
    readSome(file)
      .split('\n')
      .flatMap((line) => listenerOf(line, port) ?? []),
  );
}

/** Throws when a user other than this one listens there. */
export function requireOwnPort(port: number, uid: number, files = FILES): void {
  const other = listenersOn(port, files).find((one) => one !== uid);
  if (other === undefined) return;
  throw new ForeignPort(
    `port ${port} of loopback is taken by user ${other}, who is not ours: nothing is pushed ` +
      'until it is free, or another is named in the section "push"',
  );
}

/** Waits until this user listens there, so long at most. Throws when another one does. */
export async function awaitOwnPort(port: number, uid: number, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    requireOwnPort(port, uid);
    if (listenersOn(port).length > 0 || performance.now() > endMs) return;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …; addresses in
// words of the machine's own byte order.
function listenerOf(line: string, port: number): number | null {
  const [, local = '', , state, , , , uid = ''] = line.trim().split(/\s+/);
  const [address = '', written = ''] = local.split(':');
  if (state !== LISTEN || Number.parseInt(written, 16) !== port || !/^\d+$/.test(uid)) return null;
  return isReachedByLoopback(address) ? Number(uid) : null;
}

function isReachedByLoopback(address: string): boolean {
  if (/^0+$/.test(address)) return true;
  const plain =
    address.length === 8 ? address : /^0{16}(?:FFFF0000|0000FFFF)(.{8})$/.exec(address)?.[1];
  return plain !== undefined && /^7F|7F$/.test(plain);
}

function readSome(file: string): string {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch {
    // A kernel without IPv6.
    return '';
  }
  try {
    const buffer = Buffer.alloc(BYTES_MAX);
    let bytes = 0;
    for (let got = -1; got !== 0 && bytes < BYTES_MAX; bytes += got) {
      got = fs.readSync(fd, buffer, bytes, BYTES_MAX - bytes, null);
    }
    return buffer.toString('latin1', 0, bytes);
  } finally {
    fs.closeSync(fd);
  }
}
