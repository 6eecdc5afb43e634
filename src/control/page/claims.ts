// `/claims`: how boards join. Tokens that let them in without asking, and all boards that ask.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { CLAIM_TOKEN } from '../../core/fleet-boards.ts';
import { formatCount, formatDuration } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { buttonForm, errorList, type FormState, field, form, submit } from './form.ts';
import { type JoinInput, joinList } from './join.ts';
import { ago, probeLink } from './probe-words.ts';
import { canOperate, type Frame, type Page } from './shell.ts';
import { card, table } from './table.ts';

export type ClaimToken = InferOutput<typeof CLAIM_TOKEN>;

export interface ClaimsInput {
  tokens: readonly ClaimToken[];
  join: JoinInput;
  state: FormState;
  /** Just made; shown this once. */
  secret: string | null;
}

export const LIFETIMES: ReadonlyArray<{ value: string; text: string }> = [
  { value: '86400000', text: '1 day' },
  { value: '604800000', text: '1 week' },
  { value: '2592000000', text: '30 days' },
  { value: '31536000000', text: '1 year' },
];

export function claimsPage(frame: Frame, input: ClaimsInput): Page {
  const { tokens, join, state, secret } = input;
  const asking = join.boards.length + join.candidates.length;
  return {
    place: 'claims',
    title: 'Joining',
    tone: 'info',
    heading: 'Joining',
    lead:
      'A board joins when you approve its fingerprint, or at once when its image carries a ' +
      'claim token.',
    reloadSeconds: null,
    main: html`${secret !== null && secretCard('The claim token', secret)}<section id="boards"
aria-label="Boards that ask">${
      asking === 0
        ? html`<p class="lead">No board asks to join now.</p>`
        : html`<h2>${asking === 1 ? 'One board asks' : `${formatCount(asking)} boards ask`} to
join</h2>${joinList(frame, join)}`
    }</section>${card(
      'Claim tokens',
      tokens.length === 0
        ? html`<p class="note">There is none: every board waits for approval.</p>`
        : tokenTable(frame, tokens),
    )}${canOperate(frame) && card('Make a token', makeForm(frame, state), 'make')}`,
  };
}

/** What is told once. */
export function secretCard(name: string, secret: string): Markup {
  return html`<section class="card block" aria-label="${name}"><h2>${name}</h2><p>Copy it now: it
is shown this once and kept only as a digest.</p><code class="secret" tabindex="0">${
    secret
  }</code></section>`;
}

function makeForm(frame: Frame, state: FormState): Markup {
  return html`${errorList(state)}${form('/claims', frame.csrf, [
    field(state, {
      name: 'label',
      label: 'What it is for',
      hint: 'Such as “batch of May”',
      isRequired: true,
      maxLength: 100,
    }),
    html`<div class="row">${[
      field(state, {
        name: 'probe',
        label: 'Only for the probe',
        hint: 'Empty: any that is registered and free',
        isCode: true,
      }),
      field(state, { name: 'uses', label: 'How many boards', type: 'number' }),
      field(state, { name: 'lifetimeMs', label: 'Ends after', options: LIFETIMES }),
    ]}</div>`,
    html`<p class="hint">Whoever has the token can be one of these probes until it is used up: put
it into the image, and nowhere else.</p>`,
    submit('Make the token'),
  ])}`;
}

function tokenTable(frame: Frame, tokens: readonly ClaimToken[]): Markup {
  const { nowMs } = frame;
  const heads = ['label', 'for', 'used', 'ends', 'made', ''].map((text) => ({ text }));
  const rows = tokens.map((token) => {
    const { id, label, probe, uses, usesMax, createdMs, createdBy } = token;
    const end = endWords(token, nowMs);
    return html`<tr><td class="name">${label === '' ? '(no label)' : label}</td><td>${
      probe === null ? 'any free probe' : probeLink(probe)
    }</td><td>${formatCount(uses)} of ${formatCount(usesMax)}</td><td>${end}</td><td
class="when">${ago(createdMs, nowMs)} by ${createdBy}</td><td class="do">${
      canOperate(frame) &&
      token.revokedMs === null &&
      token.untilMs > nowMs &&
      buttonForm(`/claims/${id}/revoke`, frame.csrf, { text: 'Revoke', about: label })
    }</td></tr>`;
  });
  return table('Claim tokens', heads, rows);
}

function endWords({ revokedMs, untilMs, uses, usesMax }: ClaimToken, nowMs: number): string {
  if (revokedMs !== null) return 'revoked';
  if (untilMs <= nowMs) return 'ended';
  if (uses >= usesMax) return 'used up';
  return `in ${formatDuration(untilMs - nowMs)}`;
}
