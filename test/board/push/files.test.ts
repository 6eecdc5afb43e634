import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { equal, throws } from 'uvu/assert';
import {
  keepBearer,
  keepFile,
  openRunDirectory,
  readBearer,
} from '../../../src/board/push/files.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const isRoot = process.getuid?.() === 0;
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const TOKEN = 'token-of-probe01';

suite('push-files', ({ test, testIf }) => {
  test('they are for the group of vmagent and nobody else', async () => {
    await inPlace(({ state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, own);
      equal(keepFile(places.scrape, 'one', own), true);
      equal(keepFile(places.scrape, 'one', own), false);
      equal(keepFile(places.scrape, 'two', own), true);
      equal(readFileSync(places.scrape, 'utf8'), 'two');
      equal(statSync(places.scrape).mode & 0o777, 0o640);
      equal(statSync(places.run).mode & 0o777, 0o750);
    });
  });

  testIf(
    isRoot ? null : 'only root may give files away',
    'the group is given before the file is there',
    async () => {
      await inPlace(({ state, run }) => {
        const places = pushPlaces(state, run);
        const owner = { uid: 65_534, gid: 65_534 };
        mkdirSync(places.run, { recursive: true });
        chmodSync(places.run, 0o777);
        openRunDirectory(places, owner);
        keepFile(places.scrape, 'one', owner);
        equal(statSync(places.run).gid, 65_534);
        equal([statSync(places.scrape).uid, statSync(places.scrape).gid], [0, 65_534]);
      });
    },
  );

  test('nothing that is no token takes the place of one', async () => {
    await inPlace(({ state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, own);
      equal(readBearer(places), null);
      equal(keepBearer(places, TOKEN, own), true);
      for (const bad of ['', 'null', 'two words!']) equal(keepBearer(places, bad, own), false, bad);
      equal(readBearer(places), TOKEN);
      writeFileSync(places.bearer, 'null');
      equal(readBearer(places), null);
    });
  });

  test('a file in the place of the directory is refused', async () => {
    await inPlace(({ state, run }) => {
      mkdirSync(run);
      writeFileSync(`${run}/push`, '');
      throws(() => openRunDirectory(pushPlaces(state, run), own));
    });
  });
});
