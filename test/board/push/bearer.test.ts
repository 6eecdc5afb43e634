import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import type { ControlWord } from '../../../src/board/part.ts';
import { openBearerSource } from '../../../src/board/push/bearer.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { suite } from '../../helper.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';

const URL_TEXT = 'http://[fd00::1]/';
const TOKEN = 'token-of-probe01-A';

function source(place: BoardPlace, answers: ControlWord[] = [], clock = { ms: 0 }) {
  const asked: string[] = [];
  const context = makeContext(place.log, {
    askControl: async (path) => {
      asked.push(path);
      return answers.shift() ?? { ok: true, value: null };
    },
  });
  const places = pushPlaces(place.state, place.run);
  const found = openBearerSource({
    ...{ name: 'push-bearer', configDirectory: place.directory, context, places, url: URL_TEXT },
    monotonicMs: () => clock.ms,
  });
  return { found, asked, places };
}

function writeSecret({ directory }: BoardPlace, text: string): void {
  mkdirSync(join(directory, 'secrets.d'), { recursive: true });
  writeFileSync(join(directory, 'secrets.d', 'push-bearer'), text, { mode: 0o600 });
}

suite('push-bearer', ({ test }) => {
  test('the secret of the operator comes first, and is read again each time', async () => {
    await inPlace(async (place) => {
      const { found, asked } = source(place);
      writeSecret(place, `${TOKEN}\n`);
      equal(await found.find(), { ok: true, bearer: TOKEN, from: 'secret' });
      writeSecret(place, 'another-token');
      equal(await found.find(), { ok: true, bearer: 'another-token', from: 'secret' });
      equal(asked, []);
    });
  });

  test('a secret that is no token is told, and not shown', async () => {
    await inPlace(async (place) => {
      const { found } = source(place);
      writeSecret(place, 'null');
      equal(await found.find(), {
        ok: false,
        reason: 'the secret "push-bearer" is no bearer token',
      });
    });
  });

  test('what the control gives is kept for the next boot', async () => {
    await inPlace(async (place) => {
      const answers: ControlWord[] = [{ ok: true, value: { bearer: TOKEN } }];
      const { found, asked, places } = source(place, answers);
      equal(await found.find(), { ok: true, bearer: TOKEN, from: 'control' });
      equal(await found.find(), { ok: true, bearer: TOKEN, from: 'control' });
      equal(asked, ['/api/v1/push-bearer']);
      equal(statSync(places.givenBearer).mode & 0o777, 0o600);

      const later = source(place, [{ ok: false, reason: 'away', retryAfterMs: null }]);
      equal(await later.found.find(), { ok: true, bearer: TOKEN, from: 'control' });
    });
  });

  test('nothing good is overwritten by nothing', async () => {
    await inPlace(async (place) => {
      const clock = { ms: 0 };
      const bad = [{ bearer: 'null' }, { bearer: '' }, {}, 'x', { bearer: null }];
      const answers: ControlWord[] = [{ ok: true, value: { bearer: TOKEN } }];
      answers.push(...bad.map((value): ControlWord => ({ ok: true, value })));
      const { found, asked, places } = source(place, answers, clock);
      for (let turn = 0; turn <= bad.length; turn++) {
        equal((await found.find()).ok, true);
        clock.ms += 7 * 3_600_000;
      }
      equal(asked.length, bad.length + 1);
      equal(readFileSync(places.givenBearer, 'utf8'), `${TOKEN}\n`);
    });
  });

  test('a control that is away is asked again soon, one that gives none after hours', async () => {
    await inPlace(async (place) => {
      const clock = { ms: 0 };
      const { found, asked } = source(
        place,
        [{ ok: false, reason: 'away', retryAfterMs: null }],
        clock,
      );
      const first = await found.find();
      ok(!first.ok && first.reason.includes('away'), JSON.stringify(first));
      clock.ms = 59_000;
      await found.find();
      equal(asked.length, 1);
      clock.ms = 60_000;
      await found.find();
      clock.ms = 3_600_000;
      await found.find();
      equal(asked.length, 2);
      found.doubt();
      clock.ms += 60_000;
      await found.find();
      equal(asked.length, 3);
    });
  });

  test('a control that asks for years of patience is asked again after hours', async () => {
    await inPlace(async (place) => {
      const clock = { ms: 0 };
      const retryAfterMs = 999_999_999_000;
      const { found, asked } = source(place, [{ ok: false, reason: 'no', retryAfterMs }], clock);
      await found.find();
      clock.ms = 6 * 3_600_000;
      await found.find();
      equal(asked.length, 2);
    });
  });

  test('what a full disk has no room for is used all the same', async () => {
    await inPlace(async (place) => {
      const answers: ControlWord[] = [{ ok: true, value: { bearer: TOKEN } }];
      const { found, asked, places } = source(place, answers);
      // Where the file should come stands a directory, which nobody can write.
      mkdirSync(join(places.givenBearer, 'full'), { recursive: true });
      for (const _ of [1, 2]) {
        equal(await found.find(), { ok: true, bearer: TOKEN, from: 'control' });
      }
      equal(asked.length, 1);
      ok(place.lines.some((line) => line.includes('is not kept')));
    });
  });

  test('another URL of the control is heard and not followed', async () => {
    await inPlace(async (place) => {
      const value = { bearer: TOKEN, url: 'http://evil.example/' };
      const { found } = source(place, [{ ok: true, value }]);
      await found.find();
      ok(
        place.lines.some((line) => line.includes('evil.example')),
        place.lines.join(),
      );
    });
  });

  test('a secret that others may read is no secret', async () => {
    await inPlace(async (place) => {
      const { found } = source(place);
      writeSecret(place, TOKEN);
      const file = join(place.directory, 'secrets.d', 'push-bearer');
      rmSync(file);
      writeFileSync(file, TOKEN, { mode: 0o644 });
      const given = await found.find();
      ok(!given.ok && !given.reason.includes(TOKEN), JSON.stringify(given));
    });
  });
});
