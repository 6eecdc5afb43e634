// What the rules of the house look at: all text files of the clone that are not made by a tool.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Path from the root, with slashes → text. */
export type Tree = ReadonlyMap<string, string>;

/** A rule returns what breaks it, one line each; `bad` is a tree that must break it. */
export interface Rule {
  says: string;
  check(tree: Tree): string[];
  bad: Record<string, string>;
  good: Record<string, string>;
}

export const ROOT = resolve(import.meta.dirname, '../..');

const MADE = new Set(['node_modules', 'build', 'dist', 'prebuilds', 'coverage', '.git']);
const TEXT = /(^|\/)[^./]+$|\.(ts|mjs|cc|h|c|txt|json|md|css|svg|nix|sh|yml|yaml|toml|html)$/;

export function readTree(root: string): Tree {
  return new Map(textFiles(root, '').map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export function select(tree: Tree, pattern: RegExp): [path: string, text: string][] {
  return [...tree].filter(([path]) => pattern.test(path));
}

function textFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (MADE.has(entry.name)) return [];
    if (entry.isDirectory()) return textFiles(root, path);
    return entry.isFile() && TEXT.test(path) ? [path] : [];
  });
}
