import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import { type UplinkSeries, uplinkDownSince } from '../../src/core/uplink.ts';
import { suite } from '../helper.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_795_305_600_000;

suite('core/uplink', ({ test }) => {
  test('it is down from the first loss once gateway and all targets are', () => {
    const all = [gateway(NOW_MS + 800), target(NOW_MS), target(NOW_MS + 59_000)];

    assert.is(uplinkDownSince(all), NOW_MS);
  });

  test('one that answers is enough for it to be up', () => {
    assert.is(uplinkDownSince([gateway(null), target(NOW_MS)]), null);
    assert.is(uplinkDownSince([gateway(NOW_MS), target(NOW_MS), target(null)]), null);
    assert.is(uplinkDownSince([gateway(NOW_MS), gateway(null), target(NOW_MS)]), null);
  });

  test('without a gateway, or with nothing else, nothing can be said', () => {
    assert.is(uplinkDownSince([]), null);
    assert.is(uplinkDownSince([target(NOW_MS), target(NOW_MS)]), null);
    assert.is(uplinkDownSince([gateway(NOW_MS)]), null);
    assert.is(uplinkDownSince([gateway(NOW_MS), local(NOW_MS)]), null);
  });

  test('addresses of this machine do not count, up or down', () => {
    const down = [gateway(NOW_MS), target(NOW_MS + 5)];

    assert.is(uplinkDownSince([...down, local(null)]), NOW_MS);
    assert.is(uplinkDownSince([...down, local(NOW_MS - 30)]), NOW_MS);
  });

  test('a target that was dead for days does not make it begin days ago', () => {
    const all = [gateway(NOW_MS + 100), target(NOW_MS), target(NOW_MS - 3 * DAY_MS)];

    assert.is(uplinkDownSince(all), NOW_MS);
  });

  test('a gateway that never answers does not make it begin with the first loss there', () => {
    const all = [gateway(NOW_MS - 3 * DAY_MS), target(NOW_MS + 7), target(NOW_MS)];

    assert.is(uplinkDownSince(all), NOW_MS);
  });

  test('holds for a thousand series', () => {
    const many = Array.from({ length: 1000 }, (_, i) => target(NOW_MS + i));

    assert.is(uplinkDownSince([gateway(NOW_MS + 3), ...many]), NOW_MS);
  });
});

function gateway(fromMs: number | null): UplinkSeries {
  return { target: '@gateway', isLocal: false, isGateway: true, outage: outage(fromMs) };
}

function target(fromMs: number | null): UplinkSeries {
  return { target: 'far', isLocal: false, isGateway: false, outage: outage(fromMs) };
}

function local(fromMs: number | null): UplinkSeries {
  return { target: 'here', isLocal: true, isGateway: false, outage: outage(fromMs) };
}

function outage(fromMs: number | null): ProbeEvent | null {
  if (fromMs === null) return null;
  return {
    id: 'o1',
    kind: 'outage',
    target: 'far',
    family: 'v4',
    fromMs,
    untilMs: null,
    scope: 'target',
    detail: {},
  };
}
