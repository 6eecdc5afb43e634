import { createHash } from 'node:crypto';

import type { Action } from './action.ts';
import type { Manifest } from './manifest.ts';
import { isThere, type Seen } from './seen.ts';
import { AGENT_FILE, COMMAND_LINK, type InstallWish, ownFiles, POLICY_FILE } from './wish.ts';

// Files and links: which are ours to write, and which an operator made his own.

export interface Part {
  actions: Action[];
  /** What was left as it is, and what to do about it. */
  notes: string[];
}

/** What belongs to the operator is brought once, and never written over. */
export function planConfig(wish: InstallWish, seen: Seen): Part {
  const actions: Action[] = [];
  const notes: string[] = [];
  if (!isThere(seen, POLICY_FILE)) {
    actions.push({ kind: 'file', path: POLICY_FILE, text: wish.policy, mode: 0o644 });
  }
  const { agentConfig } = wish;
  const there = seen.files.get(AGENT_FILE);
  if (agentConfig === null) return { actions, notes };
  if (!isThere(seen, AGENT_FILE)) {
    actions.push({ kind: 'file', path: AGENT_FILE, text: agentConfig, mode: 0o600 });
  } else if (there !== agentConfig) {
    notes.push(`${AGENT_FILE} is there already and was left as it is: edit it, or move it away`);
  }
  return { actions, notes };
}

/** `hashes`: of those that are ours, for the manifest. */
export function planFiles(
  wish: InstallWish,
  seen: Seen,
  manifest: Manifest | null,
): Part & { hashes: Record<string, string> } {
  const actions: Action[] = [];
  const notes: string[] = [];
  const hashes: Record<string, string> = {};
  for (const [path, text] of ownFiles(wish)) {
    const there = seen.files.get(path) ?? (seen.links.has(path) ? A_LINK : null);
    const known = manifest?.files[path] ?? null;
    if (isOurs(there, text, known)) {
      hashes[path] = sha256(text);
      if (there !== text) actions.push({ kind: 'file', path, text, mode: 0o644 });
      continue;
    }
    if (known !== null) hashes[path] = known;
    notes.push(changedNote(path));
  }
  return { actions, notes, hashes };
}

function isOurs(there: string | null, text: string, known: string | null): boolean {
  return there === null || there === text || sha256(there) === known;
}

// Of a masked unit, for example.
const A_LINK = '(a link)';

function changedNote(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const advice = name.endsWith('.service')
    ? `keep your change with \`systemctl edit ${name}\`, remove the file, and install again`
    : 'remove it, and install again';
  return `${path} was changed by hand, or is not ours, and was left as it is: ${advice}`;
}

export function planLinks({ prefix, release }: InstallWish, seen: Seen): Part {
  const current = `${prefix}/current`;
  const actions: Action[] = [];
  const notes: string[] = [];
  if (seen.links.get(current) !== release) {
    actions.push({ kind: 'link', path: current, target: release });
  }
  const target = `${current}/dist/main.js`;
  const command = seen.links.get(COMMAND_LINK);
  if (!isThere(seen, COMMAND_LINK)) {
    actions.push({ kind: 'link', path: COMMAND_LINK, target });
  } else if (command !== target) {
    notes.push(`${COMMAND_LINK} is another program's and was left as it is: run ${target}`);
  }
  return { actions, notes };
}

/** Hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
