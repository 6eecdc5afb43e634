import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import { openDaemonEvents } from '../../src/probe/daemon-events.ts';
import { suite } from '../helper.ts';

suite('daemon-events', ({ test }) => {
  test('every event goes to the store, and to disk with the next look', () => {
    const { events, appended, flushes } = open();
    events.look();
    assert.is(flushes(), 0);
    const one = eventOf({ kind: 'path' });
    events.take(one);
    events.take(eventOf({ kind: 'shift' }));
    assert.equal(appended[0], one);
    events.look();
    events.look();
    assert.equal([appended.length, flushes()], [2, 1]);
  });

  test('a store that cannot write does not end the daemon', async () => {
    const { events } = open(() => Promise.reject(new Error('ENOSPC')));
    events.take(eventOf({}));
    events.look();
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('outages are told in words, those of the uplink once', () => {
    const { events, lines } = open();
    events.take(eventOf({ untilMs: null }));
    events.take(eventOf({ untilMs: 7000 }));
    events.take(eventOf({ untilMs: null, detail: { uplink: true } }));
    events.take(eventOf({ target: null, family: null, scope: 'uplink', untilMs: null }));
    events.take(eventOf({ kind: 'path', untilMs: null }));
    assert.equal(lines, [
      'warn outage of a (v4)',
      'info outage of a (v4) is over {"ms":2000}',
      'warn outage of the uplink',
    ]);
  });
});

function open(flush: () => Promise<void> = async () => undefined) {
  const appended: ProbeEvent[] = [];
  const lines: string[] = [];
  let flushed = 0;
  const tell =
    (level: string) =>
    (message: string, fields?: object): void => {
      const shown = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
      lines.push(`${level} ${message}${shown}`);
    };
  const log = { info: tell('info'), warn: tell('warn'), error: tell('error'), flush: () => {} };
  const store = {
    appendEvent: (event: ProbeEvent) => void appended.push(event),
    flush: () => {
      flushed++;
      return flush();
    },
  };
  return { events: openDaemonEvents({ store, log }), appended, lines, flushes: () => flushed };
}

function eventOf(change: Partial<ProbeEvent>): ProbeEvent {
  return {
    id: 'x',
    kind: 'outage',
    target: 'a',
    family: 'v4',
    fromMs: 5000,
    untilMs: 6000,
    scope: 'target',
    detail: {},
    ...change,
  };
}
