import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, throws } from 'uvu/assert';
import { hardwareFolders, knownProfiles, readProfile } from '../../src/board/hardware-profile.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

suite('board/hardware-profile', ({ test }) => {
  test('a board without a MAC of its own has that of its card, others their own', () => {
    equal([readProfile('r2s')?.mac, readProfile('r2s')?.interface], ['sd-serial', 'end0']);
    equal(readProfile('s920')?.mac, 'nic');
  });

  test('what is not there is no profile, and a broken one is told for its slug alone', () =>
    inPlace(({ directory }) => {
      const folders = hardwareFolders(join(directory, 'agent.json'));
      is(folders[0], join(directory, 'hardware'));
      is(readProfile('odd', folders), null);
      mkdirSync(join(directory, 'hardware/odd'), { recursive: true });
      writeFileSync(join(directory, 'hardware/odd/profile.json'), '{');
      throws(
        () => readProfile('odd', folders),
        /odd.profile\.json: cannot be read: it is not JSON/,
      );
      is(readProfile('r2s', folders)?.mac, 'sd-serial');
      equal(knownProfiles(folders), ['generic', 'r2s', 's920']);
    }));
});
