// The tree of the tests mirrors the sources, so that nobody has to search. A file that was divided
// may keep one test: that of page-detail.ts is page-detail.test.ts or page.test.ts. So may a room:
// that of page/detail.ts is page/detail.test.ts or page/page.test.ts.
import { type Rule, select, type Tree } from './tree.ts';

/** Sources without a test of their own, and why. */
export const UNTESTED: Readonly<Record<string, string>> = {
  'src/main.ts': 'four lines; the tests of the commands start it',
  'src/core/error.ts': 'one class without a decision; every test of a refusal reads it',
};

const BEHAVIOUR = /^(export )?(async )?(function|class)\b|^(export )?const \w+ = .*(=>|function)/m;

export const MIRROR_RULES: readonly Rule[] = [
  {
    says: 'every source that does something has a test at its path',
    check: (tree) =>
      select(tree, /^src\/.*\.ts$/)
        .filter(([path, text]) => BEHAVIOUR.test(text) && !(path in UNTESTED))
        .filter(([path]) => !hasTest(tree, path))
        .map(([path]) => `${path} has no ${path.replace(/^src(.*)\.ts$/, 'test$1.test.ts')}`),
    bad: { 'src/core/a.ts': 'export function a(): void {}', 'test/core/b.test.ts': '' },
    good: {
      'src/core/a.ts': 'export function a(): void {}',
      'test/core/a.netns.test.ts': '',
      'src/core/a-part-of-it.ts': 'export const run = () => 1;',
      'src/core/b/part.ts': 'export const run = () => 1;',
      'test/core/b/b.test.ts': '',
      'src/core/shape.ts': 'export interface Shape { run: () => void }\nexport const SIDES = 3;',
    },
  },
  {
    says: 'the list of sources without a test names only such',
    check: (tree) =>
      Object.keys(UNTESTED).filter((path) => path.startsWith('src/core/') && hasTest(tree, path)),
    bad: { 'src/core/error.ts': '', 'test/core/error.test.ts': '' },
    good: {},
  },
];

function hasTest(tree: Tree, path: string): boolean {
  let stem = path.replace(/^src(.*)\.ts$/, 'test$1');
  if (isTested(tree, stem.replace(/([^/]+)\/[^/]+$/, '$1/$1'))) return true;
  for (;;) {
    const here = stem;
    if (isTested(tree, here)) return true;
    stem = here.replace(/-[^-/]*$/, '');
    if (stem === here) return false;
  }
}

function isTested(tree: Tree, stem: string): boolean {
  return ['', '.netns', '.timing'].some((kind) => tree.has(`${stem}${kind}.test.ts`));
}
