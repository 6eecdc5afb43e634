import { html } from 'hono/html';
import * as assert from 'uvu/assert';
import { plainText, sentence, timeRange, timeTag } from '../../src/graph/text.ts';
import { NOW_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);

suite('graph/text', (s) => {
  s.test('a time can be read by people and by machines', async () => {
    assert.is(
      String(await timeTag(at('14:02:11'), NOW_MS)),
      '<time datetime="2026-11-22T14:02:11.000Z">14:02</time>',
    );
    assert.match(String(await timeTag(NOW_MS - 86_400_000, NOW_MS)), />21\u202fNov 14:30</);
  });

  s.test('a range names UTC once', async () => {
    const range = await timeRange({ fromMs: at('13:50:12'), untilMs: at('13:56:22') }, NOW_MS);
    assert.is(String(range).replace(/<[^>]*>/g, ''), '13:50–13:56 UTC');
    const short = await timeRange({ fromMs: at('13:50:12'), untilMs: at('13:50:42') }, NOW_MS);
    assert.is(String(short).replace(/<[^>]*>/g, ''), '13:50 UTC');
  });

  s.test('a reason becomes a sentence', () => {
    assert.is(sentence(' no route'), 'No route.');
    assert.is(sentence('Really?'), 'Really?');
    assert.is(sentence('no route', false), 'no route.');
  });

  s.test(
    'plain text is what a reader sees, without tags and with every sign as it was',
    async () => {
      const name = `<b>"O'Neil" & Söhne</b>`;
      const markup = html`<a href="/x?a=1&b=2">${name}</a>
is  down`;

      assert.is(await plainText(markup), `${name} is down`);
      assert.is(await plainText('a < b'), 'a < b');
      assert.is(await plainText('&amp;lt;'), '&amp;lt;');
    },
  );
});
