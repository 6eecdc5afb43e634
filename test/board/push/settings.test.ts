import { equal } from 'uvu/assert';
import * as v from 'valibot';
import { PUSH_SETTINGS } from '../../../src/board/push/settings.ts';
import { suite } from '../../helper.ts';
import { pushSettings } from './settings.ts';

suite('push-settings', ({ test }) => {
  test('the URL alone is enough', () => {
    const { enable, bearer, interval, queueAgeMax, supervise } = pushSettings();
    equal(
      [enable, bearer, interval, queueAgeMax, supervise],
      [...[true, 'push-bearer', 15_000, 600_000, 'auto']],
    );
  });

  test('a URL that vmagent would read otherwise is refused', () => {
    const bad = [
      'ftp://a/',
      'http://user:pass@a/',
      'http://a/?x=1',
      'http://a/#x',
      'http://a/,http://b/',
      'http://a/"b',
      'http://a/%{HOME}',
      'a/b',
    ];
    for (const url of bad) equal(v.is(PUSH_SETTINGS, { url }), false, url);
    for (const url of ['http://a/', 'https://a.example:8443/x', 'http://[fd00::1]/remote_write']) {
      equal(v.is(PUSH_SETTINGS, { url }), true, url);
    }
  });

  test('a queue smaller than one file of vmagent is refused', () => {
    equal(v.is(PUSH_SETTINGS, { url: 'http://a/', queueBytesMax: 1000 }), false);
  });
});
