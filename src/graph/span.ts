// The spans of time that a reader may choose for graphs.

export type SpanName = '1h' | '6h' | '24h';

export interface Span {
  /** In the query, and what it comes to once the store reaches that far back. */
  name: SpanName;
  ms: number;
  /** `last hour`, `1 h`: of what is shown. */
  words: string;
  label: string;
}

const HOUR_MS = 3_600_000;

export const SPANS: readonly Span[] = [
  { name: '1h', ms: HOUR_MS, words: 'last hour', label: '1\u202fh' },
  { name: '6h', ms: 6 * HOUR_MS, words: 'last 6 hours', label: '6\u202fh' },
  { name: '24h', ms: 24 * HOUR_MS, words: 'last 24 hours', label: '24\u202fh' },
];
