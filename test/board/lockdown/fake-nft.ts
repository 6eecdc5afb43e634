// An nft that keeps one table in memory, as far as the keeper can tell.
import type { Nft } from '../../../src/board/lockdown/nft.ts';

export interface FakeNft extends Nft {
  /** What it was told to load. */
  loaded: string[];
  /** What it lists; null: no table. */
  table: string | null;
  /** Refuses everything with these words. */
  refusal: string | null;
}

export function openFakeNft(version = 'nft 1'): FakeNft {
  const nft: FakeNft = {
    version,
    loaded: [],
    table: null,
    refusal: null,
    async load(text) {
      if (nft.refusal !== null) return { ok: false, reason: nft.refusal };
      nft.loaded.push(text);
      if (text.includes('chain input')) nft.table = listed(text);
      else for (const line of text.split('\n')) fill(line);
      return { ok: true };
    },
    async list() {
      return nft.refusal === null
        ? { ok: true, text: nft.table }
        : { ok: false, reason: nft.refusal };
    },
  };
  function fill(line: string): void {
    const name = / inet flint (\w+)/.exec(line)?.[1] ?? '';
    const pattern = new RegExp(`(set ${name} \\{[^{}]*?)(?:elements = \\{[^{}]*\\}\n)?(\\t?\\})`);
    const elements = line.startsWith('flush')
      ? ''
      : `elements = ${line.slice(line.indexOf('{'))}\n`;
    if (nft.table !== null) nft.table = nft.table.replace(pattern, `$1${elements}$2`);
  }
  return nft;
}

// The sets get a line for each property, and their elements.
function listed(text: string): string {
  const [, body = ''] = /delete table inet flint\n([\s\S]*?\n\})/.exec(text) ?? [];
  let table = body.replace(/set (\w+) \{ (.*?); \}/g, 'set $1 {\n$2\n}');
  table = table.replace(/counter (\S+) \{ (.*) \}/g, 'counter $1 {\n$2\n}');
  for (const [, name, elements] of text.matchAll(/add element inet flint (\w+) (\{.*\})/g)) {
    table = table.replace(new RegExp(`(set ${name} \\{\n.*\n)`), `$1elements = ${elements}\n`);
  }
  return table;
}
