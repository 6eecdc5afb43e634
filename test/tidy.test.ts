// The rules of the house that no linter knows. Each rule is tried on a tree that breaks it, file by
// file, and on one that keeps it: a rule that cannot fail is none.
import { equal } from 'node:assert/strict';
import { suite } from './helper.ts';
import { IMPORT_RULES } from './tidy/imports.ts';
import { LIMIT_RULES, readLimits } from './tidy/limits.ts';
import { MIRROR_RULES } from './tidy/mirror.ts';
import { TEMPLATE_RULES } from './tidy/templates.ts';
import { TEXT_RULES, warnings } from './tidy/text.ts';
import { ROOT, readTree, type Tree } from './tidy/tree.ts';

const RULES = [...TEXT_RULES, ...IMPORT_RULES, ...LIMIT_RULES, ...MIRROR_RULES, ...TEMPLATE_RULES];

function treeOf(files: Record<string, string>): Tree {
  return new Map(Object.entries(files));
}

suite('tidy', (s) => {
  const tree = readTree(ROOT);

  s.before(() => {
    for (const line of warnings(tree)) console.log(`should be divided soon: ${line}`);
  });

  for (const rule of RULES) {
    s.test(rule.says, () => {
      const broken = rule.check(tree);
      if (broken.length > 0) console.log(['', ...broken].join('\n'));
      equal(broken.length, 0);
    });

    s.test(`can tell whether ${rule.says}`, () => {
      equal(rule.check(treeOf(rule.good)).join(), '');
      equal(rule.check(treeOf(rule.bad)).length > 0, true);
    });
  }

  s.test('every single bad example is noticed', () => {
    for (const rule of [...TEXT_RULES, ...IMPORT_RULES, ...TEMPLATE_RULES]) {
      for (const [path, text] of Object.entries(rule.bad)) {
        equal(rule.check(treeOf({ [path]: text })).length > 0, true, `${rule.says}: ${path}`);
      }
    }
  });

  s.test('the limits of the three languages are read', () => {
    const read = (path: string) => [...readLimits(tree.get(path) ?? '')];
    const paths = ['wasm/limits.ts', 'src/engine/limits.ts', 'native/limits.h'];
    for (const path of paths.filter((one) => tree.has(one))) {
      equal(read(path).length > 0, true, `${path} has no limit`);
      for (const [name, value] of read(path)) equal(typeof value, 'number', `${path}: ${name}`);
    }
  });

  s.test('the tree has the sources that the rules are about', () => {
    equal(tree.has('package-lock.json') && tree.has('test/tidy.test.ts'), true);
    equal(
      [...tree.keys()].some((path) => path.includes('node_modules')),
      false,
    );
  });
});
