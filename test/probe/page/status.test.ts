import * as assert from 'uvu/assert';
import { qualityShares, statusRow } from '../../../src/probe/page/status.ts';
import type { DaemonSnapshot } from '../../../src/probe/snapshot.ts';
import { fakeCounters, fakeInput, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

/** The items as `dot name value`. */
async function row(changes: Partial<DaemonSnapshot> = {}, quality = {}): Promise<string[]> {
  const counts = { kernel: 0, mixed: 0, user: 0, hardware: 0, ...quality };
  const series = fakeSeries('a', 'v4', { counters: fakeCounters({ quality: counts }) });
  const html = String(await statusRow(fakeInput(fakeSnapshot([series], changes))));
  return [...html.matchAll(/<li><span class="dot (\w+)"><\/span>(.*?)<\/li>/g)].map(
    ([, tone = '', rest = '']) =>
      `${tone} ${rest.replace(/<[^>]*>/g, '').replaceAll('\u202f', ' ')}`,
  );
}

const base = fakeSnapshot([]);

suite('probe/page/status', (s) => {
  s.test('a healthy probe shows clock, stamps, store and configuration', async () => {
    assert.equal(await row({}, { kernel: 100 }), [
      'good clock synchronised +400 µs',
      'good stamps 100 % kernel',
      'good store goes back 1 d 17 h, 12.4 MiB',
      'good config a91c77e2 applied 12 min ago',
    ]);
  });

  s.test('a clock whose offset nobody knows is not given one', async () => {
    const [clock] = await row({ clock: { state: 'synced', offsetNs: null } });
    assert.is(clock, 'good clock synchronised');
    const [free] = await row({ clock: { state: 'unsynced', offsetNs: null } });
    assert.is(free, 'warn clock not synchronised');
  });

  s.test('mixed and user stamps are explained, and many of them are a warning', async () => {
    const [, few] = await row({}, { kernel: 99, mixed: 1 });
    assert.match(few ?? '', /^good stamps 99 % kernel, 1 % mixed mixed: one stamp by the kernel/);
    const [, many] = await row({}, { kernel: 50, user: 50 });
    assert.match(
      many ?? '',
      /^warn stamps 50 % kernel, 50 % user user: both stamps by this program/,
    );
  });

  s.test('a control and a policy are shown only where there are such', async () => {
    const control = { etag: '"c0ffee00ff"', appliedMs: base.nowMs - 60_000 };
    const policy = {
      file: null,
      ruled: ['smokeping'] as const,
      privateRanges: [],
      packetsPerSecond: 1000,
      packetsPerSecondPerDestination: 50,
      bytesPerDay: 1e9,
      kinds: ['smokeping'],
      capped: [],
      heldBack: { smokeping: 0, path: 0 },
    };
    const well = { ...control, error: null, unsupported: [] };
    assert.equal((await row({ control: well, policy })).slice(4), [
      'good control c0ffee00 applied 1 min ago',
      'good policy 1 000 packets/s, 50 to one destination',
    ]);
    const ill = { ...control, error: 'schema: expected 1', unsupported: ['x'] };
    const heldBack = { smokeping: 3, path: 4 };
    assert.equal(
      (await row({ control: ill, policy: { ...policy, capped: ['slow'], heldBack } })).slice(4),
      [
        'warn control c0ffee00 applied 1 min ago; a newer one was refused schema: expected 1',
        'warn policy 1 000 packets/s, 50 to one destination, 1 limit reached, ' +
          '7 packets held back slow',
      ],
    );
    const none = { etag: null, appliedMs: null, error: null, unsupported: [] };
    assert.is((await row({ control: none, policy: { ...policy, ruled: [] } })).length, 4);
  });

  s.test('before the first sample it says so', async () => {
    const [, stamps] = await row();
    assert.is(stamps, 'info stamps no sample yet');
  });

  s.test('shares are given best first, and only those that occur', () => {
    assert.equal(qualityShares({ kernel: 3, mixed: 0, user: 1, hardware: 0 }), [
      ['kernel', 75],
      ['user', 25],
    ]);
    assert.equal(qualityShares({ kernel: 0, mixed: 0, user: 0, hardware: 0 }), []);
  });

  s.test('a store that fails to write is bad, an empty one is not', async () => {
    const failing = { ...base.store, errors: 3, lastError: 'ENOSPC' };
    assert.match((await row({ store: failing }))[2] ?? '', /^bad store .*, 3 writes failed$/);
    const empty = { bytes: 0, oldestMs: null, errors: 0, lastError: null };
    assert.is((await row({ store: empty }))[2], 'good store empty');
  });

  s.test('a refused configuration and a file that cannot be read again are warnings', async () => {
    const refused = { ...base.config, error: 'x' };
    assert.match(
      (await row({ config: refused }))[3] ?? '',
      /^warn config .*a newer one was refused$/,
    );
    const locked = { ...base.config, readable: false };
    assert.match(
      (await row({ config: locked }))[3] ?? '',
      /probe\.json cannot be read again since root was given up: restart to change it$/,
    );
  });

  s.test('the engine is shown only where it dropped something or saw the clock step', async () => {
    assert.is((await row()).length, 4);
    const engine = { ...base.engine, drops: { inflight: 12 }, overflows: 2, clockSteps: 1 };
    assert.is(
      (await row({ engine }))[4],
      'warn engine 12 dropped by full tables, 2 packets lost in a full socket, 1 clock step ' +
        'since the start 20 Nov 21:30 UTC',
    );
    const stepped = { ...base.engine, clockSteps: 1 };
    assert.match((await row({ engine: stepped }))[4] ?? '', /^info engine 1 clock step since/);
  });
});
