// Boards that ask to join: those whose MAC address is registered and that wait for somebody to
// compare the fingerprint, and those that nobody knows yet.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { CANDIDATE, UNKNOWN_BOARD } from '../../core/fleet-boards.ts';
import { formatDuration } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { buttonForm } from './form.ts';
import { probeHref, probeLink } from './probe-words.ts';
import { canOperate, type Frame } from './shell.ts';

export type Candidate = InferOutput<typeof CANDIDATE>;
export type UnknownBoard = InferOutput<typeof UNKNOWN_BOARD>;

export interface JoinInput {
  candidates: ReadonlyArray<{ probe: string; mac: string; candidate: Candidate }>;
  boards: readonly UnknownBoard[];
}

const SHOWN_MAX = 10;

/** Null when nobody asks. */
export function joinList(frame: Frame, input: JoinInput): Markup | null {
  const { candidates, boards } = input;
  const asking = candidates.length + boards.length;
  if (asking === 0) return null;
  const shownCandidates = candidates.slice(0, SHOWN_MAX);
  const shownBoards = boards.slice(0, SHOWN_MAX - Math.min(SHOWN_MAX - 1, shownCandidates.length));
  const more = asking - shownCandidates.length - shownBoards.length;
  return html`<ul class="notices" id="join" aria-label="Boards that ask to join">${[
    shownCandidates.map(({ probe, mac, candidate }) => candidateItem(frame, probe, mac, candidate)),
    shownBoards.map((board) => boardItem(frame, board)),
  ]}${more > 0 && html`<li>And ${more} more: <a href="/claims#boards">all boards</a>.</li>`}</ul>`;
}

/** The sentence on who asks; fingerprints are what a person compares. */
export function whoAsks(candidate: Candidate, nowMs: number): Markup {
  const { model, hardware, fingerprint, seenFrom, firstMs, attempts, version } = candidate;
  const kind = model ?? hardware ?? 'unknown hardware';
  const tried = attempts === 1 ? 'asked once' : `asked ${attempts} times`;
  const age = formatDuration(nowMs - firstMs);
  return html`${kind}, Flint ${version}, from <span class="code">${seenFrom}</span>, ${tried},
first ${age} ago. Key <span class="fingerprint">${fingerprint}</span>`;
}

function candidateItem(frame: Frame, probe: string, mac: string, candidate: Candidate): Markup {
  const { fingerprint } = candidate;
  const words = html`<div><strong>${probeLink(probe)} waits for your approval</strong> <span
class="quiet">(${mac}). ${whoAsks(candidate, frame.nowMs)}</span></div>`;
  if (!canOperate(frame)) return html`<li class="warn"><div class="join">${words}</div></li>`;
  const about = `${fingerprint} for ${probe}`;
  const approve = { text: 'Approve', kind: 'main' as const, about };
  return html`<li class="warn"><div class="join">${words}<div class="actions">${buttonForm(
    probeHref(probe, '/approve'),
    frame.csrf,
    approve,
    { fingerprint },
  )}${buttonForm(
    probeHref(probe, '/refuse'),
    frame.csrf,
    { text: 'Refuse', about },
    { fingerprint },
  )}</div></div></li>`;
}

function boardItem(frame: Frame, board: UnknownBoard): Markup {
  const { id, mac } = board;
  const words = html`<div><strong>A board with MAC <span class="code">${
    mac
  }</span> asks to join</strong> <span class="quiet">and nobody registered it. ${whoAsks(
    board,
    frame.nowMs,
  )}</span></div>`;
  if (!canOperate(frame)) return html`<li class="info"><div class="join">${words}</div></li>`;
  return html`<li class="info"><div class="join">${words}<div class="actions"><a class="button"
href="/boards/${id}/register">Register<span class="hidden"> ${mac}</span></a>${buttonForm(
    `/boards/${id}/forget`,
    frame.csrf,
    { text: 'Forget', about: mac },
  )}</div></div></li>`;
}

/** On the page of one probe; null when nobody asks to be it. */
export function candidateList(
  frame: Frame,
  probe: { name: string; mac: string; candidates: readonly Candidate[] },
): Markup | null {
  const { name, mac, candidates } = probe;
  if (candidates.length === 0) return null;
  return html`<ul class="notices" aria-label="Keys that ask to be this probe">${candidates.map(
    (candidate) => candidateItem(frame, name, mac, candidate),
  )}</ul>`;
}
