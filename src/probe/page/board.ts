import { html } from 'hono/html';
import type { MeshPeer, MeshState } from '../../core/board-state.ts';
import {
  ago,
  type Fact,
  lockdownFacts,
  meshFacts,
  pushFacts,
  wayOf,
} from '../../graph/board-facts.ts';
import { formatBytes, formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { sentence, type Text } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';
import type { BoardSnapshot } from '../mesh-watch.ts';
import { type PartWords, partsOf } from './board-words.ts';
import { block } from './detail.ts';
import { boardHref, type PageInput, parseView } from './input.ts';
import { renderShell } from './shell.ts';

// `/board`: what makes this machine a board that can be left alone. Is it on the mesh, does it
// answer strangers, do its figures arrive; and what to do where the answer is not the wished one.

const RANK: Readonly<Record<Tone, number>> = { bad: 0, warn: 1, info: 2, good: 3 };
const TITLES = {
  ...{ mesh: 'Mesh', lockdown: 'Lockdown', push: 'Push' },
  ...{ control: 'Control', agent: 'Agent' },
} as const;

/** The page as text. */
export async function renderBoard(input: PageInput): Promise<string> {
  const { board = null, nowMs } = input.snapshot;
  const view = { ...parseView(input.query), page: 1 };
  const parts = board === null ? [] : partsOf(board, nowMs);
  const main = html`<div class="board">${
    board === null ? noAgent() : parts.map((part) => card(part, board, nowMs))
  }</div>`;
  return renderShell({
    ...headOf(board, parts),
    ...{ input, view, main },
    title: 'Board',
    notices: [],
    href: boardHref,
    place: 'board',
  });
}

interface Head {
  tone: Tone;
  headline: Text;
  subline: Text;
}

function headOf(board: BoardSnapshot | null, parts: readonly PartWords[]): Head {
  if (board === null) return { tone: 'info', headline: 'No agent runs here.', subline: '' };
  if (board.reason !== null) {
    const headline = 'It is not known how the board stands.';
    return { tone: 'bad', headline, subline: sentence(board.reason) };
  }
  const [worst] = [...parts].sort((a, b) => RANK[a.tone] - RANK[b.tone]);
  if (worst === undefined) {
    const headline = 'The agent runs; it looks after no mesh, no lockdown and no push.';
    return { tone: 'info', headline, subline: '' };
  }
  if (worst.tone !== 'good') return { tone: worst.tone, headline: worst.says, subline: worst.why };
  const names = parts.map(({ part, short }) => `${part} ${short}`).join(', ');
  return { tone: 'good', headline: 'The board is well.', subline: `Its ${names}.` };
}

function card(words: PartWords, { state, listener }: BoardSnapshot, nowMs: number): Markup {
  const { mesh = null, lockdown = null, push = null } = state ?? {};
  const body = {
    mesh: () => mesh !== null && meshBody(mesh, listener, nowMs),
    lockdown: () => lockdown !== null && rows(lockdownFacts(lockdown, nowMs)),
    push: () => push !== null && rows(pushFacts(push, nowMs)),
    control: () => false as const,
    agent: () => false as const,
  }[words.part]();
  return block(TITLES[words.part], html`${sayings(words)}${body}`);
}

function sayings({ tone, says, why, todo }: PartWords): Markup {
  return html`<p class="says"><span class="dot ${tone}"></span>${says}${
    why !== '' && html` <span class="quiet">${why}</span>`
  }</p>${todo !== '' && html`<p class="note"><strong>What to do:</strong> ${todo}</p>`}`;
}

function meshBody(mesh: MeshState, listener: BoardSnapshot['listener'], nowMs: number): Markup {
  const list = rows([
    ...meshFacts(mesh, nowMs),
    ['interface', mesh.interface ?? 'none'],
    ['this page there', pageThere(listener)],
    ['turned away', turnedAway(listener.refusedPeers)],
  ]);
  return html`${list}${mesh.peers.length > 0 && peerTable(mesh.peers, nowMs)}`;
}

function pageThere({ address, port, reason }: BoardSnapshot['listener']): string {
  if (address === null) return `not served${reason === null ? '' : `: ${reason}`}`;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
}

function turnedAway(refused: number): string {
  return refused === 0 ? 'nobody' : `${formatCount(refused)} connections of others`;
}

const HEADS = ['peer', 'address', 'way', 'last handshake', 'received', 'sent'];

function peerTable(peers: readonly MeshPeer[], nowMs: number): Markup {
  const heads = HEADS.map((head) => html`<th scope="col">${head}</th>`);
  const body = peers.map((peer) => {
    const cells = [
      peer.address ?? '–',
      wayOf(peer),
      peer.handshakeMs === null ? 'none yet' : ago(peer.handshakeMs, nowMs),
      formatBytes(peer.receivedBytes),
      formatBytes(peer.sentBytes),
    ];
    const rest = cells.map((cell) => html`<td>${cell}</td>`);
    return html`<tr><th scope="row">${peer.name}</th>${rest}</tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Peers on the mesh"
><table class="words"><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function rows(list: readonly Fact[]): Markup {
  const terms = list.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return html`<dl class="about">${terms}</dl>`;
}

function noAgent(): Markup {
  return block(
    'What an agent would do',
    html`<p>This machine measures and shows what it measures; nobody looks after it. On a board,
<code>flint agent</code> enrols it at a control, joins a mesh, closes it to strangers and sees that
its figures arrive. It is set up in <code>agent.json</code>.</p>`,
  );
}
