import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readFleetHardware, readHardware } from '../../../src/control/fleet/hardware.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';
import { startHere } from '../running.ts';

const GENERIC = {
  ...{ schema: 1, slug: 'generic', name: 'Any', architecture: 'any', interface: null },
  ...{ models: [], note: '' },
};

suite('control/fleet/hardware', ({ test }) => {
  test('every profile of the package is read', () => {
    const slugs = readHardware().map(({ slug }) => slug);
    for (const slug of ['generic', 'r2s', 's920']) assert.ok(slugs.includes(slug), slug);
    assert.equal(slugs, [...slugs].sort());
  });

  test('a bad profile is told by its file and key', () => {
    const faults: [string, RegExp][] = [
      ['{', /hardware profile .*generic.profile\.json: cannot be read/],
      [JSON.stringify({ ...GENERIC, architecture: 'mips' }), /architecture: expected aarch64/],
      [JSON.stringify({ ...GENERIC, colour: 'red' }), /colour/],
      [JSON.stringify({ ...GENERIC, slug: 'other' }), /slug: expected "generic"/],
      [' '.repeat(70_000), /more than 65536/],
    ];
    for (const [text, message] of faults) {
      withProfiles({ generic: text }, (directory) => {
        assert.throws(() => readHardware(directory), message);
      });
    }
  });

  test('without a directory, a profile in it, or the generic one nothing starts', () => {
    assert.throws(() => readHardware('/nowhere/at/all'), /cannot be read/);
    withProfiles({ generic: JSON.stringify(GENERIC), empty: null }, (directory) => {
      assert.throws(() => readHardware(directory), /empty.profile\.json: is not there/);
    });
    const one = JSON.stringify({ ...GENERIC, slug: 'one' });
    withProfiles({ one }, (directory) => {
      assert.throws(() => readHardware(directory), /there is no profile "generic" in/);
    });
  });

  test("a fleet's own kinds stand before ours, and a bad one harms no other", () => {
    const own = readHardware();
    const given = {
      ...{ odd: profile('odd', 'Odd'), r2s: profile('r2s', 'Ours'), s920: '{' },
      ...{ Bad_Name: profile('odd', 'Odd'), empty: null },
    };
    withProfiles(given, (directory) => {
      const { profiles, faults } = readFleetHardware({ directory, isOptional: true }, own);
      const names = Object.fromEntries(profiles.map(({ slug, name }) => [slug, name]));
      assert.equal(names, {
        ...{ generic: 'Any Linux machine', odd: 'Odd', r2s: 'Ours', s920: 'Futro S920' },
      });
      assert.equal(Object.keys(names), Object.keys(names).sort());
      assert.is(faults.length, 3, faults.join('\n'));
      for (const word of [/Bad_Name: .*no slug/, /empty.*is not there/, /s920.*is not JSON/]) {
        assert.ok(
          faults.some((fault) => word.test(fault)),
          String(word),
        );
      }
    });
  });

  test('a folder that nobody named may be missing, a named one is told', () => {
    const own = readHardware();
    const read = (isOptional: boolean) =>
      readFleetHardware({ directory: '/nowhere/at/all', isOptional }, own);
    assert.equal(read(true), { profiles: own, faults: [] });
    assert.is(read(false).faults.length, 1);
    assert.equal(readFleetHardware(null, own), { profiles: own, faults: [] });
  });

  test('a reload finds what is new, keeps what broke, and tells what is gone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-hardware-'));
    const running = await startHere({ hardwareDirectory: directory });
    try {
      const { context, reload } = running.control;
      const slugs = () => context.hardware.map(({ slug }) => slug);
      put(directory, 'odd', profile('odd', 'Odd'));
      assert.not(slugs().includes('odd'));
      reload();
      assert.ok(slugs().includes('odd'));
      await context.store.write(async (db) => {
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          const texts = { location: '', contact: '', note: '', search: name };
          const row = { name, mac: `02:00:00:00:00:0${name}`, hardware: 'odd', ...texts };
          await db
            .insertInto('probes')
            .values({ ...row, createdMs: 0 })
            .execute();
        }
      });
      put(directory, 'odd', '{');
      reload();
      assert.ok(slugs().includes('odd'));
      assert.match(running.lines.join(''), /odd.profile\.json: cannot be read/);
      assert.not.match(running.lines.join(''), /they stay/);
      rmSync(join(directory, 'odd'), { recursive: true });
      reload();
      assert.not(slugs().includes('odd'));
      assert.match(
        running.lines.join(''),
        /profile "odd", which a, b, c and 2 more have: they stay/,
      );
    } finally {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('a probe whose profile is gone keeps its kind when it is edited', async () => {
    const lab = await openLab();
    try {
      await lab.probe('old');
      lab.context.store.raw.prepare("update probes set hardware = 'odd'").run();
      const as = await lab.session('operator');
      for (const page of ['edit', 'replace']) {
        const { text } = await lab.ask({ url: `/probes/old/${page}`, as });
        assert.match(text, /<option value="odd" selected(="")?>odd \(no profile\)/);
      }
      const bearer = await lab.token('operator');
      const change = async (body: unknown) =>
        (await lab.ask({ method: 'PATCH', url: '/api/v1/probes/old', body, as: bearer })).status;
      assert.is(await change({ hardware: 'odd', note: 'still here' }), 200);
      assert.is(await change({ hardware: 'none' }), 400);
      assert.is(await change({ hardware: 'generic' }), 200);
      assert.is(await change({ hardware: 'odd' }), 400);
    } finally {
      await lab.close();
    }
  });
});

function profile(slug: string, name: string): string {
  return JSON.stringify({ ...GENERIC, slug, name });
}

function put(directory: string, slug: string, text: string): void {
  mkdirSync(join(directory, slug), { recursive: true });
  writeFileSync(join(directory, slug, 'profile.json'), text);
}

function withProfiles(
  profiles: Record<string, string | null>,
  check: (directory: string) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-hardware-'));
  try {
    for (const [slug, text] of Object.entries(profiles)) {
      mkdirSync(join(directory, slug));
      if (text !== null) writeFileSync(join(directory, slug, 'profile.json'), text);
    }
    check(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
