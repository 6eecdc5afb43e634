import { randomBytes } from 'node:crypto';
import { type Answer, ask } from './ask.ts';

// Two questions to the metrics server that change nothing there. Does it take this bearer: an empty
// remote write is answered 204. And what does it answer to a bearer that it does not know: vmauth
// before 1.86 says 400, which vmagent takes for a bad block and throws the block away; later ones
// say 401, and the block waits. In front of the former a relay is needed.

export interface CheckOptions {
  url: string;
  /** PEM; null for those that Node brings. */
  authorities: string | null;
  signal?: AbortSignal;
}

/** `rejected`: neither taken nor a question of the bearer, such as a wrong path. */
export type Verdict =
  | { kind: 'taken' }
  | { kind: 'unauthorized' | 'rejected' | 'failing' | 'unreachable'; reason: string };

/** `safe`: a refused bearer costs nothing; `lossy`: it would cost samples; null while unknown. */
export type ServerKind = 'safe' | 'lossy' | null;

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 4096;
/** A WriteRequest without series, as snappy has it: the length 0. */
const EMPTY_WRITE = '\0';
/** How old vmauth says 400 to a bearer that it does not know. */
const UNKNOWN_TOKEN = /cannot find the provided auth token/i;

/** Never rejects. */
export async function checkBearer(bearer: string, options: CheckOptions): Promise<Verdict> {
  return judgeAnswer(await writeNothing(`Bearer ${bearer}`, options));
}

/** Asks with a bearer that nobody has. Never rejects. */
export async function askServerKind(options: CheckOptions): Promise<ServerKind> {
  const answer = await writeNothing(`Bearer ${randomBytes(24).toString('base64url')}`, options);
  if (!answer.ok || answer.status >= 500) return null;
  if (answer.status === 401 || answer.status === 403) return 'safe';
  // One that takes everything refuses nobody.
  return answer.status < 300 ? 'safe' : 'lossy';
}

/** What the authorization of a request that was answered 400 is worth. */
export function checkAuthorization(authorization: string, options: CheckOptions): Promise<Verdict> {
  return writeNothing(authorization, options).then(judgeAnswer);
}

export function judgeAnswer(answer: Answer): Verdict {
  if (!answer.ok) return { kind: 'unreachable', reason: answer.reason };
  const { status, text } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  if (status === 401 || status === 403 || (status === 400 && UNKNOWN_TOKEN.test(text))) {
    return { kind: 'unauthorized', reason: `the server does not know the bearer (${status})` };
  }
  if (status >= 500 || status === 429) {
    return { kind: 'failing', reason: `the server answers ${status}` };
  }
  return {
    kind: 'rejected',
    reason: `the server answers ${status}: is the path of the URL right?`,
  };
}

function writeNothing(
  authorization: string,
  { url, authorities, signal }: CheckOptions,
): Promise<Answer> {
  return ask({
    url,
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: EMPTY_WRITE,
    timeoutMs: TIMEOUT_MS,
    bytesMax: ANSWER_BYTES_MAX,
    authorities,
    ...(signal === undefined ? {} : { signal }),
  });
}
