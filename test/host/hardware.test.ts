import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { findProfile, hardwareBeside, OWN_HARDWARE, slugsIn } from '../../src/host/hardware.ts';
import { suite } from '../helper.ts';

const ODD = {
  ...{ schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', interface: 'enu1' },
  ...{ models: [], note: '' },
};

suite('host/hardware', ({ test }) => {
  test('the folder of a fleet stands before that of the program', () =>
    inFolder((folder, put) => {
      put('odd', JSON.stringify(ODD));
      const folders = [folder, OWN_HARDWARE];
      is(name('odd', folders), 'Odd');
      is(name('r2s', folders), 'NanoPi R2S');
      put('r2s', JSON.stringify({ ...ODD, slug: 'r2s', name: 'Ours' }));
      is(name('r2s', folders), 'Ours');
      is(name('r2s', [OWN_HARDWARE]), 'NanoPi R2S');
      // A broken one is not replaced in silence by another of the same name.
      put('r2s', '{');
      match(reason('r2s', folders), /r2s.profile\.json: cannot be read: it is not JSON/);
      is(name('s920', folders), 'Futro S920');
    }));

  test('without a folder, or with a file in its place, there is the program alone', () =>
    inFolder((folder) => {
      is(name('r2s', [join(folder, 'none'), OWN_HARDWARE]), 'NanoPi R2S');
      writeFileSync(join(folder, 'file'), '');
      is(name('r2s', [join(folder, 'file'), OWN_HARDWARE]), 'NanoPi R2S');
      match(reason('odd', [folder]), `there is no hardware profile "odd" in ${folder}`);
      is(hardwareBeside('/etc/flint/agent.json'), '/etc/flint/hardware');
    }));

  test('no slug leads out of a folder', () =>
    inFolder((folder, put) => {
      put('odd', JSON.stringify(ODD));
      for (const slug of ['../hardware/odd', '..', '', 'odd/', 'odd\0', 'x'.repeat(9_999)]) {
        const found = findProfile(slug, [join(folder, 'odd'), folder]);
        is(found.ok, false, slug.slice(0, 20));
        is(!found.ok && found.isMissing, true);
        is(!found.ok && found.reason.length < 300, true);
      }
    }));

  test('links are followed, and whatever else lies there is told without waiting', () =>
    inFolder((folder, put) => {
      put('odd', JSON.stringify(ODD));
      mkdirSync(join(folder, 'far'));
      symlinkSync(join(folder, 'odd'), join(folder, 'link'));
      is(name('odd', [folder]), 'Odd');
      match(reason('link', [folder]), /slug: expected "link"/);
      const at = (slug: string) => {
        mkdirSync(join(folder, slug));
        return join(folder, slug, 'profile.json');
      };
      execFileSync('mkfifo', [at('pipe')]);
      match(reason('pipe', [folder]), /it is not a file/);
      // As NixOS lays out /etc: a link to a link to the file.
      put('store', JSON.stringify({ ...ODD, slug: 'etc', name: 'Etc' }));
      symlinkSync(join(folder, 'store/profile.json'), join(folder, 'static'));
      symlinkSync(join(folder, 'static'), at('etc'));
      is(name('etc', [folder]), 'Etc');
      symlinkSync('/dev/zero', at('zero'));
      match(reason('zero', [folder]), /it is not a file/);
      mkdirSync(at('directory'));
      match(reason('directory', [folder]), /it is not a file/);
      symlinkSync('profile.json', at('loop'));
      match(reason('loop', [folder]), /ELOOP/);
      symlinkSync('/nowhere/at/all', at('dangling'));
      match(reason('dangling', [folder]), /there is no hardware profile/);
      put('large', ' '.repeat(70_000));
      match(reason('large', [folder]), /more than 65536/);
      put('deep', '['.repeat(60_000));
      match(reason('deep', [folder]), /it is not JSON|cannot be read/);
    }));

  test('what is wrong with a file shows nothing of what is in it', () =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'shadow'), 'root:$6$secret:1:2:3\n');
      mkdirSync(join(folder, 'leak'));
      symlinkSync(join(folder, 'shadow'), join(folder, 'leak/profile.json'));
      const told = reason('leak', [folder]);
      match(told, /it is not JSON/);
      not.match(told, /root|secret/);
    }));

  test('the names in a folder are those of directories, and not without end', () =>
    inFolder((folder, put) => {
      put('b', '');
      put('a', '');
      put('.git', '');
      writeFileSync(join(folder, 'README.md'), '');
      equal(slugsIn(folder), { ok: true, slugs: ['a', 'b'] });
      const missing = slugsIn(join(folder, 'none'));
      is(!missing.ok && missing.isMissing, true);
      const file = slugsIn(join(folder, 'README.md'));
      is(!file.ok && !file.isMissing, true);
      for (let count = 0; count < 1_100; count++) writeFileSync(join(folder, `x${count}`), '');
      const many = slugsIn(folder);
      match(many.ok ? '' : many.reason, /more than 1024 entries/);
    }));
});

function name(slug: string, folders: readonly string[]): string {
  const found = findProfile(slug, folders);
  return found.ok ? found.profile.name : found.reason;
}

function reason(slug: string, folders: readonly string[]): string {
  const found = findProfile(slug, folders);
  return found.ok ? '' : found.reason;
}

function inFolder(use: (folder: string, put: (slug: string, text: string) => void) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'flint-hardware-'));
  try {
    use(folder, (slug, text) => {
      mkdirSync(join(folder, slug), { recursive: true });
      writeFileSync(join(folder, slug, 'profile.json'), text);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
