import { deepEqual, equal, match } from 'node:assert/strict';
import { openTailnet, readOnce } from '../../../src/board/mesh/tailnet.ts';
import { askedOf } from '../../../src/board/mesh/tailnet-proof.ts';
import { parseStatus } from '../../../src/board/mesh/tailscale-status.ts';
import { suite } from '../../helper.ts';
import { SELF, STATUS } from './fake-tailscale.ts';
import { ADDRESS, APPROVED, closeRigs, KEY, type Rig, rig } from './tailnet-rig.ts';

const READER = 'fd8f:89ae:ca73:2::1';
const OFFLINE = { Self: { ...APPROVED.Self, Online: false } };
const DELETED = { ...OFFLINE, AuthURL: 'https://headscale.example/register/hskey-authreq-1' };
const SILENCE_MS = 120_000;

function well(wish: Parameters<typeof rig>[0] = {}): Rig {
  const one = rig({ ...wish, settings: { readers: [READER], ...wish?.settings } });
  one.fake.status(APPROVED);
  one.fake.addresses([ADDRESS]);
  return one;
}

function verbs({ fake }: Rig): string[] {
  return fake.changes().map((words) => words.split(' ')[0] ?? '');
}

function pings({ fake }: Rig): string[] {
  return fake.words().filter((words) => words.startsWith('ping '));
}

suite('whether a node is still known', (s) => {
  s.after(closeRigs);

  s.test('a peer that answers ends the doubt, and the tunnels stay', async () => {
    const one = well();
    const part = openTailnet(one);
    for (let i = 0; i < 4; i++) {
      await part.step();
      one.context.time.ms += SILENCE_MS;
    }

    deepEqual(verbs(one), []);
    deepEqual(
      pings(one),
      Array.from({ length: 3 }, () => `ping --tsmp --c=1 --timeout=2000ms ${READER}`),
    );
  });

  s.test('where nobody answers the login server is asked, if it is there', async () => {
    const one = well();
    one.fake.after('ping', 'no reply');
    const part = openTailnet(one);
    one.fake.status(OFFLINE);
    one.context.time.ms += SILENCE_MS;
    const away = await part.step();
    const before = verbs(one);
    one.login.isThere = true;
    one.fake.after('up', { status: DELETED });
    one.context.time.ms += SILENCE_MS;
    await part.step();

    deepEqual([before, away.state.state], [[], 'joined']);
    match(away.state.reason ?? '', /^the login server is out of reach/);
    deepEqual(verbs(one), ['down', 'up']);
  });

  s.test('while the login server is away, an address that waits costs no tunnels', async () => {
    const one = well();
    one.fake.status({ Self: { ...SELF, Online: false } });
    const part = openTailnet(one);
    for (let i = 0; i < 4; i++) {
      await part.step();
      one.context.time.ms += 100_000;
    }

    deepEqual(verbs(one), []);
  });

  s.test('by hand it is asked at once, and a node that was deleted logs in again', async () => {
    const one = well();
    one.fake.after('ping', 'no reply');
    one.fake.after('up', { status: DELETED });
    const part = openTailnet({ ...one, isByHand: true });
    await part.step();
    one.fake.after('up', { status: APPROVED });
    const { state } = await part.step();

    deepEqual([state.state, state.reason], ['joined', null]);
    deepEqual([verbs(one), one.fake.keys()], [['down', 'up', 'up'], [KEY]]);
    // Without it `up` finds the node up already, and does not wait for its login.
    match(one.fake.changes().at(-1) ?? '', /--auth-key=file:\S+ --force-reauth/);
  });

  s.test(
    'a used key of a node that was deleted is refused, though it goes on being up',
    async () => {
      const askControl = async () => ({
        ok: true as const,
        value: { key: 'c'.repeat(48), expiresMs: 1e15 },
      });
      const one = well({ context: { askControl } });
      const said = 'You are logged out. The last login error was: authkey already used';
      one.fake.status(DELETED);
      one.fake.after('up', { status: { ...OFFLINE, Health: [said] } });
      const part = openTailnet(one);
      const refused = await part.step();
      one.fake.after('up', { status: APPROVED });
      one.context.time.ms += 60_000;
      const { state } = await part.step();

      deepEqual(
        [refused.state.state, refused.state.reason],
        ['needs-key', `the key was refused: ${said}`],
      );
      deepEqual([state.state, one.fake.keys()], ['joined', [KEY, 'c'.repeat(48)]]);
    },
  );

  s.test('by hand, without a key, it says what is so and what is missing', async () => {
    const one = well({ key: null });
    one.fake.after('ping', 'no reply');
    one.fake.after('up', { status: DELETED });
    const part = openTailnet({ ...one, isByHand: true });
    await part.step();
    const { state } = await part.step();

    equal(state.state, 'needs-key');
    match(
      state.reason ?? '',
      /^the login server does not know this node any more; there is no secret tailnet-key/,
    );
  });

  s.test('by hand, a node that is known is left alone', async () => {
    const one = well();
    const { state } = await openTailnet({ ...one, isByHand: true }).step();

    deepEqual([state.state, state.reason, verbs(one)], ['joined', null, []]);
  });

  s.test('to look tells a server that is down from one that does not speak to us', async () => {
    const one = well();
    one.fake.status(OFFLINE);
    const away = await readOnce(one);
    one.login.isThere = true;
    const deleted = await readOnce(one);
    one.fake.status(APPROVED);
    await readOnce(one);

    match(away.reason ?? '', /out of reach/);
    match(deleted.reason ?? '', /may have been deleted there: `flint tailnet join`/);
    equal(one.login.asked, 2);
    deepEqual(verbs(one), []);
  });

  s.test('three are asked: readers, and then who was heard last', () => {
    const peer = (TailscaleIPs: unknown, LastHandshake = '0001-01-01T00:00:00Z') => ({
      ...{ TailscaleIPs, LastHandshake },
    });
    const Peer = {
      a: peer(['100.64.0.2']),
      b: peer(['100.64.0.3'], '2026-01-02T00:00:00Z'),
      c: peer(['--help'], '2026-01-03T00:00:00Z'),
      d: peer(null),
      e: peer(['100.64.0.4'], '2026-01-01T00:00:00Z'),
    };
    const status = parseStatus(JSON.stringify({ ...STATUS, Peer }));
    if (status === null) throw new Error('the status of the case cannot be read');

    deepEqual(askedOf(status, [READER]), [READER, '100.64.0.3', '100.64.0.4']);
    deepEqual(askedOf({ ...status, peers: [] }, []), []);
  });
});
