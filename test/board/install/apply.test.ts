import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match, ok } from 'uvu/assert';
import type { Action } from '../../../src/board/install/action.ts';
import { applyActions, runWords } from '../../../src/board/install/apply.ts';
import { readProgram } from '../../../src/board/install/program.ts';
import { suite } from '../../helper.ts';
import { inScratch, type Scratch } from './scratch.ts';

const CANNOT = process.getuid?.() === 0 ? null : 'needs root';

async function apply({ root, source }: Scratch, actions: readonly Action[]) {
  const said: string[] = [];
  const applied = await applyActions(actions, {
    ...{ root, program: readProgram(source), env: process.env, active: new Set<string>() },
    say: (line) => said.push(line),
  });
  return { applied, said };
}

suite('board/install/apply', ({ test, testIf }) => {
  testIf(CANNOT, 'what fails at the end leaves everything as it was', () =>
    inScratch(async (scratch) => {
      const at = (file: string): string => join(scratch.root, file);
      scratch.write(at('etc/old'), 'old');
      mkdirSync(at('opt'));
      mkdirSync(at('etc/there'), { mode: 0o700 });
      symlinkSync('before', at('opt/current'));
      const { applied, said } = await apply(scratch, [
        { kind: 'program', path: '/opt/1.2.3-00000000', files: 1, bytes: 1 },
        { kind: 'directory', path: '/srv/new', mode: 0o750, user: 'root', group: 'root' },
        { kind: 'directory', path: '/etc/there', mode: 0o755, user: 'root', group: 'root' },
        { kind: 'file', path: '/etc/old', text: 'new', mode: 0o644 },
        { kind: 'file', path: '/etc/new', text: 'new', mode: 0o644 },
        { kind: 'link', path: '/opt/current', target: '1.2.3-00000000' },
        { kind: 'link', path: '/opt/other', target: 'x' },
        { kind: 'run', words: ['false'] },
      ]);
      equal(applied, { ok: false, reason: 'run false: it ended with 1' });
      equal(said.at(-1), 'undo   all of that');
      equal(readFileSync(at('etc/old'), 'utf8'), 'old');
      equal(readlinkSync(at('opt/current')), 'before');
      equal(lstatSync(at('etc/there')).mode & 0o777, 0o700);
      for (const file of ['srv/new', 'etc/new', 'opt/other', 'opt/1.2.3-00000000']) {
        ok(!existsSync(at(file)), file);
      }
    }),
  );

  testIf(CANNOT, 'modes are those that were said, whatever the umask', () =>
    inScratch(async (scratch) => {
      const umask = process.umask(0o077);
      try {
        await apply(scratch, [
          { kind: 'file', path: '/etc/deep/file', text: 'x', mode: 0o644 },
          { kind: 'directory', path: '/srv/new', mode: 0o755, user: 'root', group: 'root' },
          { kind: 'program', path: '/opt/1.2.3-00000000', files: 1, bytes: 1 },
        ]);
      } finally {
        process.umask(umask);
      }
      const modeOf = (file: string): number => lstatSync(join(scratch.root, file)).mode & 0o777;
      equal(modeOf('etc/deep'), 0o755);
      equal(modeOf('etc/deep/file'), 0o644);
      equal(modeOf('srv/new'), 0o755);
      equal(modeOf('opt/1.2.3-00000000/build'), 0o755);
      equal(modeOf('opt/1.2.3-00000000/build/hot.wasm'), 0o644);
    }),
  );

  testIf(CANNOT, 'a link in the place of a directory is not followed', () =>
    inScratch(async (scratch) => {
      const at = (file: string): string => join(scratch.root, file);
      mkdirSync(at('secret'), { mode: 0o700 });
      symlinkSync(at('secret'), at('run'));
      const { applied } = await apply(scratch, [
        { kind: 'directory', path: '/run', mode: 0o755, user: 'root', group: 'root' },
      ]);
      match(JSON.stringify(applied), /it is not a directory/);
      equal(lstatSync(at('secret')).mode & 0o777, 0o700);
    }),
  );

  testIf(CANNOT, 'a link of a tree that leads out of it is not followed', () =>
    inScratch(async (scratch) => {
      const outside = join(scratch.source, 'lib');
      mkdirSync(outside);
      symlinkSync(outside, join(scratch.root, 'lib'));
      symlinkSync('etc', join(scratch.root, 'usr'));
      const file = { kind: 'file', text: 'x', mode: 0o644 } as const;
      for (const action of [
        { ...file, path: '/lib/deep/file' },
        { kind: 'remove', path: '/lib/file' } as const,
      ]) {
        scratch.write(join(outside, 'file'), 'theirs');
        const { applied } = await apply(scratch, [action]);
        match(JSON.stringify(applied), /a link leads out of .*, to .*lib/);
      }
      ok(existsSync(join(outside, 'file')) && !existsSync(join(outside, 'deep')));
      equal((await apply(scratch, [{ ...file, path: '/usr/file' }])).applied, { ok: true });
    }),
  );

  test('a command that is not there, and one that may fail, are told apart', () =>
    inScratch(async (scratch) => {
      const absent = await apply(scratch, [{ kind: 'run', words: ['no-such-program'] }]);
      match(JSON.stringify(absent.applied), /there is no no-such-program on this machine/);
      const may = await apply(scratch, [{ kind: 'run', words: ['false'], mayFail: true }]);
      equal(may.applied, { ok: true });
      await runWords(['true'], {});
    }));
});
