const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import { readGiven, reasonOf } from './places.ts';

// The token from the image that binds a board at once. It comes from a file or from systemd's
// credentials, never from the command line, which every user of a machine may read.

export interface ClaimTokenRequest {
  /** `claimTokenFile` or `--claim-token-file`. */
  file: string | null;
  /** `claimToken` of agent.json. */
  token: string | null;
  env: Readonly<Record<string, string | undefined>>;
}

export type ClaimToken =
  | { ok: true; token: string | null; from: string | null }
  | { ok: false; message: string };

export const CLAIM_TOKEN = /^[A-Za-z0-9_-]{16,128}$/;

const TOKEN_BYTES_MAX = 1024;
const CREDENTIAL = 'claim-token';

/**
 * The token, from the first place that names one. A place that is named and cannot be read is a
 * message and no error: a board whose token was removed after its first enrolment goes on.
 */
export function readClaimToken({ file, token, env }: ClaimTokenRequest): ClaimToken {
  if (file !== null) return readTokenFile(file);
  if (token !== null) return judge(token, 'agent.json');
  const named = env['FLINT_CLAIM_TOKEN_FILE'];
  if (named !== undefined && named !== '') return readTokenFile(named);
  const directory = env['CREDENTIALS_DIRECTORY'];
  if (directory === undefined || directory === '') return { ok: true, token: null, from: null };
  return readCredential(path.join(directory, CREDENTIAL));
}

function readCredential(file: string): ClaimToken {
  try {
    return judge(readGiven(file, TOKEN_BYTES_MAX), file);
  } catch (error) {
    // systemd's directory holds what the unit loads; nothing says that a token is among it.
    if (isMissing(error)) return { ok: true, token: null, from: null };
    return { ok: false, message: reasonOf(error) };
  }
}

function readTokenFile(file: string): ClaimToken {
  try {
    return judge(readGiven(file, TOKEN_BYTES_MAX), file);
  } catch (error) {
    return { ok: false, message: `the claim token is not sent: ${reasonOf(error)}` };
  }
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof ProbeError)) return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

// A token is never part of a message.
function judge(text: string, from: string): ClaimToken {
  const token = text.trim();
  if (CLAIM_TOKEN.test(token)) return { ok: true, token, from };
  return {
    ok: false,
    message:
      `the claim token is not sent: what ${from} holds is none ` +
      '(one line of 16 to 128 letters, digits, - and _)',
  };
}
