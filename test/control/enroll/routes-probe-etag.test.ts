import { equal } from 'node:assert/strict';
import { matchesTag } from '../../../src/control/enroll/routes-probe-etag.ts';
import { suite } from '../../helper.ts';

suite('control/enroll/routes-probe-etag', (s) => {
  s.test('a tag is found in a list, weak or strong, and the star is any', () => {
    const headers = ['"a"', 'W/"a"', '*', ' * ', '"b", "a"', '"b" ,W/"a"', ',, "a"', '"b,c", "a"'];
    for (const header of headers) {
      equal(matchesTag(header, '"a"'), true, header);
      equal(matchesTag(header, 'W/"a"'), true, header);
    }
  });

  s.test('another tag, none and what is no list match nothing', () => {
    const headers = [
      undefined,
      '',
      '"b"',
      'a',
      '"a',
      'w/"a"',
      '"b" "a"',
      '"b"; "a"',
      '"A"',
      '"b, "a"',
      '*, "b"',
      '"a "',
    ];
    for (const header of headers) equal(matchesTag(header, '"a"'), false, header);
  });

  s.test('a long list costs little', () => {
    equal(matchesTag('"b",'.repeat(4000), '"a"'), false);
    equal(matchesTag(`${','.repeat(16_000)}"a"`, '"a"'), false);
  });
});
