import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTailnet, readOnce } from '../../../src/board/mesh/tailnet.ts';
import { saveKept } from '../../../src/board/mesh/tailnet-kept.ts';
import { TAILNET_TIMING } from '../../../src/board/mesh/tailnet-machine.ts';
import { suite } from '../../helper.ts';
import { ADDRESS, APPROVED, closeRigs, KEY, loggedOut, rig } from './tailnet-rig.ts';

const REFUSED = 'backend error: authkey expired';
const QUOTED = `hskey-auth-${'k'.repeat(70)}`;
const HALF_DAY_MS = 43_200_000;

suite('the part of a tailnet', (s) => {
  s.after(closeRigs);

  s.test('leaves alone what is as it should be', async () => {
    const one = rig();
    one.fake.status(APPROVED);
    one.fake.addresses(['fd7a:115c:a1e0::1', ADDRESS]);
    const { state, nextMs, isNews } = await openTailnet(one).step();

    deepEqual([state.state, state.address, nextMs, isNews], ['joined', ADDRESS, 30_000, false]);
    equal(state.joinedMs, one.context.nowMs());
    deepEqual(one.fake.changes(), []);
  });

  s.test(
    'joins with the key in a file, puts its address there, and says when it came',
    async () => {
      const one = rig();
      loggedOut(one);
      one.fake.after('up', { status: {}, prefs: {} });
      const part = openTailnet(one);

      const pending = await part.step();
      one.fake.status(APPROVED);
      const joined = await part.step();
      one.fake.addresses(['fd7a:115c:a1e0::1']);
      const again = await part.step();
      one.fake.addresses(null);
      const gone = await part.step();

      deepEqual(
        [pending, joined, again, gone].map(({ state, isNews }) => [
          state.state,
          state.address,
          isNews,
        ]),
        [
          ['needs-approval', ADDRESS, false],
          ['joined', ADDRESS, false],
          ['joined', ADDRESS, false],
          ['joined', null, true],
        ],
      );
      deepEqual(one.fake.keys(), [KEY]);
      equal(
        one.fake.words().some((words) => words.includes(KEY)),
        false,
      );
      const add = `-6 address add ${ADDRESS}/128 dev tailscale0 nodad`;
      deepEqual(one.fake.changes().slice(1), [add, add]);
    },
  );

  s.test(
    'tells a refused key, and tries ever more seldom for as long as it takes',
    async () => {
      let asked = 0;
      const askControl = async () => {
        asked++;
        return { ok: true as const, value: null };
      };
      const one = rig({ context: { askControl } });
      one.timing = { ...TAILNET_TIMING, ...one.timing, watchMs: 600_000 };
      loggedOut(one);
      one.fake.after('up', `${REFUSED} ${QUOTED}`);
      const part = openTailnet(one);

      const first = await part.step();
      const states = new Set<string>();
      const untilMs = one.context.time.ms + HALF_DAY_MS;
      while (one.context.time.ms < untilMs) {
        const { state, nextMs } = await part.step();
        ok(nextMs >= 2_000 && nextMs <= 600_000, `${nextMs} ms`);
        states.add(state.state);
        one.context.time.ms += nextMs;
      }

      deepEqual(
        [first.state.state, first.state.reason],
        ['needs-key', `the key was refused: ${REFUSED} (a key)`],
      );
      deepEqual([...states], ['needs-key']);
      // Once, and every six hours, since somebody may have mended the server.
      equal(one.fake.keys().length, 2);
      ok(asked > 65 && asked < 90, `${asked} times in half a day`);
      ok(one.context.said.length < 200, `${one.context.said.length} lines`);
    },
    40_000,
  );

  s.test('takes key, address and name from the control, and keeps them', async () => {
    const value = { key: KEY, expiresMs: 1e15, address: 'fd8f:89ae:ca73:3::9', hostname: 'mine' };
    const askControl = async () => ({ ok: true as const, value });
    const one = rig({
      key: null,
      settings: { address: null, hostname: null },
      context: { askControl },
    });
    loggedOut(one);
    one.fake.after('up', { status: {}, prefs: {} });

    const { state } = await openTailnet(one).step();

    deepEqual([state.state, state.address], ['needs-approval', value.address]);
    const [up = ''] = one.fake.changes();
    match(up, /--advertise-routes=fd8f:89ae:ca73:3::9\/128 .*--hostname=mine/);
    match(readFileSync(join(one.places.state, 'tailnet.json'), 'utf8'), /"hostname":"mine"/);
  });

  s.test('mends what drifted at once, and is no busy loop where that fails', async () => {
    const one = rig();
    one.fake.status(APPROVED);
    one.fake.prefs({ CorpDNS: true, RunSSH: true });
    one.fake.after('set', 'it says no');
    const part = openTailnet(one);

    const failed = await part.step();
    await part.step();
    one.fake.after('set', { prefs: {} });
    one.context.time.ms += failed.nextMs;
    const mended = await part.step();

    deepEqual([failed.state.state, failed.state.reason], ['joined', 'it says no']);
    deepEqual([mended.state.state, mended.state.reason], ['joined', null]);
    equal(one.fake.changes().filter((words) => words.startsWith('set ')).length, 2);
  });

  s.test('introduces the node anew after a long silence, ever more seldom', async () => {
    const one = rig();
    one.fake.status(APPROVED);
    one.fake.addresses([ADDRESS]);
    const part = openTailnet(one);
    const atMin: number[] = [];

    for (let minute = 0; minute <= 34; minute += 2) {
      const before = one.fake.changes().length;
      await part.step();
      if (one.fake.changes().length > before) atMin.push(minute);
      one.context.time.ms += 120_000;
    }

    deepEqual(atMin, [2, 6, 14, 30]);
    deepEqual(
      one.fake.changes().map((words) => words.split(' ')[0]),
      Array.from({ length: 4 }, () => ['down', 'up']).flat(),
    );
    equal(one.fake.keys().length, 0);
  });

  s.test('is stopped where it was left, and where it is switched off', async () => {
    for (const settings of [{ enable: false }, {}]) {
      const one = rig({ settings });
      loggedOut(one);
      if (!('enable' in settings)) saveKept(one.places, { isLeft: true });
      const { state } = await openTailnet(one).step();

      equal(state.state, 'stopped');
      match(state.reason ?? '', /tailnet\.enable|flint tailnet join/);
      deepEqual(one.fake.changes(), []);
    }
  });

  s.test('is absent, with a reason, where there is no tailscale', async () => {
    const one = rig({ settings: { program: '/no/tailscale' } });
    const { state, nextMs } = await openTailnet(one).step();

    deepEqual([state.state, nextMs], ['absent', 10_000]);
    match(state.reason ?? '', /there is no program/);
  });

  s.test('says what the disk does not take, and goes on', async () => {
    const one = rig();
    loggedOut(one);
    writeFileSync(one.places.state, 'a file where a directory should be');
    const { state } = await openTailnet(one).step();

    equal(state.state, 'joining');
    match(state.reason ?? '', /cannot be written|not a directory/);
    one.fake.status(APPROVED);
    one.fake.prefs({});
    const up = await openTailnet(one).step();
    deepEqual([up.state.state, up.state.address], ['joined', ADDRESS]);
  });

  s.test('moves the address when the configuration names another', async () => {
    const one = rig();
    one.fake.status(APPROVED);
    await openTailnet(one).step();
    one.settings = { ...one.settings, address: 'fd8f:89ae:ca73:3::2' };
    one.fake.after('set', { prefs: { AdvertiseRoutes: ['fd8f:89ae:ca73:3::2/128'] } });
    const { state } = await openTailnet(one).step();

    deepEqual([state.state, state.address], ['needs-approval', 'fd8f:89ae:ca73:3::2']);
    deepEqual(one.fake.changes().slice(2), [
      `-6 address del ${ADDRESS}/128 dev tailscale0`,
      '-6 address add fd8f:89ae:ca73:3::2/128 dev tailscale0 nodad',
    ]);
  });

  s.test('can be looked at without being touched', async () => {
    const one = rig();
    loggedOut(one);
    const state = await readOnce(one);

    deepEqual([state.state, state.joinedMs], ['joining', null]);
    deepEqual(one.fake.changes(), []);
  });
});
