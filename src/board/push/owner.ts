import { ProbeError } from '../../core/error.ts';
import type { Owner } from './files.ts';

const fs = process.getBuiltinModule('node:fs');

// Who vmagent is: a user of its own where we may choose one, else who we are.

/** Throws ERR_CONFIG_INVALID when there is no such user. */
export function ownerOf(user: string, passwd = '/etc/passwd'): Owner {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) return own;
  const found = entries(passwd).find(({ name, uid }) => name === user || String(uid) === user);
  if (found !== undefined) return { uid: found.uid, gid: found.gid };
  throw new ProbeError(
    'ERR_CONFIG_INVALID',
    `there is no user "${user}" for vmagent: \`flint install\` makes it, or name another as ` +
      '"user" in the section "push"',
  );
}

// passwd(5): name:password:uid:gid:…
function entries(passwd: string): { name: string; uid: number; gid: number }[] {
  const lines = fs.readFileSync(passwd, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    if (name === '' || !/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid)) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
