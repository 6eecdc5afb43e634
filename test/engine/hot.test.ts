import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { inboxAt, loadHot, outboxAt, packetAt } from '../../src/engine/hot.ts';
import * as limits from '../../src/engine/limits.ts';
import { suite } from '../helper.ts';

const WASM = new URL('../../build/hot.wasm', import.meta.url);
const LIMITS_WASM = new URL('../../wasm/limits.ts', import.meta.url);
const LIMITS_NATIVE = new URL('../../native/limits.h', import.meta.url);

/** What of the JavaScript API is used here; its types come with those of browsers only. */
interface Engine {
  compile(bytes: Uint8Array): Promise<object>;
  Module: { imports(module: object): object[] };
  Instance: new (
    module: object,
  ) => { exports: { memory: { buffer: ArrayBuffer; grow(pages: number): number } } };
}

suite('engine/hot', ({ test }) => {
  test('loads a module that imports nothing and whose memory cannot grow', async () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: Engine };
    const module = await WebAssembly.compile(readFileSync(WASM));
    assert.equal(WebAssembly.Module.imports(module), []);

    const { buffer } = loadHot();
    const { memory } = new WebAssembly.Instance(module).exports;
    assert.is(memory.buffer.byteLength, buffer.byteLength);
    assert.throws(() => memory.grow(1), RangeError);
  });

  test('has tables one after the other, aligned, within the memory', () => {
    const { layout, buffer } = loadHot();
    const { CONTROL, OUTBOX, INBOX, STAMPS, SERIES, CLOSED, EVENTS, LOG } = layout;
    const { RESULTS, TRACES, LAYOUT_END } = layout;
    const first = [CONTROL, OUTBOX, INBOX, STAMPS, SERIES, CLOSED];
    const places = [...first, EVENTS, LOG, RESULTS, TRACES, LAYOUT_END];

    assert.equal(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(places.every((place) => place % 8 === 0));
    assert.ok(LAYOUT_END <= buffer.byteLength);
    assert.is(CLOSED + limits.CLOSED_MAX * layout.CLOSED_BYTES, EVENTS);
    assert.is(EVENTS + limits.EVENTS_MAX * layout.EVENT_BYTES, LOG);
    assert.is(LOG + limits.LOG_MAX * layout.LOG_BYTES, RESULTS);
    assert.is(RESULTS + limits.RESULTS_MAX * layout.RESULT_BYTES, TRACES);
    assert.is(TRACES + limits.TRACES_MAX * layout.TRACE_BYTES, LAYOUT_END);
    assert.is(layout.RESULT_BYTES, 128 + limits.MPLS_MAX * 4);
  });

  test('keeps every field of a series within its block, apart from the next', () => {
    const { layout } = loadHot();
    const bytes: Record<string, number> = {
      S_ADDRESS: 16,
      S_SOURCE: 16,
      S_ERRORS: 7 * 8,
      S_QUALITY: 4 * 8,
      S_BUCKETS: 21 * 8,
    };
    const fields = Object.entries(layout)
      .filter(([name]) => name.startsWith('S_'))
      .toSorted(([, a], [, b]) => a - b);

    assert.ok(fields.length > 25);
    fields.forEach(([name, offset], i) => {
      const end = fields[i + 1]?.[1] ?? layout.SERIES_BYTES;
      assert.is(offset % 4, 0);
      assert.ok(offset + (bytes[name] ?? 4) <= end, `${name} at ${offset}, next at ${end}`);
    });
  });

  test('keeps every field of a path within its block, apart from the next', () => {
    const { layout } = loadHot();
    const bytes: Record<string, number> = { T_ADDRESS: 16, T_SOURCE: 16 };
    const fields = Object.entries(layout)
      .filter(([name]) => name.startsWith('T_'))
      .toSorted(([, a], [, b]) => a - b);

    assert.is(fields.length, 8);
    fields.forEach(([name, offset], i) => {
      const end = fields[i + 1]?.[1] ?? layout.TRACE_BYTES;
      assert.ok(offset + (bytes[name] ?? 4) <= end, `${name} at ${offset}, next at ${end}`);
    });
  });

  test('has the same bounds in all three languages', () => {
    const ours = Object.entries(limits);
    const wasm = constantsOf(readFileSync(LIMITS_WASM, 'utf8'));
    const native = constantsOf(readFileSync(LIMITS_NATIVE, 'utf8'));
    let compared = 0;
    for (const [name, value] of ours) {
      for (const theirs of [wasm, native]) {
        if (!theirs.has(name)) continue;
        assert.is(theirs.get(name), value, name);
        compared++;
      }
    }
    for (const [name, value] of native) {
      if (wasm.has(name)) assert.is(wasm.get(name), value, name);
    }
    assert.ok(compared >= 25, `${compared} compared`);
  });

  test('finds records and packets where the module has them', () => {
    const hot = loadHot();

    assert.is(outboxAt(hot, 0), hot.layout.OUTBOX);
    assert.is(inboxAt(hot, 2) - inboxAt(hot, 1), hot.layout.RECORD_BYTES);
    assert.is(packetAt(1000), 1000 + limits.RECORD_HEADER_BYTES);
    assert.is(inboxAt(hot, limits.INBOX_MAX), hot.layout.STAMPS);
    assert.is(outboxAt(hot, limits.OUTBOX_MAX), hot.layout.INBOX);
    assert.is(limits.RECORD_HEADER_BYTES + limits.PACKET_BYTES, hot.layout.RECORD_BYTES);
  });

  test('gives every engine a memory of its own', () => {
    const [one, other] = [loadHot(), loadHot()];

    one.bytes[one.layout.INBOX] = 42;

    assert.is(other.bytes[other.layout.INBOX], 0);
  });
});

/** `NAME: u32 = 1 << 20;` and `NAME = 1 << 20;` alike. */
function constantsOf(source: string): Map<string, number> {
  const found = new Map<string, number>();
  const pattern = /\b([A-Z][A-Z0-9_]+)(?:: u32)? = (\d+)(?: << (\d+))?;/g;
  for (const [, name, value, shift] of source.matchAll(pattern)) {
    found.set(name ?? '', Number(value) * 2 ** Number(shift ?? 0));
  }
  return found;
}
