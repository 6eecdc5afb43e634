import * as assert from 'uvu/assert';
import { loadHot } from '../../src/engine/hot.ts';
import { readState, type SeriesSpec, writeSpec } from '../../src/engine/series.ts';
import { suite } from '../helper.ts';

const SPEC: SeriesSpec = {
  family: 'v6',
  address: Uint8Array.from({ length: 16 }, (_, i) => 0x20 + i),
  source: Uint8Array.from({ length: 16 }, (_, i) => 0x40 + i),
  interfaceIndex: 7,
  scopeId: 3,
  payloadBytes: 1232,
  tos: 0xb8,
  ttl: 12,
  dontFragment: true,
  intervalMs: 1500,
  phaseMs: 0,
};

suite('engine/series', ({ test }) => {
  test('writes a specification where the hot path reads it', () => {
    const hot = loadHot();
    const { layout, view, bytes } = hot;
    writeSpec(hot, 5, SPEC);
    const base = layout.SERIES + 5 * layout.SERIES_BYTES;
    const u32 = (field: number): number => view.getUint32(base + field, true);
    assert.is(u32(layout.S_FAMILY), 6);
    assert.equal(bytes.slice(base + layout.S_ADDRESS, base + layout.S_ADDRESS + 16), SPEC.address);
    assert.equal(bytes.slice(base + layout.S_SOURCE, base + layout.S_SOURCE + 16), SPEC.source);
    assert.equal(
      [layout.S_IFINDEX, layout.S_SCOPE, layout.S_PAYLOAD, layout.S_TOS, layout.S_TTL].map(u32),
      [7, 3, 1232, 0xb8, 12],
    );
    assert.is(u32(layout.S_FLAGS), 1);
    assert.is(view.getBigUint64(base + layout.S_INTERVAL, true), 1_500_000_000n);
  });

  test('reads every counter from its own place', () => {
    const hot = loadHot();
    const { layout, f64, u32 } = hot;
    const base = layout.SERIES + 2 * layout.SERIES_BYTES;
    const fields = ['SENT', 'RECEIVED', 'LOST', 'DISCARDED', 'LATE', 'DUPLICATES', 'REORDERED'];
    fields.forEach((field, i) => {
      f64[(base + layout[`S_${field}` as 'S_SENT']) / 8] = 100 + i;
    });
    for (let i = 0; i < 21; i++) f64[(base + layout.S_BUCKETS) / 8 + i] = i;
    for (let i = 0; i < 7; i++) f64[(base + layout.S_ERRORS) / 8 + i] = 10 + i;
    u32[(base + layout.S_LAST_TTL) / 4] = 57;
    const state = readState(hot, 2);
    const { sent, received, lost, discarded, late, duplicates, reordered } = state;
    assert.equal(
      [sent, received, lost, discarded, late, duplicates, reordered],
      [100, 101, 102, 103, 104, 105, 106],
    );
    assert.equal(
      state.buckets,
      Array.from({ length: 21 }, (_, i) => i),
    );
    assert.equal(Object.values(state.sendErrors), [10, 11, 12, 13, 14, 15, 16]);
    assert.is(state.ttl, 57);
  });

  test('knows no TTL of an answer before there is one', () => {
    const hot = loadHot();
    const { layout, u32 } = hot;
    u32[(layout.SERIES + layout.S_LAST_TTL) / 4] = 0xffffffff;
    assert.is(readState(hot, 0).ttl, null);
  });
});
