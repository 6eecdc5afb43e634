// Rules about the text of single files.
import { ROOT, type Rule, select, type Tree } from './tree.ts';

const CODE = /\.(ts|mjs|cc|h|c)$/;
const PRODUCT = /^(src|wasm|native|scripts)\//;
const LINES_MAX = 400;
const LINES_WARN = 250;
const COLUMNS_MAX = 100;
// In pieces, so that this file keeps its own rule.
const WORDS = ['TO-DO', 'FIX-ME', 'X-XX', 'HA-CK'].map((word) => word.replace('-', ''));
const NO_ASSERT = ['--no', 'Assert'].join('');
const BANNED = new RegExp(`\\b(${WORDS.join('|')})\\b|${NO_ASSERT}`);
// Where clones usually lie, and this one.
const CLONES = ['home', 'Users', 'root', 'work', 'builds', 'workspace'].join('|');
const BUILD_PATH = new RegExp(`(?<![\\w.:/~-])/(${CLONES})/[\\w.-]+/`);

export const TEXT_RULES: readonly Rule[] = [
  {
    says: `no file is longer than ${LINES_MAX} lines`,
    check: (tree) => longFiles(tree, LINES_MAX),
    bad: { 'src/a.ts': 'x\n'.repeat(LINES_MAX + 1), 'test/a.test.ts': 'x\n'.repeat(401) },
    good: { 'src/a.ts': 'x\n'.repeat(LINES_MAX) },
  },
  {
    says: `no line of code is longer than ${COLUMNS_MAX} columns`,
    check: (tree) => eachLine(tree, CODE, (line) => [...line].length > COLUMNS_MAX),
    bad: { 'native/a.cc': 'x'.repeat(101), 'scripts/a.mjs': `${'x'.repeat(101)}\n` },
    good: { 'native/a.cc': 'µ'.repeat(100) },
  },
  {
    says: 'no text promises to be finished later, and asserts stay',
    check: (tree) => eachLine(tree, /./, (line) => BANNED.test(line)),
    bad: { 'a.md': `${WORDS[0]}: more`, 'wasm/a.ts': `// ${WORDS[2]}`, 'package.json': NO_ASSERT },
    good: { 'a.ts': `mkdtemp('${WORDS[2]}${WORDS[2]}')` },
  },
  {
    says: 'no text names a place of the machine it was written on',
    check: (tree) =>
      eachLine(tree, /./, (line) => BUILD_PATH.test(line) || (ROOT !== '/' && line.includes(ROOT))),
    bad: { 'a.json': `"${['', 'home', 'me', 'x'].join('/')}"`, 'b.md': `in ${ROOT} it` },
    good: { 'a.ts': "fetch('https://host/home/me/x')" },
  },
  {
    says: 'the lock file names no registry',
    check: (tree) =>
      eachLine(tree, /^package-lock\.json$/, (line) => /"resolved": "\w+:|registry\./.test(line)),
    bad: { 'package-lock.json': '"resolved": "https://example.test/a.tgz"' },
    good: { 'package-lock.json': '"funding": { "url": "https://example.test" }' },
  },
  {
    says: 'every test file calls suite(), without which uvu runs nothing',
    check: (tree) =>
      select(tree, /^test\/.*\.test\.ts$/)
        .filter(([, text]) => !/^\s*suite\(/m.test(text))
        .map(([path]) => path),
    bad: { 'test/a.test.ts': "import { suite } from './helper.ts';\n" },
    good: { 'test/a.test.ts': "suite('a', (s) => {\n" },
  },
];

/** Not an error yet: files that should be divided before they grow. */
export function warnings(tree: Tree): string[] {
  return longFiles(tree, LINES_WARN).filter((line) => PRODUCT.test(line));
}

function longFiles(tree: Tree, linesMax: number): string[] {
  return select(tree, CODE).flatMap(([path, text]) => {
    const lines = text.trimEnd().split('\n').length;
    return lines > linesMax ? [`${path} has ${lines} lines`] : [];
  });
}

function eachLine(tree: Tree, paths: RegExp, isBad: (line: string) => boolean): string[] {
  return select(tree, paths).flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => (isBad(line) ? [`${path}:${index + 1}`] : [])),
  );
}
