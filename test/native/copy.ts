// A second house to break something in: sources or what was built of them, without a part.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface CopyOptions {
  /** `src` to import from, `dist` to run. */
  code: 'src' | 'dist';
  /** Where it was built, or with the sources; `foreign` is broken here and good there. */
  addon: 'good' | 'none' | 'broken' | 'prebuilt' | 'foreign';
  /** Lets the sources expect an addon of another version. */
  abi?: number;
  /** npm packages that are not there. */
  without?: readonly string[];
}

export interface Copy {
  root: string;
  /** Imports a module of the copy, by its path below the code's folder. */
  load(path: string): Promise<Record<string, unknown>>;
  remove(): void;
}

export function openCopy({ code, addon, abi, without = [] }: CopyOptions): Copy {
  const root = mkdtempSync(join(tmpdir(), 'flint-copy-'));
  cpSync(join(ROOT, code), join(root, code), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  mkdirSync(join(root, 'build'));
  cpSync(join(ROOT, 'build/hot.wasm'), join(root, 'build/hot.wasm'));
  const file = join(root, 'build/flint.node');
  if (addon === 'good') cpSync(join(ROOT, 'build/flint.node'), file);
  if (addon === 'prebuilt' || addon === 'foreign') {
    const folder = `prebuilds/${process.platform}-${process.arch}`;
    cpSync(join(ROOT, 'build/flint.node'), join(root, folder, 'flint.node'));
  }
  if (addon === 'broken' || addon === 'foreign') writeFileSync(file, 'this is no shared object\n');
  if (abi !== undefined) rewriteAbi(join(root, code, 'engine'), abi);
  linkPackages(root, without);
  return {
    root,
    load: (path) => import(pathToFileURL(join(root, code, path)).href),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function rewriteAbi(folder: string, abi: number): void {
  const name = readdirSync(folder).find((one) => /^limits\.(ts|js)$/.test(one)) ?? '';
  const text = readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, name), text.replace(/ABI_VERSION = \d+/, `ABI_VERSION = ${abi}`));
}

function linkPackages(root: string, without: readonly string[]): void {
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (without.includes(name)) continue;
    symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  }
}
