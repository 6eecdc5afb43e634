import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { equal, is, match, throws } from 'uvu/assert';
import {
  handOver,
  isHanded,
  isSameEtag,
  judgeDocument,
  type KeptConfig,
  loadKept,
  saveKept,
} from '../../src/board/kept-config.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const KEPT: KeptConfig = {
  control: 'https://control.example',
  etag: '"abc"',
  receivedMs: 1_795_000_000_000,
  document: { schema: 1, measurements: { smokeping: { targets: ['@gateway'] } } },
};

function whyNot(text: string, etag: string | null = '"a"'): string {
  const judged = judgeDocument(text, etag);
  return judged.ok ? '' : judged.message;
}

suite('board/kept-config', ({ test }) => {
  test('a document needs to be an object with a number as schema, and an ETag', () => {
    equal(judgeDocument('{"schema":7,"x":null}', 'W/"a"'), {
      ok: true,
      document: { schema: 7, x: null },
      etag: 'W/"a"',
    });
    for (const text of ['', 'null', '[]', '"x"', '{"schema":1', '\ufeff{"schema":1}x']) {
      match(whyNot(text), /no JSON object/);
    }
    for (const text of ['{}', '{"schema":"1"}', '{"schema":null}']) {
      match(whyNot(text), /"schema" is no number/);
    }
    for (const etag of [null, '', 'abc', '""', '"a"b"', `"${'x'.repeat(91)}"`, '"\u0000"']) {
      match(whyNot('{"schema":1}', etag), /no ETag/);
    }
  });

  test('it is at most 1 MiB, as it came and as it is written, and can be written at all', () => {
    const of = (bytes: number): string => `{"schema":1,"x":"${'x'.repeat(bytes - 19)}"}`;
    is(of(1 << 20).length, 1 << 20);
    is(whyNot(of(1 << 20)), '');
    match(whyNot(of((1 << 20) + 1)), /larger than 1 MiB/);
    match(whyNot(`{"schema":1,"x":[${'1E20,'.repeat(100_000)}1]}`), /larger than 1 MiB/);
    const deep = 200_000;
    match(whyNot(`{"schema":1,"x":${'['.repeat(deep)}${']'.repeat(deep)}}`), /refused/);
  });

  test('what is kept is read again, and a damaged file is as good as none', () =>
    inPlace(({ places, log, lines }) => {
      is(loadKept(places, log), null);
      saveKept(places, KEPT);
      equal(loadKept(places, log), KEPT);
      is(statSync(places.config).mode & 0o777, 0o600);

      for (const text of ['', '{"schema":1}', '[]', 'x'.repeat(1_100_000)]) {
        writeFileSync(places.config, text);
        is(loadKept(places, log), null);
      }
      match(lines.join(''), /fetched again: .*config.json is damaged/);
    }));

  test('the daemon gets what it may read, and loses it when there is none', () =>
    inPlace(({ places }) => {
      is(isHanded(places, null), true);
      handOver(places, KEPT);

      const { control: _, ...rest } = KEPT;
      equal(JSON.parse(readFileSync(places.handedConfig, 'utf8')), { schema: 1, ...rest });
      is(statSync(places.handedConfig).mode & 0o777, 0o644);
      is(statSync(places.handover).mode & 0o777, 0o755);
      equal([isHanded(places, KEPT), isHanded(places, null)], [true, false]);

      handOver(places, null);
      handOver(places, null);
      equal([isHanded(places, KEPT), isHanded(places, null)], [false, true]);
    }));

  test('a link in the place of the directory is not followed', () =>
    inPlace(({ places, directory, run }) => {
      mkdirSync(`${directory}/elsewhere`);
      mkdirSync(run);
      symlinkSync(`${directory}/elsewhere`, places.handover);

      throws(() => handOver(places, KEPT), /it is not a directory/);
      rmSync(places.handover);
      handOver(places, KEPT);
    }));

  test('ETags are compared whether or not somebody left the quotes out', () => {
    is(isSameEtag('"a"', 'a'), true);
    is(isSameEtag('W/"a"', '"a"'), true);
    is(isSameEtag('"a"', '"b"'), false);
  });
});
