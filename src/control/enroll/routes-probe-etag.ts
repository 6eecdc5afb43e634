// If-None-Match (RFC 9110 §13.1.2): `*`, or a list of entity tags that may be weak. The comparison
// is the weak one (§8.8.3.2), and what is no such list matches nothing.

const TAG = /^[ \t]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)/;
const TAGS_MAX = 32;

export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const wanted = tag.replace(/^W\//, '');
  let rest = header;
  for (let count = 0; count < TAGS_MAX && rest.trim() !== ''; count++) {
    // A list may have empty elements (§5.6.1.2).
    const empty = /^[ \t]*,/.exec(rest);
    const found = empty ?? TAG.exec(rest);
    if (found === null) return false;
    if (found[1] === wanted) return true;
    rest = rest.slice(found[0].length);
  }
  return false;
}
