import { readdirSync, readFileSync } from 'node:fs';
import { is, ok } from 'uvu/assert';
import * as v from 'valibot';
import { HARDWARE_PROFILE } from '../../src/core/hardware.ts';
import { suite } from '../helper.ts';

const ROOT = new URL('../../hardware/', import.meta.url);

suite('hardware', (s) => {
  s.test('every profile of the tree is valid and lies under its own name', () => {
    const slugs = readdirSync(ROOT);
    ok(slugs.length >= 3);
    for (const slug of slugs) {
      const text = readFileSync(new URL(`${slug}/profile.json`, ROOT), 'utf8');
      is(v.parse(HARDWARE_PROFILE, JSON.parse(text)).slug, slug);
    }
  });

  s.test('a slip of the pen is found', () => {
    const good = { ...{ schema: 1, slug: 'x', name: 'X', architecture: 'any' }, interface: null };
    ok(v.is(HARDWARE_PROFILE, { ...good, models: [], note: '' }));
    ok(!v.is(HARDWARE_PROFILE, { ...good, models: [], note: '', arch: 'any' }));
    ok(!v.is(HARDWARE_PROFILE, { ...good, models: [], note: '', architecture: 'mips' }));
    ok(!v.is(HARDWARE_PROFILE, { ...good, models: [], note: '', interface: '../x' }));
  });
});
