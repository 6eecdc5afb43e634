// One enrolment against a control that verifies for real, and answers wrongly in every way.
import { equal, is, match, not } from 'uvu/assert';
import type { BoardClock } from '../../src/board/clock.ts';
import { enroll } from '../../src/board/enroll.ts';
import { type BoardFacts, readFacts } from '../../src/board/facts.ts';
import { ensureIdentity, type Identity } from '../../src/board/identity.ts';
import { type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { clientOf, NEVER } from './clients.ts';
import { inPlace } from './place.ts';

const MAC = '02:00:5e:10:00:01';

suite('board/enroll', (s) => {
  let control: FakeControl;
  let identity: Identity;
  let facts: BoardFacts;
  const heard: number[] = [];
  const clock: BoardClock = {
    nowMs: () => 1_795_000_000_000,
    state: () => 'synced',
    judgedDates: () => 'both',
    hear: (ms) => void heard.push(ms),
    remember: () => undefined,
  };

  s.before(async () => {
    control = await openFakeControl();
    await inPlace(({ places }) => {
      identity = ensureIdentity(places.identity).identity;
    });
    facts = { ...readFacts({ mac: MAC, interface: null, hardware: 'r2s' }, '1.2.3') };
  });

  s.after(() => control.close());

  async function attempt(claimToken: string | null = null): Promise<string> {
    const client = clientOf(control.origin, {}, 1_000);
    const outcome = await enroll({ client, identity, facts, claimToken, clock, signal: NEVER });
    if (!outcome.ok) return `${outcome.kind}: ${outcome.message}`;
    const { control: origin, probe, apiKey, boundMs } = outcome.credentials;
    equal([origin, boundMs], [control.origin, 1_795_000_000_000]);
    return `${probe} ${apiKey}`;
  }

  s.test('unknown and pending are the same refusal', async () => {
    const unknown = await attempt();
    control.register(MAC);

    match(unknown, /^refused: the control answered 403 \(not accepted \(yet\)\)$/);
    is(await attempt(), unknown);
    equal([control.payloads.length, heard.length], [2, 2]);
  });

  s.test('once approved it is bound, and each time it gets another key', async () => {
    control.approve(MAC);
    const first = await attempt();
    const second = await attempt();

    match(first, /^probe1 flint_probe_/);
    match(second, /^probe1 flint_probe_/);
    is(first === second, false);
  });

  s.test('it says what it is, signed', () => {
    const payload = control.payloads.at(-1);
    equal(payload, {
      mac: MAC,
      publicKey: identity.publicKey,
      model: facts.model,
      hardware: 'r2s',
      version: '1.2.3',
      node: process.version.slice(1),
      sshHostKey: facts.sshHostKey,
      claimToken: null,
    });
  });

  s.test('a claim token binds at once', async () => {
    const probe = control.register(MAC, 'flint_claim_abcdefgh');

    match(await attempt('flint_claim_wrongwrong'), /^refused/);
    match(await attempt('flint_claim_abcdefgh'), /^probe/);
    is(probe.publicKey, identity.publicKey);
  });

  s.test('an answer without a good key binds nothing', async () => {
    const edit = (change: object) => (body: string) =>
      JSON.stringify({ ...JSON.parse(body), ...change });
    for (const change of [{ apiKey: null }, { apiKey: '' }, { probe: null }, { nowMs: -1 }]) {
      control.once('enroll', { kind: 'change', change: edit(change) });
      match(await attempt(), /^invalid/);
    }
    for (const change of [{ nonce: null }, { nonce: 'a\nb'.repeat(20) }, { nowMs: null }]) {
      control.once('challenge', { kind: 'change', change: edit(change) });
      match(await attempt(), /^invalid/);
    }
  });

  s.test(
    'a nonce that is not the control’s own is refused there, and a lost reply is no loss',
    async () => {
      control.once('challenge', {
        kind: 'change',
        change: (body) => JSON.stringify({ ...JSON.parse(body), nonce: 'n'.repeat(43) }),
      });
      match(await attempt(), /^refused/);

      control.once('enroll', { kind: 'cut', when: 'after' });
      match(await attempt(), /^unreachable/);
      match(await attempt(), /^probe/);
    },
  );

  s.test('what was signed for one control is worth nothing at another', async () => {
    const other = await openFakeControl();
    other.register(MAC, 'flint_claim_abcdefgh');
    try {
      // A control in the middle that passes everything on.
      const client = { ...clientOf(other.origin), origin: control.origin };
      const claimToken = 'flint_claim_abcdefgh';
      const outcome = await enroll({ client, identity, facts, claimToken, clock, signal: NEVER });

      is(outcome.ok, false);
      not.equal(control.origin, other.origin);
      is(other.payloads.length, 0);
    } finally {
      await other.close();
    }
  });
});
