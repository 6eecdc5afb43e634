import * as v from 'valibot';
import { isBearer, PUSH_BEARER } from '../../core/push-wire.ts';
import { readWhole, writeWhole } from '../../host/file.ts';
import { readSecret } from '../../host/secret.ts';
import type { ControlWord, PartContext } from '../part.ts';
import { reasonOf } from '../places.ts';
import type { PushPlaces } from './places.ts';

// Where the bearer comes from: the operator's secret of that name, else the control, which gives it
// to whom it has enrolled. That of the control is kept for the boots without network. Nothing that
// is not a token ever takes the place of one.

export interface BearerSource {
  /** Looks for it; asks the control when that is due. Never rejects. */
  find(): Promise<FoundBearer>;
  /** The server refused it: the control may know a newer one. */
  doubt(): void;
}

export type FoundBearer =
  | { ok: true; bearer: string; from: 'secret' | 'control' }
  | { ok: false; reason: string };

export interface BearerOptions {
  /** Name of the secret. */
  name: string;
  configDirectory: string;
  context: Pick<PartContext, 'env' | 'askControl' | 'voice' | 'nowMs'>;
  places: PushPlaces;
  url: string;
  monotonicMs?: () => number;
}

const FILE_BYTES_MAX = 4096;
const ASK_MS = 6 * 3_600_000;
const ASK_AGAIN_MS = 60_000;
const PATH = '/api/v1/push-bearer';

export function openBearerSource(options: BearerOptions): BearerSource {
  const { name, configDirectory, context, monotonicMs = () => performance.now() } = options;
  let askAtMs = Number.NEGATIVE_INFINITY;
  let reason = `no secret "${name}", and the control was not asked yet`;
  // What a full disk had no room for is good until we end.
  let held: string | null = null;

  async function refresh(): Promise<void> {
    if (monotonicMs() < askAtMs) return;
    const word = await context.askControl(PATH, {});
    const given = word.ok ? judgeGiven(word.value) : refuse(word.reason);
    askAtMs = monotonicMs() + untilNextMs(word, given);
    if (given.ok) held = keepGiven(options, given.bearer, given.url);
    else reason = `no secret "${name}", and ${given.reason}`;
  }

  return {
    async find() {
      try {
        const secret = readSecret(name, { env: context.env, configDirectory });
        if (secret !== null && !isBearer(secret)) {
          return { ok: false, reason: `the secret "${name}" is no bearer token` };
        }
        if (secret !== null) return { ok: true, bearer: secret, from: 'secret' };
        await refresh();
        const kept = held ?? loadGiven(options.places);
        return kept === null ? { ok: false, reason } : { ok: true, bearer: kept, from: 'control' };
      } catch (error) {
        return { ok: false, reason: reasonOf(error) };
      }
    },
    doubt() {
      askAtMs = Math.min(askAtMs, monotonicMs() + ASK_AGAIN_MS);
    },
  };
}

type Given = { ok: true; bearer: string; url: string | null } | { ok: false; reason: string };

// A control that gives none will hardly give one tomorrow; one that is away comes back.
function untilNextMs(word: ControlWord, given: Given): number {
  if (!word.ok) return Math.min(ASK_MS, Math.max(ASK_AGAIN_MS, word.retryAfterMs ?? 0));
  return given.ok || word.value === null ? ASK_MS : ASK_AGAIN_MS;
}

function refuse(reason: string): Given {
  return { ok: false, reason };
}

function judgeGiven(value: unknown): Given {
  if (value === null) return refuse('the control gives none');
  const parsed = v.safeParse(PUSH_BEARER, value);
  if (!parsed.success || !isBearer(parsed.output.bearer)) {
    return refuse('what the control gave is none');
  }
  return { ok: true, bearer: parsed.output.bearer, url: parsed.output.url ?? null };
}

// The board's own settings say where its metrics go; a control that thinks otherwise is heard.
// Null when the bearer is on the disk, else the bearer.
function keepGiven({ places, context, url }: BearerOptions, bearer: string, its: string | null) {
  if (its !== null && its !== url) {
    context.voice.trouble(
      'push url',
      `the control would push to ${its.slice(0, 200)}, and this board pushes to ${url}: ` +
        'change "url" in the section "push" of agent.json if that is right',
    );
  }
  try {
    if (loadGiven(places) !== bearer) writeWhole(places.givenBearer, `${bearer}\n`);
    context.voice.well('push bearer file', 'the bearer of the control is kept again');
    return null;
  } catch (error) {
    const why = reasonOf(error);
    context.voice.trouble('push bearer file', `the bearer of the control is not kept: ${why}`);
    return bearer;
  }
}

function loadGiven({ givenBearer }: PushPlaces): string | null {
  const owners = [process.getuid?.() ?? 0];
  const text = readWhole(givenBearer, { bytesMax: FILE_BYTES_MAX, owners })?.trim() ?? '';
  return isBearer(text) ? text : null;
}
