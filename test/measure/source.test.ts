import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import type { TargetConfig } from '../../src/core/config.ts';
import type { SeriesSpec } from '../../src/engine/engine.ts';
import { phaseMs } from '../../src/measure/phase.ts';
import { toSpec } from '../../src/measure/source.ts';
import { suite } from '../helper.ts';

// The loopback interface is the one that every machine has, and its index is 1.
const LOOPBACK_INDEX = 1;

suite('measure/source', ({ test }) => {
  test('hands on what the configuration says about packets', () => {
    const spec = specOf('192.0.2.1', { size: 1200, tos: 184, intervalMs: 250 });

    assert.equal(spec.address, Uint8Array.of(192, 0, 2, 1));
    assert.is(spec.family, 'v4');
    assert.is(spec.payloadBytes, 1200);
    assert.is(spec.tos, 184);
    assert.is(spec.intervalMs, 250);
    assert.is(spec.phaseMs, phaseMs('nas', 'v4', 250));
  });

  test('leaves interface and source to the kernel unless they are given', () => {
    for (const host of ['192.0.2.1', '2001:db8::1']) {
      const spec = specOf(host, {});

      assert.is(spec.source, null);
      assert.is(spec.interfaceIndex, 0);
      assert.is(spec.scopeId, 0);
    }
  });

  test('a device is given with every packet, in both families', () => {
    assert.is(specOf('192.0.2.1', { device: 'lo' }).interfaceIndex, LOOPBACK_INDEX);
    assert.is(specOf('2001:db8::1', { device: 'lo' }).interfaceIndex, LOOPBACK_INDEX);
    assert.is(specOf('2001:db8::1', { device: 'lo' }).scopeId, 0);
  });

  test('a link-local address has its scope from its zone, or from the device', () => {
    for (const spec of [specOf('fe80::1%lo', {}), specOf('fe80::1', { device: 'lo' })]) {
      assert.is(spec.interfaceIndex, LOOPBACK_INDEX);
      assert.is(spec.scopeId, LOOPBACK_INDEX);
    }
    assert.is(specOf('fe80::1%lo', { device: 'lo' }).scopeId, LOOPBACK_INDEX);
  });

  test('an address on one interface is not measured through another', () => {
    const reason = refusalOf('fe80::1%eth7', { device: 'lo' });

    assert.is(reason, 'its address is on eth7, not on its device lo');
  });

  test('says which interface is missing', () => {
    assert.is(refusalOf('192.0.2.1', { device: 'absent0' }), 'there is no interface absent0');
    assert.is(refusalOf('fe80::1%absent0', {}), 'there is no interface absent0');
  });

  test('a source is of the family of the address, or the series cannot be', () => {
    const spec = specOf('192.0.2.1', { source: '192.0.2.77' });
    assert.equal(spec.source, Uint8Array.of(192, 0, 2, 77));

    const reason = refusalOf('2001:db8::1', { source: '192.0.2.77' });
    assert.is(reason, 'its source 192.0.2.77 is of the other family');
  });
});

function specOf(host: string, given: Partial<TargetConfig>): SeriesSpec {
  const made = make(host, given);
  if (!made.ok) throw new Error(made.reason);
  return made.spec;
}

function refusalOf(host: string, given: Partial<TargetConfig>): string {
  const made = make(host, given);
  return made.ok ? 'no refusal' : made.reason;
}

function make(host: string, given: Partial<TargetConfig>): ReturnType<typeof toSpec> {
  const address = parseAddress(host);
  if (address === null) throw new Error(`${host} is no address`);
  const target: TargetConfig = {
    id: 'nas',
    host,
    families: [address.family],
    intervalMs: 1000,
    size: 56,
    tos: 0,
    source: null,
    device: null,
    labels: {},
    ...given,
  };
  return toSpec(target, address);
}
