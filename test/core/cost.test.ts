import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type ProbeConfig, parseProbeConfig } from '../../src/core/config.ts';
import { addCosts, arrivalsOf, type Cost, costOf, NOTHING } from '../../src/core/cost.ts';
import { MEASURED_KINDS, plannedLoad } from '../../src/core/policy-caps.ts';
import { suite } from '../helper.ts';

suite('core/cost', ({ test }) => {
  test('an echo and its reply are two packets, in each family that there may be', () => {
    const v4 = cost({ smokeping: { targets: ['192.0.2.1'] } });
    assert.equal(v4, { packetsPerSecond: 2, packetsPerDay: 172_800, bytesPerDay: 86_400 * 2 * 84 });
    const name = cost({ smokeping: { targets: ['a.example'] } });
    assert.is(name.packetsPerSecond, 4);
    assert.is(name.bytesPerDay, 86_400 * 2 * (84 + 104));
    const one = cost({ smokeping: { targets: [{ host: 'a.example', families: ['v6'] }] } });
    assert.is(one.bytesPerDay, 86_400 * 2 * 104);
  });

  test('what is switched off costs nothing', () => {
    assert.equal(cost({ smokeping: { enable: false, targets: ['a.example'] } }), NOTHING);
    assert.equal(cost({ path: { enable: false, targets: ['a.example'] } }), NOTHING);
    assert.equal(cost({}), NOTHING);
  });

  test('a trace asks every hop, and routers answer in 56 bytes', () => {
    const path = { interval: '10s', probes: 3, targets: [{ host: '192.0.2.1', size: 32 }] };
    const { packetsPerSecond, bytesPerDay } = cost({ path });
    assert.is(packetsPerSecond, (2 * 3 * 15) / 10);
    assert.is(bytesPerDay, 8640 * 3 * (15 * 60 + 14 * 56 + 60));
  });

  test('a path that is known to be short costs less, one beyond maxTtl no more', () => {
    const config = parsed({ path: { maxTtl: 10, targets: ['192.0.2.1'] } });
    assert.is(costOf(config, () => 1).packetsPerSecond, (2 * 3 * 1) / 30);
    assert.is(costOf(config, () => 0).packetsPerSecond, (2 * 3 * 1) / 30);
    assert.is(costOf(config, () => 64).packetsPerSecond, (2 * 3 * 10) / 30);
    assert.is(costOf(config).packetsPerSecond, (2 * 3 * 10) / 30);
  });

  test('an error about an IPv6 probe quotes all of it, and a SYN has no payload', () => {
    const v6 = cost({ path: { interval: '10s', targets: [{ host: '2001:db8::1', size: 100 }] } });
    assert.is(v6.bytesPerDay, 8640 * 3 * (15 * 148 + 14 * 196 + 148));
    const target = { host: '192.0.2.1', size: 1000, protocol: 'tcp' };
    assert.is(
      cost({ path: { interval: '10s', targets: [target] } }).bytesPerDay,
      8640 * 3 * (15 * 40 + 14 * 56 + 40),
    );
  });

  test('traces together cost no more than their pace allows', () => {
    const targets = Array.from({ length: 200 }, (_, at) => `192.0.2.${at}`).slice(1);
    const { packetsPerSecond } = cost({ path: { interval: '5s', packetsPerSecond: 20, targets } });
    assert.ok(Math.abs(packetsPerSecond - 40) < 1e-9);
  });

  test('a search for all paths costs more', () => {
    const path = { targets: ['192.0.2.1'] };
    const ratio =
      cost({ path: { ...path, multipath: true } }).packetsPerSecond /
      cost({ path }).packetsPerSecond;
    assert.ok(ratio > 1.5 && ratio < 2, String(ratio));
  });

  test('what reaches a destination is told by its name, without what dies on the way', () => {
    const arrivals = arrivalsOf(
      parsed({
        smokeping: { interval: '500ms', targets: ['A.example.', '192.0.2.1', '@gateway'] },
        path: { interval: '10s', targets: ['a.example', { host: '192.0.2.1', protocol: 'tcp' }] },
      }),
    );
    assert.equal(
      [...arrivals],
      [
        ['a.example', 4 + (3 * 2) / 10],
        ['192.0.2.1', 2 + 1 / 10],
      ],
    );
  });

  test('costs add up', () => {
    const one = cost({ smokeping: { targets: ['192.0.2.1'] } });
    assert.equal(addCosts(NOTHING, one, 3), {
      packetsPerSecond: 6,
      packetsPerDay: 3 * 172_800,
      bytesPerDay: 3 * one.bytesPerDay,
    });
  });

  test('targets cost what they cost one by one, and no more than is planned for', () => {
    const target = fc.record({
      host: fc.constantFrom('a.example', '192.0.2.1', '2001:db8::1', '@gateway'),
      size: fc.integer({ min: 16, max: 1472 }),
      interval: fc.constantFrom('100ms', '1s', '7s', '1m'),
    });
    fc.assert(
      fc.property(fc.array(target, { maxLength: 20 }), (list) => {
        const targets = list.map((one, at) => ({ ...one, id: `t${at}` }));
        const all = cost({ smokeping: { targets } });
        let sum: Cost = NOTHING;
        for (const one of targets) sum = addCosts(sum, cost({ smokeping: { targets: [one] } }));
        assert.ok(Math.abs(all.bytesPerDay - sum.bytesPerDay) <= 20);
        const planned = plannedLoad(parsed({ smokeping: { targets } }), new Set(MEASURED_KINDS));
        assert.ok(all.packetsPerSecond <= 2 * planned.perSecond + 1e-6);
        assert.ok(all.bytesPerDay <= planned.bytesPerDay + 1);
      }),
      { numRuns: 200 },
    );
  });
});

function cost(measurements: Record<string, unknown>): Cost {
  return costOf(parsed(measurements));
}

function parsed(measurements: Record<string, unknown>): ProbeConfig {
  const result = parseProbeConfig({ schema: 1, measurements }, 'local');
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.config;
}
