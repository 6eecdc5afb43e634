import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, throws } from 'uvu/assert';
import { type Credentials, loadCredentials, saveCredentials } from '../../src/board/credentials.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const GOOD: Credentials = {
  control: 'https://control.example',
  probe: 'probe7',
  apiKey: `flint_probe_${'k'.repeat(43)}`,
  boundMs: 1_795_000_000_000,
};

suite('board/credentials', ({ test }) => {
  test('are kept for their owner alone and read again', () =>
    inPlace(({ places, log }) => {
      is(loadCredentials(places.credentials, log), null);
      saveCredentials(places.credentials, GOOD);

      equal(loadCredentials(places.credentials, log), GOOD);
      is(statSync(places.credentials).mode & 0o777, 0o600);
    }));

  test('nothing invalid is written over them, whatever the types promised', () =>
    inPlace(({ places, log }) => {
      saveCredentials(places.credentials, GOOD);
      for (const bad of [null, '', 'null', 'short', 'with blanks '.repeat(8), undefined, 7]) {
        throws(() =>
          saveCredentials(places.credentials, { ...GOOD, apiKey: bad } as unknown as Credentials),
        );
      }
      throws(() => saveCredentials(places.credentials, { ...GOOD, probe: '' }));

      equal(loadCredentials(places.credentials, log), GOOD);
    }));

  test('damaged ones mean another enrolment, and are told without the key', () =>
    inPlace(({ places, log, lines }) => {
      mkdirSync(places.state, { recursive: true });
      for (const text of ['', '{', '{"schema":1}', JSON.stringify({ ...GOOD, schema: 2 })]) {
        writeFileSync(places.credentials, text);
        is(loadCredentials(places.credentials, log), null, text);
        is(readFileSync(places.credentials, 'utf8'), text);
      }
      match(lines.join(''), /enrols again: .*credentials.json is damaged/);
      not.match(lines.join(''), GOOD.apiKey);
    }));

  test('a disk that does not take them is an error, and the old ones stay', () =>
    inPlace(({ places }) => {
      mkdirSync(join(places.credentials, 'in the way'), { recursive: true });

      throws(() => saveCredentials(places.credentials, GOOD), /cannot be written/);
    }));
});
