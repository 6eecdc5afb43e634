// What the documentation promises must be there: a threat without a proof is a wish.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, ok } from 'uvu/assert';
import { suite } from './helper.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Cells of the rows of all tables, without heads and rulers. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, i) => line.startsWith('| ') && !lines[i + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

suite('docs', ({ test }) => {
  test('every threat has a proof: a test that is there', () => {
    const rows = rowsOf(read('docs/threats.md'));
    ok(rows.length >= 15, `${rows.length} rows`);
    const wanting = rows.flatMap((cells) => {
      const [what = ''] = cells;
      const proofs = (cells.at(-1) ?? '').split('; `').map((one) => one.replace(/^`?/, '`'));
      return proofs.flatMap((proof) => {
        const parts = /^`(test\/[^`]+\.test\.ts)` › (.+)$/.exec(proof);
        if (parts === null) return [`${what}: no proof in "${proof}"`];
        const [, file = '', title = ''] = parts;
        if (!existsSync(join(ROOT, file))) return [`${what}: there is no ${file}`];
        return read(file).includes(title) ? [] : [`${what}: ${file} has no case "${title}"`];
      });
    });
    equal(wanting, []);
  });
});
