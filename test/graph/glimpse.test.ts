import * as assert from 'uvu/assert';
import { glimpse } from '../../src/graph/glimpse.ts';
import { fakeRound, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const span = { fromMs: NOW_MS - 10 * ROUND_MS, untilMs: NOW_MS, columnMs: ROUND_MS };
const draw = async (rounds: Parameters<typeof glimpse>[0]['rounds'], what = 'a "b" <c>') =>
  String(await glimpse({ rounds, span, roundMs: ROUND_MS, what }));

suite('graph/glimpse', (s) => {
  s.test('it says in words what it shows, and escapes what it is called', async () => {
    const text = await draw([fakeRound([5e6, 5e6, 6e6], { sent: 4, lost: 1 })]);
    assert.match(text, /aria-label="a &quot;b&quot; &lt;c&gt;: median 5\.00\u202fms, loss 25/);
    assert.match(text, /<path class="median many"/);
  });

  s.test('without data and without a reply it says so', async () => {
    assert.match(await draw([]), /: no data\./);
    assert.match(await draw([fakeRound([], { sent: 3, lost: 3 })]), /: no reply in 30/);
  });
});
