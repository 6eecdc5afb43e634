import { equal, is, match } from 'uvu/assert';
import { openVoice } from '../../src/board/voice.ts';
import { openLog } from '../../src/host/log.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

suite('board/voice', ({ test }) => {
  test('a trouble is said once, again when it is another, and again after a while', () =>
    inPlace(({ log, lines }) => {
      let nowMs = 0;
      const voice = openVoice({ log, monotonicMs: () => nowMs });
      const troubles: [number, string][] = [
        [0, 'a'],
        [1_000, 'a'],
        [899_000, 'a'],
        [899_500, 'b'],
        [1_799_600, 'b'],
      ];
      for (const [atMs, message] of troubles) {
        nowMs = atMs;
        voice.trouble('report', `trouble ${message}`);
      }

      const said = lines.map((line) => line.trim().split(' ').slice(2).join(' '));
      equal(said, ['trouble a', 'trouble b']);
      nowMs = 1_799_600 + 61_000;
      log.flush();
      match(lines.at(-1) ?? '', /trouble b \(repeated 1 times/);
    }));

  test('the end of it is said once, and only if it was said', () =>
    inPlace(({ log, lines }) => {
      const voice = openVoice({ log, monotonicMs: () => 0 });
      voice.well('report', 'well');
      is(lines.length, 0);
      voice.trouble('report', 'trouble');
      voice.well('report', 'well');
      voice.well('report', 'well');
      is(lines.length, 2);
      voice.trouble('report', 'other trouble');
      voice.forget('report');
      voice.well('report', 'well');
      is(lines.length, 3);
    }));

  test('a reminder comes every few minutes', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const log = openLog({
      stream: { write: (text) => lines.push(text) },
      nowMs: () => nowMs,
      journal: false,
    });
    const voice = openVoice({ log, monotonicMs: () => nowMs });
    for (; nowMs < 600_000; nowMs += 10_000) voice.remind('enroll', 'wait');

    is(lines.length, 3);
  });
});
