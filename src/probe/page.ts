// The probe's own pages, as text. They are drawn from a snapshot and from rounds that are handed
// in; the daemon owns the listener, the paths and the headers.

export { renderBoard } from './page-board.ts';
export type { PageInput, RoundQuery } from './page-input.ts';
export { parseView } from './page-input.ts';
export { renderOverview } from './page-overview.ts';
export { renderPaths } from './page-paths.ts';
export { refreshSeconds } from './page-shell.ts';
export { styleSheet } from './page-style.ts';
export { renderTarget } from './page-target.ts';

/** Sent with every page: no script, nothing remote, no frame around it. */
export const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
  "frame-ancestors 'none'; base-uri 'none'";
