import { equal, is, match, not } from 'uvu/assert';
import { boardNotices } from '../../../src/control/page/probe-board.ts';
import { configFacts } from '../../../src/control/page/probe-facts.ts';
import type { ProbeDetail } from '../../../src/core/fleet.ts';
import { fakeBoard, fakePush } from '../../fake/board.ts';
import { suite } from '../../helper.ts';

const NOW_MS = 1_795_305_640_000;

function detail(change: Partial<ProbeDetail>): ProbeDetail {
  const config = { wantedEtag: '"b"', etag: '"a"', error: null, unsupported: [], capped: [] };
  return { state: 'bound', board: null, agent: null, sets: [], config, ...change } as ProbeDetail;
}

suite('control/page/probe-board', ({ test }) => {
  test('what an agent fails at is a warning with its age, before what its parts say', () => {
    const agent = { message: 'no room: <ENOSPC>', sinceMs: NOW_MS - 9_000_000, isBehind: true };
    const board = fakeBoard({ push: fakePush({ state: 'waiting' }) });
    const notices = boardNotices(detail({ agent, board }), NOW_MS);

    equal(
      notices.map(({ tone }) => tone),
      ['warn', 'info'],
    );
    is(
      notices[0]?.title,
      'The board measures by an older configuration, as it does not take the newest one: ' +
        'no room: <ENOSPC>.',
    );
    match(String(notices[0]?.detail), /^Heard first <time [^>]*>2.h .* ago<\/time>\. Mend what/);
    equal(boardNotices(detail({ agent, state: 'disabled' }), NOW_MS), []);
  });

  test('what a probe runs is told as older only where it does not take the newer one', () => {
    const agent = { message: 'no room', sinceMs: NOW_MS, isBehind: true };
    const facts = (change: Partial<ProbeDetail>) => String(configFacts(detail(change)));

    match(facts({ agent }), 'an older one: it does not take the newer one');
    for (const other of [null, { ...agent, isBehind: false }]) {
      match(facts({ agent: other }), 'it fetches the newer one with its next report');
      not.match(facts({ agent: other }), 'an older one');
    }
  });
});
