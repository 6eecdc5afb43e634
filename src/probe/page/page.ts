// The probe's own pages, as text. They are drawn from a snapshot and from rounds that are handed
// in; the daemon owns the listener, the paths and the headers.

export { renderBoard } from './board.ts';
export type { PageInput, RoundQuery } from './input.ts';
export { parseView } from './input.ts';
export { renderOverview } from './overview.ts';
export { renderPaths } from './paths.ts';
export { refreshSeconds } from './shell.ts';
export { styleSheet } from './style.ts';
export { renderTarget } from './target.ts';
