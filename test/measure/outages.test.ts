import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import { type JudgedSeries, type Outages, trackOutages } from '../../src/measure/outages.ts';
import { suite } from '../helper.ts';

const LEFT: ProbeEvent = {
  id: 'before-o3',
  kind: 'outage',
  target: 'nas',
  family: 'v4',
  fromMs: 500,
  untilMs: null,
  scope: 'target',
  detail: { lost: 3 },
};
const GATEWAY: JudgedSeries = { target: 'gw', family: 'v4', isLocal: false, isGateway: true };
const NAS: JudgedSeries = { target: 'nas', family: 'v4', isLocal: false, isGateway: false };
const WEB: JudgedSeries = { target: 'web', family: 'v4', isLocal: false, isGateway: false };
const HERE: JudgedSeries = { target: 'here', family: 'v4', isLocal: true, isGateway: false };

suite('measure/outages', ({ test }) => {
  test('an outage opens and closes under one identity', () => {
    const { outages, emitted } = track();
    outages.opened('nas', 'v4', { fromMs: 1000, lost: 5 });
    assert.is(outages.openOf('nas', 'v4')?.fromMs, 1000);
    assert.is(outages.openOf('nas', 'v6'), null);

    outages.closed('nas', 'v4', { fromMs: 1000, untilMs: 9000, lost: 40 });

    assert.equal(emitted.map(brief), [
      'boot-o0 target nas 1000–open lost=5',
      'boot-o0 target nas 1000–9000 lost=40',
    ]);
    assert.equal(outages.open(), []);
  });

  test('one that is open already is not opened again', () => {
    const { outages, emitted } = track();
    outages.opened('nas', 'v4', { fromMs: 1000, lost: 5 });
    outages.opened('nas', 'v4', { fromMs: 2000, lost: 9 });

    assert.is(emitted.length, 1);
    assert.is(outages.openOf('nas', 'v4')?.fromMs, 1000);
  });

  test('one that was never announced as open is told when it ends', () => {
    const { outages, emitted } = track();
    outages.closed('nas', 'v4', { fromMs: 1000, untilMs: 3000, lost: 6 });

    assert.equal(emitted.map(brief), ['boot-o0 target nas 1000–3000 lost=6']);
    assert.equal(outages.open(), []);
  });

  test('one that spans a restart is one, with the identity it had', () => {
    const { outages, emitted } = track([LEFT, { ...LEFT, id: 'x', target: 'web', untilMs: 700 }]);
    assert.is(outages.openOf('nas', 'v4')?.id, 'before-o3');
    assert.is(outages.openOf('web', 'v4'), null);

    outages.closed('nas', 'v4', { fromMs: 1000, untilMs: 5000, lost: 50 });

    assert.equal(emitted.map(brief), ['before-o3 target nas 500–5000 lost=50']);
  });

  test('it never ends before it began, as after a step of the clock', () => {
    const { outages, emitted } = track([LEFT]);
    outages.closed('nas', 'v4', { fromMs: 500, untilMs: 100, lost: 4 });
    outages.opened('web', 'v4', { fromMs: 900, lost: 5 });
    outages.dropped('web', 'v4', 20);

    assert.equal(
      emitted.filter((event) => event.untilMs !== null).map((event) => event.untilMs),
      [500, 900],
    );
  });

  test('a target that is removed ends its outage, and says why', () => {
    const { outages, emitted } = track();
    outages.opened('nas', 'v4', { fromMs: 1000, lost: 5 });
    outages.dropped('nas', 'v4', 4000);
    outages.dropped('web', 'v4', 4000);

    assert.is(emitted.length, 2);
    assert.equal(emitted[1]?.detail, { lost: 5, dropped: true });
    assert.equal(outages.open(), []);
  });

  test('when all are down, that is one outage of the uplink, to which the others point', () => {
    const { outages, emitted } = track();
    const series = [GATEWAY, NAS, WEB, HERE];
    outages.opened('nas', 'v4', { fromMs: 1000, lost: 5 });
    outages.opened('gw', 'v4', { fromMs: 1200, lost: 5 });
    outages.judgeUplink(series, 6000);
    assert.is(emitted.length, 2);

    outages.opened('web', 'v4', { fromMs: 1100, lost: 5 });
    outages.judgeUplink(series, 6100);

    assert.equal(emitted.slice(3).map(brief), [
      'boot-o3 uplink null 1000–open ',
      'boot-o1 uplink gw 1200–open lost=5 uplink=boot-o3',
      'boot-o0 uplink nas 1000–open lost=5 uplink=boot-o3',
      'boot-o2 uplink web 1100–open lost=5 uplink=boot-o3',
    ]);
    assert.is(outages.open().length, 4);
  });

  test('the outage of the uplink ends with the first that answers, theirs each in its time', () => {
    const { outages, emitted } = track();
    downAt(outages, 1000);
    outages.judgeUplink([GATEWAY, NAS], 2000);
    const before = emitted.length;
    outages.judgeUplink([GATEWAY, NAS], 2500);
    assert.is(emitted.length, before);

    outages.closed('gw', 'v4', { fromMs: 1000, untilMs: 8000, lost: 30 });
    outages.judgeUplink([GATEWAY, NAS], 8000);
    outages.closed('nas', 'v4', { fromMs: 1000, untilMs: 8200, lost: 31 });
    outages.judgeUplink([GATEWAY, NAS], 8200);

    assert.equal(emitted.slice(before).map(brief), [
      'boot-o0 uplink gw 1000–8000 lost=30 uplink=boot-o2',
      'boot-o2 uplink null 1000–8000 ',
      'boot-o1 uplink nas 1000–8200 lost=31 uplink=boot-o2',
    ]);
    assert.equal(outages.open(), []);
  });

  test('what was down for long before stays an outage of its own', () => {
    const { outages, emitted } = track([{ ...LEFT, target: 'web', fromMs: 1000 }]);
    downAt(outages, 1_000_000);
    outages.judgeUplink([GATEWAY, NAS, WEB], 1_005_000);

    assert.is(emitted.find(({ target }) => target === null)?.fromMs, 1_000_000);
    assert.is(outages.openOf('web', 'v4')?.scope, 'target');
    assert.is(outages.openOf('nas', 'v4')?.scope, 'uplink');
  });

  test('an address of this machine that is down is not part of it', () => {
    const { outages } = track();
    downAt(outages, 1000);
    outages.opened('here', 'v4', { fromMs: 1000, lost: 5 });
    outages.judgeUplink([GATEWAY, NAS, HERE], 2000);

    assert.is(outages.openOf('here', 'v4')?.scope, 'target');
  });

  test('an outage of the uplink goes on after a restart', () => {
    const uplink = {
      ...LEFT,
      id: 'before-o9',
      target: null,
      family: null,
      scope: 'uplink',
    } as const;
    const { outages, emitted } = track([uplink, LEFT, { ...LEFT, id: 'g', target: 'gw' }]);
    outages.judgeUplink([GATEWAY, NAS], 3000);
    assert.equal(emitted, []);

    outages.closed('nas', 'v4', { fromMs: 500, untilMs: 4000, lost: 9 });
    outages.judgeUplink([GATEWAY, NAS], 4000);

    assert.is(emitted[1]?.id, 'before-o9');
    assert.is(emitted[1]?.untilMs, 4000);
  });
});

function track(left: readonly ProbeEvent[] = []): { outages: Outages; emitted: ProbeEvent[] } {
  const emitted: ProbeEvent[] = [];
  const emit = (event: ProbeEvent) => void emitted.push(event);
  return { outages: trackOutages({ bootId: 'boot', left, emit }), emitted };
}

function downAt(outages: Outages, fromMs: number): void {
  outages.opened('gw', 'v4', { fromMs, lost: 5 });
  outages.opened('nas', 'v4', { fromMs, lost: 5 });
}

function brief({ id, scope, target, fromMs, untilMs, detail }: ProbeEvent): string {
  const details = Object.entries(detail).map(([key, value]) => `${key}=${value}`);
  return `${id} ${scope} ${target} ${fromMs}–${untilMs ?? 'open'} ${details.join(' ')}`;
}
