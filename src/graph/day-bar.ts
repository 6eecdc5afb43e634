import { html } from 'hono/html';
import type { Markup } from './smoke-plot.ts';

// A day in one line: a piece for each stretch of time, whose height and colour say how it went.

export type PieceState = 'well' | 'some' | 'down' | 'unknown';

/** Fractions of a bar's height; what is worse stands higher, so that colour is not alone. */
const HEIGHTS: Record<PieceState, number> = { well: 8, some: 14, down: 20, unknown: 4 };
const HEIGHT = 20;

/** `words` is what the bar says, for those who do not see it. */
export function dayBar(pieces: readonly PieceState[], words: string): Markup {
  const path = (state: PieceState): string =>
    pieces
      .map((piece, at) => {
        const height = HEIGHTS[state];
        return piece === state ? `M${at * 10} ${HEIGHT - height}h8v${height}h-8z` : '';
      })
      .join('');
  const states = Object.keys(HEIGHTS) as PieceState[];
  return html`<svg class="daybar" role="img" aria-label="${words}" width="100%" height="${
    HEIGHT
  }" viewBox="0 0 ${Math.max(1, pieces.length) * 10} ${HEIGHT}" preserveAspectRatio="none">
${states.map((state) => {
  const d = path(state);
  return d === '' ? null : html`<path class="${state}" d="${d}"/>`;
})}</svg>`;
}
