import { equal, is, match, not } from 'uvu/assert';
import type { BoardSnapshot } from '../../../src/probe/mesh-watch.ts';
import { answerPage } from '../../../src/probe/page/answer.ts';
import { renderBoard, renderOverview } from '../../../src/probe/page/page.ts';
import type { DaemonSnapshot } from '../../../src/probe/snapshot.ts';
import { fakeBoardSnapshot, fakeLockdown, fakeMesh, fakePeer, fakePush } from '../../fake/board.ts';
import { fakeInput, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

function inputOf(board: BoardSnapshot | null) {
  return fakeInput({ ...fakeSnapshot([fakeSeries('a', 'v4')]), board } as DaemonSnapshot);
}

async function pageOf(board: BoardSnapshot | null): Promise<string> {
  return (await renderBoard(inputOf(board))).replaceAll('\u202f', ' ');
}

function headline(page: string): string {
  const found = /<p class="headline (\w+)">(.*?)<\/p>/s.exec(page);
  return `${found?.[1]}: ${(found?.[2] ?? '').replace(/<[^>]*>/g, '').trim()}`;
}

suite('probe/page/board', (s) => {
  s.test('one glance says that the board is well, and where it is read from', async () => {
    const page = await pageOf(fakeBoardSnapshot());
    match(headline(page), /^good: The board is well\. Its mesh joined, lockdown in force, push /);
    for (const title of ['Mesh', 'Lockdown', 'Push']) match(page, `<h3>${title}</h3>`);
    match(page, 'http://[fd57::a]:9740/');
    match(page, '2 connections of others');
    match(page, /<th scope="row">monitor<\/th><td>fd57::1<\/td><td>direct<\/td>/);
    match(page, '<a href="/board" aria-current="page">Board</a>');
    not.match(page, 'What to do:');
    not.match(page, /<script|style=|http-equiv/);
  });

  s.test('the worst part makes the headline, and says what to do', async () => {
    const lockdown = fakeLockdown({ state: 'drifted', reason: 'nft said no', drifts: 2 });
    const push = fakePush({ state: 'waiting', reason: 'the clock is not set' });
    const page = await pageOf(fakeBoardSnapshot({ lockdown, push }));
    match(headline(page), /^bad: Somebody changed the packet filter .* Nft said no\.$/);
    match(page, 'flint lockdown verify');
    match(page, 'The clock is not set.');
  });

  s.test('a control that is away is on the page', async () => {
    const controlAway = { sinceMs: 0, reason: 'no route <to> it' };
    const page = await pageOf(fakeBoardSnapshot({ controlAway }));
    match(headline(page), /^warn: The control has not answered for .* No route &lt;to&gt; it\.$/);
    match(page, '<h3>Control</h3>');
  });

  s.test('what the agent fails at is on the page, and what is measured by', async () => {
    const agentTrouble = { sinceMs: 0, reason: 'cannot be kept: <ENOSPC>' };
    const page = await pageOf(fakeBoardSnapshot({ agentTrouble }));
    match(headline(page), /^warn: The agent of the board failed at something\. It has not suc.* d/);
    match(page, '<h3>Agent</h3>');
    match(page, 'Cannot be kept: &lt;ENOSPC&gt;.');
    match(page, 'the board measures by the configuration that it has');
  });

  s.test('a machine without an agent is told what one would do', async () => {
    const page = await pageOf(null);
    is(headline(page), 'info: No agent runs here.');
    match(page, '<code>flint agent</code>');
  });

  s.test('an agent that fell silent is the news', async () => {
    const page = await pageOf(fakeBoardSnapshot({}, { state: null, reason: 'it is silent' }));
    is(headline(page), 'bad: It is not known how the board stands. It is silent.');
    const none = fakeBoardSnapshot({ mesh: null, lockdown: null, push: null });
    match(headline(await pageOf(none)), /^info: The agent runs; it looks after no mesh/);
  });

  s.test('names of peers and reasons are text, whatever is in them', async () => {
    const evil = '<b>"x"&';
    const mesh = fakeMesh({ state: 'joining', reason: evil, peers: [fakePeer({ name: evil })] });
    const page = await pageOf(fakeBoardSnapshot({ mesh }));
    not.match(page, '<b>');
    match(page, '&lt;b&gt;');
  });

  s.test('the overview leads there, and tells what hurts of the board alone', async () => {
    const push = fakePush({ state: 'refused', reason: 'it knows no such bearer' });
    const bad = await renderOverview(inputOf(fakeBoardSnapshot({ push })));
    match(bad, /<a href="\/board">The metrics server does not know the bearer of the board\./);
    match(bad, '<a href="/board">Board</a>');
    match(bad, '<strong>mesh</strong> joined');

    const well = await renderOverview(inputOf(fakeBoardSnapshot()));
    not.match(well, 'does not know');
    const alone = await renderOverview(inputOf(null));
    not.match(alone, '/board');
  });

  s.test('it is a page like the others: with a path, and it may be paused', async () => {
    const { snapshot, ...rest } = inputOf(fakeBoardSnapshot());
    const source = {
      ...rest,
      snapshot: async () => snapshot,
      events: async () => [],
      rounds: async () => [],
    };
    const page = await answerPage(source, '/board', new URLSearchParams());
    equal([page?.status, page?.headers?.['refresh'] !== undefined], [200, true]);
    const paused = await answerPage(source, '/board', new URLSearchParams('refresh=off'));
    is(paused?.headers?.['refresh'], undefined);
    match(String(paused?.body), '<a href="/board">resume</a>');
  });
});
