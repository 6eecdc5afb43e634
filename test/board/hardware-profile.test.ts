import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { readProfile } from '../../src/board/hardware-profile.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

suite('board/hardware-profile', ({ test }) => {
  test('a board without a MAC of its own has that of its card, others their own', () => {
    equal([readProfile('r2s')?.mac, readProfile('r2s')?.interface], ['sd-serial', 'end0']);
    equal(readProfile('s920')?.mac, 'nic');
  });

  test('what is not there, or is none, is no profile', () =>
    inPlace(({ directory }) => {
      equal(readProfile('unheard-of'), null);
      mkdirSync(join(directory, 'odd'));
      writeFileSync(join(directory, 'odd/profile.json'), '{');
      equal(readProfile('odd', directory), null);
    }));
});
