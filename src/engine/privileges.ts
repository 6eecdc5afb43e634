// Giving up root once the sockets are open. libc changes the ids of every thread of the process
// together, and leaving uid 0 clears the capabilities of each of them.
import { ProbeError } from '../core/error.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');

export interface Identity {
  name: string;
  uid: number;
  gid: number;
}

const NOBODY = 65534;

/** Who the process should be after root: flint, else whoever called sudo, else nobody. */
export function chooseIdentity(
  env: Readonly<Record<string, string | undefined>>,
  passwd: string,
): Identity {
  const flint = findUser(passwd, (fields) => fields[0] === 'flint');
  if (flint !== null && flint.uid !== 0) return flint;
  const uid = Number(env['SUDO_UID']);
  const gid = Number(env['SUDO_GID']);
  if (Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid > 0) {
    return { name: env['SUDO_USER'] ?? String(uid), uid, gid };
  }
  const nobody = findUser(passwd, (fields) => fields[0] === 'nobody');
  if (nobody !== null && nobody.uid !== 0 && nobody.gid !== 0) return nobody;
  return { name: 'nobody', uid: NOBODY, gid: NOBODY };
}

function findUser(passwd: string, matches: (fields: string[]) => boolean): Identity | null {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields.length < 4 || !matches(fields)) continue;
    const uid = Number(fields[2]);
    const gid = Number(fields[3]);
    if (Number.isInteger(uid) && Number.isInteger(gid)) {
      return { name: fields[0] ?? '', uid, gid };
    }
  }
  return null;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The identity that dropRoot would take, or null when the process is not root. */
export function nextIdentity(): Identity | null {
  if (!isRoot()) return null;
  return chooseIdentity(process.env, readPasswd());
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    // A system without the file still has numbers.
    return '';
  }
}

/**
 * Leaves root for good, in all threads. Everything that will be loaded later must be loaded
 * before: the lesser user may not be able to read where we lie. Throws ERR_SOCKET_PERMISSION when
 * the kernel refuses.
 */
export function dropRoot(identity: Identity): void {
  const { setgroups, setgid, setuid } = process;
  if (setgroups === undefined || setgid === undefined || setuid === undefined) return;
  try {
    setgroups.call(process, []);
    setgid.call(process, identity.gid);
    setuid.call(process, identity.uid);
  } catch (cause) {
    throw new ProbeError(
      'ERR_SOCKET_PERMISSION',
      `root could not be given up for ${identity.name} (uid ${identity.uid}): ` +
        'start as an ordinary user, or outside a restricted namespace',
      { cause },
    );
  }
  if (process.getuid?.() === 0 || process.geteuid?.() === 0) {
    throw new ProbeError('ERR_SOCKET_PERMISSION', 'root could not be given up: still uid 0');
  }
}
