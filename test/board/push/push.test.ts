import { equal, ok } from 'uvu/assert';
import type { VmagentFigures } from '../../../src/board/push/figures.ts';
import {
  decideState,
  firstTotals,
  foldTotals,
  NO_TOTALS,
  type Seen,
} from '../../../src/board/push/push-state.ts';
import { suite } from '../../helper.ts';

const FIGURES: VmagentFigures = {
  startedS: 1,
  version: null,
  residentBytes: 0,
  pendingBytes: 0,
  writtenBytes: 0,
  sentBytes: 100,
  accepted: 10,
  rejected: 0,
  unauthorized: 0,
  droppedBlocks: 2,
};
const SEEN: Seen = {
  waitsFor: null,
  fault: null,
  disk: null,
  figures: FIGURES,
  verdict: { kind: 'taken' },
  ageMs: 0,
  ageMsMax: 600_000,
};

function decide(said: Partial<Seen>) {
  return decideState({ ...SEEN, ...said });
}

suite('push-state', ({ test }) => {
  test('the state is the worst that is known', () => {
    equal(decide({}), { state: 'pushing', reason: null });
    equal(decide({ waitsFor: 'the clock' }), { state: 'waiting', reason: 'the clock' });
    equal(decide({ fault: 'gone' }).state, 'down');
    equal(decide({ figures: null }).state, 'down');
    equal(decide({ ageMs: 600_001 }).state, 'stalled');
    equal(
      decide({ verdict: { kind: 'unauthorized', reason: 'x' }, ageMs: 600_001 }).state,
      'refused',
    );
    equal(decide({ verdict: { kind: 'rejected', reason: 'x' } }).state, 'refused');
  });

  test('a server that is away is told before the queue is old', () => {
    const verdict = { kind: 'unreachable', reason: 'nobody there' } as const;
    equal(decide({ verdict }), { state: 'pushing', reason: 'nobody there' });
    equal(
      decide({ verdict, ageMs: 1_200_000 }).reason,
      'the oldest sample has waited for 20 min: nobody there',
    );
  });

  test('a full disk is called by its name', () => {
    const fault = 'FATAL: cannot write 300 bytes: write /x/0: no space left on device';
    ok(decide({ fault }).reason?.startsWith('the disk is full'), decide({ fault }).reason ?? '');
  });

  test('so is one that became read-only', () => {
    const fault = 'FATAL: cannot create lock file "/x": open /x: read-only file system';
    ok(decide({ fault }).reason?.startsWith('the disk is read-only'));
  });

  test('where nobody heard its last words, the disk says it', () => {
    const fault = 'vmagent does not run: flint-vmagent.service is activating';
    equal(decide({ fault }).reason, fault);
    for (const [disk, words] of [
      ['full', 'the disk is full'],
      ['no inodes', 'the disk has no inode left'],
      ['read-only', 'the disk is read-only'],
    ] as const) {
      const { state, reason } = decide({ fault, disk });
      equal([state, reason?.startsWith(words)], ['down', true], disk);
    }
    equal(decide({ disk: 'full' }).state, 'pushing');
  });

  test('what steers terminals does not get through', () => {
    equal(decide({ fault: 'a\u001b[2Jb' }).reason, 'a?[2Jb');
  });

  test('counters go on when vmagent is started again', () => {
    const first = firstTotals(FIGURES);
    equal([first.sentBytes, first.droppedBlocks], [0, 0]);
    const second = foldTotals(first, { ...FIGURES, sentBytes: 150, droppedBlocks: 3 });
    equal([second.sentBytes, second.droppedBlocks], [50, 1]);
    const third = foldTotals(second, { ...FIGURES, startedS: 2, sentBytes: 7, droppedBlocks: 0 });
    equal([third.sentBytes, third.droppedBlocks], [57, 1]);
    equal(foldTotals(NO_TOTALS, FIGURES).accepted, 10);
  });
});
