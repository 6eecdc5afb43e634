import * as assert from 'uvu/assert';
import { PROBE_HEALTHS, SILENT_MS } from '../../src/core/fleet.ts';
import {
  HEALTHS_WORST_FIRST,
  type HealthFacts,
  judge,
  spanText,
} from '../../src/core/fleet-health.ts';
import { suite } from '../helper.ts';

const NOW_MS = 1_000_000_000;

const FACTS: HealthFacts = {
  nowMs: NOW_MS,
  disabledMs: null,
  candidates: 0,
  isBound: true,
  state: { seenMs: NOW_MS - 60_000, badness: 0, report: null },
  window: null,
};

suite('core/fleet-health', ({ test }) => {
  test('whoever reports and has no trouble is well', () => {
    assert.is(judge(FACTS).health, 'well');
    assert.is(judge(seen({ badness: 99 })).health, 'well');
  });

  test('trouble begins where reports are judged to be bad', () => {
    assert.is(judge(seen({ badness: 100 })).health, 'trouble');
  });

  test('three minutes without a report are silence', () => {
    assert.is(judge(seen({ seenMs: NOW_MS - SILENT_MS + 1 })).health, 'well');
    assert.equal(judge(seen({ seenMs: NOW_MS - 23 * 60_000, badness: 500 })), {
      health: 'silent',
      reason: 'silent for 23 min',
    });
  });

  test('a clock that went back makes nobody silent', () => {
    assert.is(judge(seen({ seenMs: NOW_MS + 86_400_000 })).health, 'well');
  });

  test('before its first report a probe waits, and the reason says for whom', () => {
    const waiting = { ...FACTS, state: null, isBound: false };
    assert.equal(judge(waiting), { health: 'waiting', reason: 'no board has asked to be it yet' });
    assert.is(judge({ ...waiting, candidates: 1 }).reason, 'a board waits for approval');
    assert.match(judge({ ...waiting, candidates: 2 }).reason, /^2 boards wait/);
    assert.match(judge({ ...waiting, isBound: true }).reason, /first report is due/);
  });

  test('maintenance stands above all but waiting and disabled, and says what is behind it', () => {
    const window = { untilMs: NOW_MS + 2 * 3_600_000, reason: 'new roof' };
    const silent = { ...seen({ seenMs: 0 }), window };
    assert.equal(judge(silent), {
      health: 'maintenance',
      reason: 'maintenance for 2 h more (new roof); silent for 11 days',
    });
    assert.is(judge({ ...FACTS, window }).health, 'maintenance');
    assert.is(judge({ ...FACTS, window, state: null }).health, 'waiting');
    assert.is(judge({ ...FACTS, window, disabledMs: 1 }).health, 'disabled');
    assert.match(
      judge({ ...silent, window: { ...window, reason: '' } }).reason,
      /^maintenance for 2 h more; /,
    );
  });

  test('disabled is disabled, whatever else', () => {
    const facts = { ...seen({ badness: 900 }), disabledMs: NOW_MS - 3 * 86_400_000 };
    assert.equal(judge(facts), { health: 'disabled', reason: 'disabled 3 days ago' });
  });

  test('every health has its place among the worst', () => {
    assert.equal([...HEALTHS_WORST_FIRST].sort(), [...PROBE_HEALTHS].sort());
    assert.is(HEALTHS_WORST_FIRST.at(-1), 'disabled');
  });

  test('spans are told in their largest unit', () => {
    const spans = [-5, 0, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000];
    const texts = ['0 s', '0 s', '59 s', '1 min', '59 min', '1 h', '47 h', '2 days'];
    assert.equal(spans.map(spanText), texts);
  });
});

function seen(state: Partial<NonNullable<HealthFacts['state']>>): HealthFacts {
  return { ...FACTS, state: { seenMs: NOW_MS, badness: 0, report: null, ...state } };
}
