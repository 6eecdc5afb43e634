import * as assert from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import { openEngine } from '../../src/probe/daemon-engine.ts';
import { FakeClock } from '../fake/clock.ts';
import { FakeTransport } from '../fake/transport.ts';
import { suite } from '../helper.ts';

suite('daemon-engine', ({ test }) => {
  test('its flight table is made for the load that is configured', () => {
    const [few, many] = [openFor(1, '1s'), openFor(400, '100ms')];
    assert.ok(many > 4 * few, `${few} and ${many} slots`);
  });
});

/** The slots for so many targets in one family. */
function openFor(count: number, interval: string): number {
  const targets = Array.from({ length: count }, (_, i) => `198.18.${i >> 6}.${(i & 63) + 1}`);
  const smokeping = { interval, targets };
  const parsed = parseProbeConfig({ schema: 1, measurements: { smokeping } }, 'local');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  let asked = 0;
  openEngine(parsed.config, ({ hot, slots }) => {
    asked = slots;
    return new FakeTransport(hot, new FakeClock(), () => ({ arrivals: [] }));
  });
  return asked;
}
