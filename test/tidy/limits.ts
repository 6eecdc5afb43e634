// A limit is written once in each language that needs it; the same word must be the same number.
import { type Rule, select, type Tree } from './tree.ts';

const LIMITS = /^(wasm\/limits\.ts|src\/engine\/limits\.ts|native\/limits\.h)$/;
const DECLARED = /(?:export const|(?:inline |static )?constexpr [\w:]+)/;
const CONSTANT = new RegExp(
  `^\\s*${DECLARED.source} ([A-Z][A-Z0-9_]*)(?:: \\w+)?\\s*=\\s*([^;]+);`,
  'gm',
);
const TOKEN = /0x[\da-fA-F_']+|\d[\d_']*|[A-Z][A-Z0-9_]*|<<|[()+\-*/]/g;
const STRENGTH: Record<string, number> = { '<<': 1, '+': 2, '-': 2, '*': 3, '/': 3 };

export const LIMIT_RULES: readonly Rule[] = [
  {
    says: 'a limit is the same number in AssemblyScript, TypeScript and C++',
    check: compareLimits,
    bad: {
      'wasm/limits.ts': 'export const SLOTS: u32 = 1 << 10;\nexport const BYTES: u32 = SLOTS * 4;',
      'src/engine/limits.ts': 'export const SLOTS = 1_025;',
      'native/limits.h': 'constexpr uint32_t BYTES = 4 * 1024 + 1;',
    },
    good: {
      'wasm/limits.ts':
        'export const SLOTS: u32 = 1 << 10;\nexport const BYTES: u32 = (SLOTS + 1) * 4 - 4;',
      'src/engine/limits.ts': 'export const SLOTS = 1_024;\nexport const OWN = 7;',
      'native/limits.h': "inline constexpr std::size_t BYTES = 4'096u;",
    },
  },
];

/** Word → value; null where the expression is more than integers, + - * / << and other words. */
export function readLimits(text: string): Map<string, number | null> {
  const limits = new Map<string, number | null>();
  for (const [, name = '', expression = ''] of text.matchAll(CONSTANT)) {
    limits.set(name, evaluate(expression, limits));
  }
  return limits;
}

/** A word that stands in one file alone is that language's own affair. */
function compareLimits(tree: Tree): string[] {
  const first = new Map<string, { path: string; value: number | null }>();
  const broken: string[] = [];
  for (const [path, text] of select(tree, LIMITS)) {
    for (const [name, value] of readLimits(text)) {
      const other = first.get(name) ?? { path, value };
      first.set(name, other);
      if (other.path === path || (value !== null && value === other.value)) continue;
      broken.push(`${name} is ${value} in ${path} and ${other.value} in ${other.path}`);
    }
  }
  return broken;
}

function evaluate(expression: string, known: ReadonlyMap<string, number | null>): number | null {
  // Casts and suffixes say the type, which the languages do not share.
  const plain = expression.replace(/<\w+>|\bas \w+/g, '').replace(/(\d)[uUlL]+\b/g, '$1');
  const tokens = plain.match(TOKEN) ?? [];
  if (tokens.join('') !== plain.replace(/\s/g, '')) return null;
  const value = parse([...tokens], known, 0);
  return Number.isSafeInteger(value) ? value : null;
}

/** Precedence climbing; consumes the tokens; NaN for what it does not understand. */
function parse(
  tokens: string[],
  known: ReadonlyMap<string, number | null>,
  weakest: number,
): number {
  let left = parseOne(tokens, known);
  for (;;) {
    const operator = tokens[0] ?? '';
    const strength = STRENGTH[operator] ?? -1;
    if (strength <= weakest) return left;
    tokens.shift();
    left = apply(operator, left, parse(tokens, known, strength));
  }
}

function parseOne(tokens: string[], known: ReadonlyMap<string, number | null>): number {
  const token = tokens.shift() ?? '';
  if (token === '-') return -parseOne(tokens, known);
  if (token === '(') {
    const inner = parse(tokens, known, 0);
    tokens.shift();
    return inner;
  }
  return /^\d/.test(token) ? Number(token.replace(/[_']/g, '')) : (known.get(token) ?? Number.NaN);
}

function apply(operator: string, left: number, right: number): number {
  if (operator === '<<') return left * 2 ** right;
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : Math.trunc(left / right);
}
