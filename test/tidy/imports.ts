// The import rule: cli → probe, control, board → measure, engine, graph, host → core. A linter is
// told what a folder may not import; here it is said what it may: a new folder starts with nothing.
import { posix } from 'node:path';
import { type Rule, select } from './tree.ts';

const LAYERS: Record<string, readonly string[]> = {
  core: [],
  graph: ['core'],
  engine: ['core'],
  measure: ['core', 'engine'],
  host: ['core'],
  probe: ['core', 'graph', 'host', 'engine', 'measure'],
  board: ['core', 'host'],
  control: ['core', 'graph', 'host'],
  cli: ['core', 'graph', 'host', 'engine', 'measure', 'probe', 'board', 'control'],
  'main.ts': ['core', 'cli'],
};
const IMPORT =
  /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\brequire\(\s*|\bresolve\(\s*)(['"`])([^'"`\n]+)\1/g;
// ESM facades of these, and CommonJS packages by import, cost the probe megabytes.
const HEAVY =
  /^import (?!type\b)[^;'"]*? from '(?:node:(?:http|fs|util|process)|commander|prom-client)['/]/gm;
const LOADERS: readonly [RegExp, string][] = [
  [/\bdlopen\(|\brequire\([^)]*\.node\b/, 'src/engine/addon.ts'],
  [/\bWebAssembly\.(Instance|Module|instantiate|compile)|\binstantiateSync\(/, 'src/engine/hot.ts'],
];

export const IMPORT_RULES: readonly Rule[] = [
  {
    says: 'imports run one way through the folders of src',
    check: (tree) => select(tree, /^src\/.*\.ts$/).flatMap(([path, text]) => wrongWays(path, text)),
    bad: {
      'src/core/a.ts': "import type { B } from '../graph/b.ts';",
      'src/core/b.ts': "export * from 'node:fs';",
      'src/core/c.ts': "process.getBuiltinModule('node:fs');",
      'src/engine/a.ts': "const b = await import('../measure/b.ts');",
      'src/graph/a.ts': "import { run } from '../engine/b.ts';",
      'src/probe/a.ts': "import {\n  run,\n} from '../cli/b.ts';",
      'src/control/a.ts': "import '../probe/b.ts';",
      'src/new/a.ts': "import { b } from '../core/b.ts';",
      'src/cli/a.ts': "import { b } from '../../test/helper.ts';",
    },
    good: {
      'src/core/a.ts': "import { b } from './deep/b.ts';\nimport * as v from 'valibot';",
      'src/core/deep/b.ts': "import { a } from '../a.ts';",
      'src/measure/a.ts': "import { b } from '../engine/b.ts';\nimport net from 'node:net';",
      'src/cli/a.ts': "await import('../control/b.ts');",
      'src/main.ts': "import { b } from './cli/b.ts';",
    },
  },
  {
    says: 'what the probe loads comes without facades that cost memory',
    check: (tree) =>
      select(tree, /^src\/(?!control\/).*\.ts$/).flatMap(([path, text]) =>
        [...text.matchAll(HEAVY)].map(([statement]) => `${path}: ${statement}`),
      ),
    bad: {
      'src/probe/a.ts': "import http from 'node:http';",
      'src/probe/b.ts': "import {\n  Registry,\n} from 'prom-client/lib/registry.js';",
    },
    good: {
      'src/probe/a.ts': "import type { Server } from 'node:http';\nimport net from 'node:net';",
      'src/control/a.ts': "import http from 'node:http';",
    },
  },
  {
    says: 'one file loads the addon and one the WebAssembly',
    check: (tree) =>
      select(tree, /^src\/.*\.ts$/).flatMap(([path, text]) =>
        LOADERS.filter(([pattern, only]) => path !== only && pattern.test(text)).map(() => path),
      ),
    bad: {
      'src/cli/a.ts': "require('../../build/flint.node')",
      'src/probe/a.ts': 'new WebAssembly.Instance(m)',
    },
    good: { 'src/engine/hot.ts': 'new WebAssembly.Instance(m)' },
  },
];

function wrongWays(path: string, text: string): string[] {
  const layer = path.split('/')[1] ?? '';
  const targets = [...text.matchAll(IMPORT)].map((found) => found[2] ?? '');
  const wrong = targets.filter((target) => !isAllowed(path, layer, target));
  const lines = wrong.map((target) => `${path} imports ${target}`);
  if (layer === 'core' && /\bgetBuiltinModule\b/.test(text)) lines.push(`${path} loads of Node`);
  return lines;
}

function isAllowed(path: string, layer: string, target: string): boolean {
  if (!target.startsWith('.')) return layer !== 'core' || !target.startsWith('node:');
  const resolved = posix.join(posix.dirname(path), target).split('/');
  // The place of the built addon or of package.json is not a module of ours.
  if (!/\.(ts|js|mjs)$/.test(target)) return true;
  if (resolved[0] !== 'src') return false;
  const other = resolved[1] ?? '';
  return other === layer || (LAYERS[layer] ?? []).includes(other);
}
