// Templates of hono/html escape what they are given, which protects text and quoted attributes; an
// unquoted attribute ends at a blank of its value. The style attribute is refused by our CSP.
import { type Rule, select } from './tree.ts';

export const TEMPLATE_RULES: readonly Rule[] = [
  {
    says: 'attributes in templates are quoted and none is style',
    check: (tree) =>
      select(tree, /^src\/.*\.ts$/).flatMap(([path, text]) =>
        isUnsafe(text) ? [`${path}: quote the attribute, use a class`] : [],
      ),
    bad: {
      'src/probe/a.ts': sample('html`<a href=@{link}>x</a>`'),
      'src/probe/b.ts': sample("html`<p>@{rows.map((r) => html`<i class=@{r['}']}>`)}</p>`"),
      'src/graph/c.ts': 'html`<g style="fill: red">`',
    },
    good: {
      'src/probe/a.ts': sample('html`<a href="@{link}">n=@{n}</a>`; const query = `?a=@{b}`;'),
    },
  },
];

/** A template as text: @ stands for the sign that opens a value. */
function sample(text: string): string {
  return text.replaceAll('@{', '${');
}

function isUnsafe(text: string): boolean {
  return [...text.matchAll(/\bhtml`/g)].some((found) => {
    const markup = literalText(text, found.index + found[0].length);
    return /<[^<>]*=\0|^[^<>]*=\0|<[^<>]*\sstyle=/.test(markup);
  });
}

/** The literal parts of a template, from behind its opening backtick, with \0 for each value. */
function literalText(text: string, start: number): string {
  let literal = '';
  for (let at = start; at < text.length; at++) {
    if (text[at] === '`') break;
    if (text[at] === '\\') at++;
    if (text.startsWith('${', at)) {
      at = endOfValue(text, at + 2);
      literal += '\0';
    } else {
      literal += text[at];
    }
  }
  return literal;
}

/** The index of the brace that ends a value; strings and templates inside may hold braces. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '}' && depth === 0) return at;
    if (character === '{') depth++;
    else if (character === '}') depth--;
    else if (character === '`') at = endOfTemplate(text, at + 1);
    else if (character === "'" || character === '"') at = endOfString(text, at + 1, character);
  }
  return text.length;
}

function endOfTemplate(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') at++;
    else if (text.startsWith('${', at)) at = endOfValue(text, at + 2);
    at++;
  }
  return at;
}

function endOfString(text: string, start: number, quote: string): number {
  let at = start;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at;
}
