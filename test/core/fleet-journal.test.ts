import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { AUDIT_ENTRY, FLEET_EVENT } from '../../src/core/fleet-journal.ts';
import { suite } from '../helper.ts';

suite('core/fleet-journal', ({ test }) => {
  test('an event may be of a kind that no probe reports, and says when it was heard', () => {
    const event = {
      ...{ id: 'e', kind: 'foreign-key', target: null, family: null, scope: null },
      ...{ fromMs: 1, untilMs: null, detail: {}, heardMs: 2 },
    };
    assert.equal(v.parse(FLEET_EVENT, event), event);
    assert.is(v.is(FLEET_EVENT, { ...event, kind: 'x'.repeat(33) }), false);
    assert.is(v.is(FLEET_EVENT, { ...event, heardMs: null }), false);
  });

  test('an entry has what was before and after, whatever it is', () => {
    const entry = {
      ...{ id: 1, atMs: 1, actor: 'ada', action: 'set.change', subject: 'base' },
      ...{ before: { a: 1 }, after: null },
    };
    assert.equal(v.parse(AUDIT_ENTRY, entry), entry);
  });
});
