// Documents and modules say the same: without evaluating, by the names that are written.
import { deepEqual, equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { METRIC_JOBS } from '../../src/core/metric-jobs.ts';
import { suite } from '../helper.ts';
import { filesBelow, missingEvaluation, optionPages, ROOT } from './lab.ts';

const PAGES = ['docs/nixos-infra.md', 'docs/nixos.md', 'nix/examples/infra/README.md'];

/** Options with keys of others below them: what follows is not ours to name. */
const FREE = ['settings', 'nginx', 'policy', 'secrets', 'peers', 'doors', 'targets', 'readers'];

function read(file: string): string {
  try {
    return readFileSync(join(ROOT, file), 'utf8');
  } catch {
    return '';
  }
}

/** Every name that some module makes an option of. */
function optionNames(text: string): Set<string> {
  const made = text.matchAll(
    /(?:^|[\s.{])([A-Za-z][\w-]*) = (?:mkOption|(?:lib\.)?mkEnableOption|judged\.|kind |\{)/gm,
  );
  const deep = text.matchAll(/options(?:\.[\w-]+)*(?:\.([\w-]+)) = /g);
  const dotted = text.matchAll(/([\w.]+) = (?:mkOption|(?:lib\.)?mkEnableOption)/g);
  return new Set([
    ...[...made, ...deep].map(([, name]) => name ?? ''),
    ...[...dotted].flatMap(([, path]) => (path ?? '').split('.')),
    ...[...text.matchAll(/options\.([\w.-]+) = /g)].flatMap(([, path]) => (path ?? '').split('.')),
  ]);
}

/** Paths of options as a page writes them, cut where keys of others begin. */
function documented(page: string): string[][] {
  const paths = [...page.matchAll(/services\.flint((?:\.[A-Za-z][\w-]*)+)/g)].map(([, path]) =>
    (path ?? '').slice(1).split('.'),
  );
  return paths.map((path) => {
    const free = path.findIndex((name) => FREE.includes(name));
    return free === -1 ? path : path.slice(0, free + 1);
  });
}

suite('nix: drift', (s) => {
  const modules = filesBelow('nix', '.nix')
    .filter((file) => dirname(file) === join(ROOT, 'nix'))
    .map((file) => [basename(file), readFileSync(file, 'utf8')]);
  const all = modules.map(([, text]) => text).join('\n');

  s.test('every option that a page names is made by a module', () => {
    const names = optionNames(all);
    const paths = PAGES.flatMap((page) => documented(read(page)));
    equal(paths.length > 30, true);
    const unknown = paths.filter((path) => path.some((name) => !names.has(name)));
    deepEqual(unknown, []);
    equal(names.has('fqnd'), false);
  });

  s.testIf(missingEvaluation(), 'the pages of options are what the modules say', () => {
    const pages = Object.entries(optionPages());
    equal(pages.length, 2);
    for (const [file, text] of pages) {
      const [made, kept] = [text.split('\n'), read(file).split('\n')];
      // The lines that differ say more than two pages.
      deepEqual(
        kept.filter((line) => !made.includes(line)),
        [],
        file,
      );
      deepEqual(
        made.filter((line) => !kept.includes(line)),
        [],
        file,
      );
      equal(read(file) === text, true, `${file}: other order`);
    }
  });

  s.test('all examples name one address of this repository', () => {
    const sources = [...filesBelow('nix/examples', 'flake.nix'), join(ROOT, 'docs/nixos-infra.md')];
    equal(sources.length, 3);
    const named = sources.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/flint(?:\.url| = \{\s*url) = "([^"]+)"/g),
    ]);
    equal(named.length, 3);
    equal(new Set(named.map(([, url]) => url)).size, 1);
  });

  s.test('every module that others import is among those of the flake', () => {
    const exported = read('nix/default.nix');
    const files = modules
      .filter(([, text]) => /^ {2}options\.services\.flint\.\w+ = \{/m.test(text ?? ''))
      .map(([name]) => name ?? '');
    const imported = (name: string) => all.includes(`./${name}`) || exported.includes(`./${name}`);
    deepEqual(
      files.filter((name) => !imported(name)),
      [],
    );
    equal(files.length > 5, true);
  });

  s.test('whatever a program reads as JSON can be said in the language of Nix', () => {
    for (const name of ['control.nix', 'metrics.nix', 'probe.nix', 'agent.nix']) {
      const text = modules.find(([file]) => file === name)?.[1] ?? '';
      equal(/settings = mkOption \{[\s\S]*?freeformType = format\.type/.test(text), true, name);
    }
  });

  s.test('the metrics server reads the groups that probes serve', () => {
    const text = modules.find(([file]) => file === 'metrics.nix')?.[1] ?? '';
    const block = /jobs = \{([^}]*)\}/.exec(text)?.[1] ?? '';
    const jobs = [...block.matchAll(/([\w-]+) = "([\w-]+)"/g)].map(([, job, group]) => ({
      group,
      job,
    }));
    deepEqual(
      jobs.map(({ group, job }) => `${job} ${group}`).sort(),
      METRIC_JOBS.map(({ group, job }) => `${job} ${group}`).sort(),
    );
  });

  s.test('the page of the infrastructure has every module and every option of its own', () => {
    const page = read('docs/nixos-infra.md');
    for (const name of ['control', 'headscale', 'member', 'metrics', 'jump-host']) {
      const text = modules.find(([file]) => file === `${name}.nix`)?.[1] ?? '';
      const made = [
        ...text.matchAll(/^ {4}([a-zA-Z]+) = (?:mkOption|(?:lib\.)?mkEnableOption|infra)/gm),
      ];
      equal(made.length > 1, true, name);
      for (const [, option = ''] of made) {
        if (/^enable$|^configFile$|package$/i.test(option)) continue;
        equal(new RegExp(`\\b${option}\\b`).test(page), true, `${name}.nix: ${option}`);
      }
    }
  });
});
