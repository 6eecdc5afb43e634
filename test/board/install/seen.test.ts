import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { hashProgram, readProgram } from '../../../src/board/install/program.ts';
import { belowRoot, listPrefix, lookFor, readPaths } from '../../../src/board/install/seen.ts';
import { suite } from '../../helper.ts';
import { inScratch, wishFor } from './scratch.ts';

suite('board/install/seen', ({ test }) => {
  test('files, links and directories are told apart, and links are not followed', () =>
    inScratch(({ root, write }) => {
      write(join(root, 'etc/file'), 'text');
      symlinkSync('/dev/null', join(root, 'etc/link'));
      mkdirSync(join(root, 'etc/directory'));
      const paths = ['/etc/file', '/etc/link', '/etc/directory', '/etc/none'];
      const { files, links } = readPaths(paths, belowRoot(root));
      equal([[...files], [...links]], [[['/etc/file', 'text']], [['/etc/link', '/dev/null']]]);
    }));

  test('of a bare tree nothing is seen, of owners their names in that tree', () =>
    inScratch(async ({ root, write }) => {
      const bare = await lookFor(wishFor({ root, isRunning: false }), [], {});
      equal([bare.files.size, bare.links.size, bare.directories.size], [0, 0, 0]);
      equal([[...bare.users], bare.release, bare.releases], [['root'], 'absent', []]);
      write(join(root, 'etc/passwd'), `root:x:0:0\nflint:x:${process.getuid?.()}:0\nbad\n`);
      mkdirSync(join(root, 'etc/flint'), { mode: 0o755 });
      const { directories } = await lookFor(wishFor({ root, isRunning: false }), [], {});
      const own = process.getuid?.() === 0 ? 'root' : 'flint';
      equal(directories.get('/etc/flint')?.split(' ').slice(0, 2), ['755', own]);
    }));

  test('a user of our name is ours by his home', () =>
    inScratch(async ({ root, write }) => {
      const login = 'flint:x:1000:1000::/home/flint:/bin/bash';
      const ours = 'flint-push:x:998:998::/var/lib/flint/push:/usr/sbin/nologin';
      write(join(root, 'etc/passwd'), `${login}\n${ours}\n`);
      const { foreignUsers } = await lookFor(wishFor({ root, isRunning: false }), [], {});
      equal([...foreignUsers], [['flint', 'uid 1000, home /home/flint']]);
    }));

  test('below a prefix our own is told from what others put there', () =>
    inScratch(({ root, write }) => {
      for (const name of ['1.0.0-0a1b2c3d', '.1.0.1-rc.1-0a1b2c3d.new', 'app-20240101', 'bin']) {
        mkdirSync(join(root, 'opt', name), { recursive: true });
      }
      for (const name of ['install.json', '.install.json.12.new', 'lock.0a1b2c3d.1.2', 'x.txt']) {
        write(join(root, 'opt', name), '');
      }
      symlinkSync('1.0.0-0a1b2c3d', join(root, 'opt/current'));
      const { releases, others } = listPrefix(join(root, 'opt'));
      equal([...releases].sort(), ['.1.0.1-rc.1-0a1b2c3d.new', '1.0.0-0a1b2c3d']);
      equal([...others].sort(), ['app-20240101', 'bin', 'x.txt']);
    }));

  test('a release counts when it holds what its name says', () =>
    inScratch(async ({ root, source }) => {
      const { files } = readProgram(source);
      const { hash } = hashProgram(source, files);
      const release = `1.2.3-${hash.slice(0, 8)}`;
      const at = join(root, 'usr/lib/flint');
      mkdirSync(at, { recursive: true });
      symlinkSync(source, join(at, release));
      mkdirSync(join(at, '1.0.0-0a1b2c3d'));
      mkdirSync(join(at, '.1.0.1-0a1b2c3d.new'));
      mkdirSync(join(at, 'notes'));
      const look = () => lookFor(wishFor({ root, release, isRunning: false }), files, {});
      equal((await look()).release, 'whole');
      equal([...(await look()).releases].sort(), ['.1.0.1-0a1b2c3d.new', '1.0.0-0a1b2c3d']);
      writeFileSync(join(source, 'LICENSE'), 'spoilt');
      equal((await look()).release, 'broken');
    }));
});
