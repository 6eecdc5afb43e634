// Claim tokens: an image that carries one binds its board at once, without approval.
import type * as v from 'valibot';
import { isRecord } from '../../core/config-value.ts';
import { CLAIM_TOKEN, CLAIM_TOKEN_MADE } from '../../core/fleet-boards.ts';
import { EXIT, UsageError } from '../command.ts';
import { optionText } from './account.ts';
import type { Cell } from './columns.ts';
import {
  change,
  type Fleet,
  type Options,
  openFleet,
  readAnswer,
  readList,
  rowId,
  slug,
} from './fleet.ts';
import { ago, until } from './text.ts';

type ClaimToken = v.InferOutput<typeof CLAIM_TOKEN>;

/** `flint fleet claim add`: the token is told once, here. */
export async function runClaimAdd(_words: readonly string[], options: Options): Promise<number> {
  const label = optionText(options, 'label');
  if (label === null) throw new UsageError('option --label <text> is missing: what is it for?');
  const probe = optionText(options, 'probe');
  const fleet = openFleet(options);
  const call = {
    method: 'POST',
    path: '/claim-tokens',
    body: {
      label,
      ...(probe === null ? {} : { probe: slug(probe, 'option --probe: a name') }),
      uses: options['uses'],
      lifetimeMs: options['for'],
    },
    what: 'make a claim token',
  } as const;
  const { value, raw, nowMs } = await readAnswer(fleet, call, CLAIM_TOKEN_MADE);
  if (fleet.isJson) {
    fleet.view.json(raw);
    return EXIT.ok;
  }
  // Alone on standard output, for `> file`.
  fleet.view.line(value.token);
  const uses = value.usesMax === 1 ? 'once' : `${value.usesMax} times`;
  const target = value.probe ?? 'any registered board that is free';
  process.stderr.write(
    `Shown this once. It binds ${target}, ${uses}, and ends ${until(value.untilMs, nowMs)}; ` +
      `flint fleet claim revoke ${value.id} ends it earlier.\n`,
  );
  return EXIT.ok;
}

/** `flint fleet claim list` */
export async function runClaimList(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const call = { method: 'GET', path: '/claim-tokens', what: 'list the claim tokens' } as const;
  const shape = { key: 'claimTokens', schema: CLAIM_TOKEN };
  const { value, raw, nowMs } = await readList(fleet, call, shape);
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('no claim token');
  else showClaims(fleet, value, nowMs);
  return EXIT.ok;
}

/** `flint fleet claim revoke ID` */
export async function runClaimRevoke(words: readonly string[], options: Options): Promise<number> {
  const id = rowId(words[0], 'the id of a claim token');
  const call = {
    method: 'DELETE',
    path: `/claim-tokens/${id}`,
    what: `revoke claim token ${id}`,
  } as const;
  await change(openFleet(options), call, (body) => {
    const label = isRecord(body) && typeof body['label'] === 'string' ? ` (${body['label']})` : '';
    return `claim token ${id}${label} binds no board any more`;
  });
  return EXIT.ok;
}

function showClaims({ view }: Fleet, tokens: readonly ClaimToken[], nowMs: number): void {
  view.table(
    [
      { head: 'ID', isRight: true },
      { head: 'LABEL', widthMin: 12 },
      { head: 'FOR', widthMin: 8 },
      { head: 'USED', isRight: true },
      { head: 'ENDS' },
      { head: 'MADE', rank: 1 },
      { head: 'BY', widthMin: 8, rank: 2 },
    ],
    tokens.map((one) => [
      String(one.id),
      one.label,
      one.probe ?? 'any',
      `${one.uses} of ${one.usesMax}`,
      endText(one, nowMs),
      ago(one.createdMs, nowMs),
      one.createdBy,
    ]),
  );
}

function endText({ revokedMs, untilMs, uses, usesMax }: ClaimToken, nowMs: number): Cell {
  if (revokedMs !== null) return { text: 'revoked', colour: 'grey' };
  if (uses >= usesMax) return { text: 'used up', colour: 'grey' };
  const text = until(untilMs, nowMs);
  return untilMs > nowMs ? { text } : { text, colour: 'grey' };
}
