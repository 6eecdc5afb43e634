import { equal, is, match } from 'uvu/assert';
import { answerPage, type PageSource } from '../../../src/probe/page/answer.ts';
import { styleSheet } from '../../../src/probe/page/page.ts';
import { suite } from '../../helper.ts';
import { makeSeries, makeSnapshot } from '../metrics-snapshot.ts';

/** A probe with the target a400; counts how often it is asked for what it knows. */
function source() {
  const asked = { snapshot: 0, events: 0, rounds: 0 };
  const parts: PageSource = {
    snapshot: async () => {
      asked.snapshot++;
      return makeSnapshot({ series: [makeSeries({})] });
    },
    rounds: async () => {
      asked.rounds++;
      return [];
    },
    events: async () => {
      asked.events++;
      return [];
    },
    roundMs: 30_000,
    timeoutMs: 5000,
  };
  return { asked, answer: (path: string) => answerPage(parts, path, new URLSearchParams()) };
}

suite('page-answer', (s) => {
  s.test('has all targets under /, one under its id, and the paths', async () => {
    const { answer } = source();
    for (const path of ['/', '/target/a400', '/paths']) {
      const page = await answer(path);
      equal([page?.status, page?.type], [200, 'text/html; charset=utf-8']);
      match(String(page?.body), path === '/paths' ? 'No path is traced' : 'a400');
    }
  });

  s.test('has no other pages', async () => {
    const { asked, answer } = source();
    for (const path of [
      '/target',
      '/target/',
      '/target/nobody',
      '/index.html',
      '/paths/',
      '',
      '//',
    ]) {
      is(await answer(path), null, path);
    }
    is(asked.rounds, 0);
  });

  s.test('gives the style sheet for ever, and asks nobody for it', async () => {
    const { asked, answer } = source();

    const sheet = await answer(styleSheet.path);

    equal([sheet?.status, sheet?.type], [200, 'text/css; charset=utf-8']);
    match(sheet?.headers?.['cache-control'] ?? '', 'immutable');
    is(sheet?.body, styleSheet.body);
    equal(asked, { snapshot: 0, events: 0, rounds: 0 });
    is(await answer('/style-0.css'), null);
  });
});
