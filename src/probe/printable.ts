// Text of strangers on its way into a report: what steers a terminal or turns the direction of
// writing (Unicode TR 36 §3.3) becomes a question mark, as the report takes none of it.

// The complement of what `line` of core/wire.ts takes.
const UNPRINTABLE = /[^ -~\u00a0-\u200a\u2010-\u2027\u202f-\u2065\u206a-\ufefe\uff00-\uffff]/g;

/** The text as one line of at most `max` characters. */
export function printable(text: string, max: number): string {
  const clean = text.replace(UNPRINTABLE, '?');
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}
