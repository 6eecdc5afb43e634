// The policy as a file of this machine. It is read once, before root is given up: a policy that
// could be exchanged under a running daemon would be worth less.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import { DEFAULT_POLICY, type Policy, parsePolicy } from '../core/policy.ts';
import { readWhole } from '../host/file.ts';
import { configDirectory, ownPlaceRequest } from '../host/places.ts';

export interface LoadedPolicy {
  policy: Policy;
  /** Null where the machine has none: then the built-in one rules the control's document alone. */
  file: string | null;
}

export const NO_POLICY: LoadedPolicy = { policy: DEFAULT_POLICY, file: null };

const POLICY_BYTES_MAX = 65_536;
/** Also for a service that is no longer root, and so would be pointed to a home directory. */
const SYSTEM_FILE = '/etc/flint/policy.json';

/** The files that are looked for, the first one counts. */
export function policyFiles(): string[] {
  return [path.join(configDirectory(ownPlaceRequest()), 'policy.json'), SYSTEM_FILE];
}

/**
 * The policy of the file, or of the first of `candidates` that there is. Throws ERR_CONFIG_INVALID
 * for one that is bad, that others may write, or that was named and is absent.
 */
export function loadPolicy(named: string | null, candidates = policyFiles()): LoadedPolicy {
  const file = named ?? candidates.find(isThere);
  if (file === undefined) return NO_POLICY;
  const parsed = parsePolicy(readDocument(file));
  if (parsed.ok) return { policy: parsed.policy, file };
  const text = parsed.issues
    .map(({ path: at, message }) => (at === '' ? message : `${at}: ${message}`))
    .join('; ');
  throw invalid(`${file}: ${text}`);
}

/** A link that leads nowhere is there, too: what it led to was meant to hold. */
function isThere(file: string): boolean {
  try {
    fs.lstatSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

function readDocument(file: string): unknown {
  const owners = [0, process.getuid?.() ?? 0];
  try {
    // Systems that are built whole have links in /etc.
    const text = readWhole(fs.realpathSync(file), { bytesMax: POLICY_BYTES_MAX, owners });
    return JSON.parse(text ?? '');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`the policy ${file} cannot be read: ${why}`, cause);
  }
}

function invalid(message: string, cause?: unknown): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', message, { cause });
}
