import * as assert from 'uvu/assert';
import {
  approveProbe,
  disableProbe,
  enableProbe,
  rearmProbe,
  refuseCandidate,
  replaceProbe,
} from '../../../src/control/fleet/binding.ts';
import { showProbe } from '../../../src/control/fleet/detail.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { suite } from '../../helper.ts';
import {
  add,
  askToBe,
  askUnknown,
  audits,
  inLab,
  keyOf,
  macOf,
  refused,
  say,
} from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';
import { reportOf } from '../report-lab.ts';

suite('control/fleet/binding', ({ test }) => {
  test('approval binds the key that a person compared, in whatever way he writes it', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      await askToBe(context, 'probe01', 1);
      const fingerprint = await askToBe(context, 'probe01', 2);
      const written = fingerprint.toUpperCase().replaceAll(' ', '');
      const row = await approveProbe(context, SYSTEM, 'probe01', { fingerprint: written });
      assert.equal([row.state, row.model], ['bound', 'Board']);
      const detail = await showProbe(context, 'probe01');
      assert.equal([detail.fingerprint, detail.candidates], [fingerprint, []]);
      assert.is(detail.sshHostKey, 'ssh-ed25519 AAAA');
    });
  });

  test('a second click approves nothing more', async () => {
    await inLab(async ({ context }) => {
      const fingerprint = await pending(context);
      await approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      const before = await audits(context);
      await approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      assert.is((await audits(context)).length, before.length);
    });
  });

  test('of two operators who approve two boards at once one learns that he was late', async () => {
    await inLab(async ({ context }) => {
      const one = await pending(context);
      const other = await askToBe(context, 'probe01', 2);
      const results = await Promise.allSettled(
        [one, other].map((fingerprint) =>
          approveProbe(context, SYSTEM, 'probe01', { fingerprint }),
        ),
      );
      assert.equal(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      );
      const late = results[1]?.status === 'rejected' ? results[1].reason : null;
      assert.is(late.code, 'ERR_CONFLICT');
      assert.match(late.message, /bound to another board .*: re-arm it first/);
      assert.is((await showProbe(context, 'probe01')).fingerprint, one);
    });
  });

  test('one board cannot be two probes', async () => {
    await inLab(async ({ context }) => {
      const fingerprint = await pending(context);
      await add(context, { mac: macOf(2) });
      await askToBe(context, 'probe02', 1);
      await approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      const again = approveProbe(context, SYSTEM, 'probe02', { fingerprint });
      await refused(again, 'ERR_CONFLICT', /is probe01 already/);
      assert.is((await showProbe(context, 'probe02')).state, 'pending');
    });
  });

  test('nobody is approved whom nobody asked for', async () => {
    await inLab(async ({ context }) => {
      await pending(context);
      const { fingerprint } = keyOf(9);
      const other = approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      await refused(other, 'ERR_NOT_FOUND', /asks to be probe01/);
      await refused(
        approveProbe(context, SYSTEM, 'nobody', { fingerprint }),
        'ERR_NOT_FOUND',
        /nobody/,
      );
    });
  });

  test('who is refused is gone, and a second click is no error', async () => {
    await inLab(async ({ context }) => {
      const fingerprint = await pending(context);
      await askToBe(context, 'probe01', 2);
      await refuseCandidate(context, SYSTEM, 'probe01', { fingerprint });
      await refuseCandidate(context, SYSTEM, 'probe01', { fingerprint });
      const { candidates } = await showProbe(context, 'probe01');
      assert.equal(
        candidates.map((one) => one.fingerprint),
        [keyOf(2).fingerprint],
      );
      const refusals = (await audits(context)).filter(({ action }) => action === 'probe.refuse');
      assert.is(refusals.length, 1);
    });
  });

  test('a disabled probe’s API key ends at once, and its board keeps its place', async () => {
    await inLab(async ({ context, ask, probe }) => {
      const { bearer } = await probe('probe01');
      const config = { url: '/api/v1/config', as: { bearer } };
      assert.is((await ask(config)).status, 200);
      const row = await disableProbe(context, SYSTEM, 'probe01');
      assert.equal([row.state, row.health], ['disabled', 'disabled']);
      assert.is((await ask(config)).status, 401);
      const before = await audits(context);
      await disableProbe(context, SYSTEM, 'probe01');
      assert.is((await audits(context)).length, before.length);
      const enabled = await enableProbe(context, SYSTEM, 'probe01');
      assert.is(enabled.state, 'registered');
      await enableProbe(context, SYSTEM, 'probe01');
      assert.is((await ask(config)).status, 401, 'the old key stays dead');
      const actions = (await audits(context)).map(({ action }) => action);
      assert.equal(actions, ['probe.disable', 'probe.enable']);
    });
  });

  test('a disabled probe is not approved', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      await disableProbe(context, SYSTEM, 'probe01');
      const fingerprint = await askToBe(context, 'probe01', 1);
      const approval = approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      await refused(approval, 'ERR_CONFLICT', /disabled: enable it first/);
    });
  });

  test('to re-arm forgets key, API keys and what was last said', async () => {
    await inLab(async ({ context }) => {
      const fingerprint = await pending(context);
      await approveProbe(context, SYSTEM, 'probe01', { fingerprint });
      await giveKey(context);
      await say(context, 'probe01', reportOf());
      const row = await rearmProbe(context, SYSTEM, 'probe01');
      assert.equal(
        [row.state, row.health, row.seenMs, row.model],
        ['registered', 'waiting', null, null],
      );
      assert.is((await keys(context)).length, 0);
      const before = await audits(context);
      await rearmProbe(context, SYSTEM, 'probe01');
      assert.is((await audits(context)).length, before.length);
      const entry = before.at(-1);
      assert.is(entry?.action, 'probe.rearm');
      assert.is(JSON.parse(entry?.before ?? '').fingerprint, fingerprint);
    });
  });

  test('replaced hardware has another MAC, and name, address and groups stay', async () => {
    await inLab(
      async ({ context }) => {
        const fingerprint = await pending(context);
        await approveProbe(context, SYSTEM, 'probe01', { fingerprint });
        await giveKey(context);
        await askUnknown(context, macOf(9), 5);
        const row = await replaceProbe(context, SYSTEM, 'probe01', { mac: '02005e000009' });
        assert.equal([row.mac, row.address, row.state], [macOf(9), '192.0.2.1', 'pending']);
        assert.is((await keys(context)).length, 0);
        const found = await approveProbe(context, SYSTEM, 'probe01', keyOf(5));
        assert.is(found.state, 'bound');
        const again = await replaceProbe(context, SYSTEM, 'probe01', { mac: macOf(9) });
        assert.is(again.state, 'bound', 'a second click takes nothing away');
      },
      { config: { addressPrefix: '192.0.2.0/24' } },
    );
  });

  test('a MAC that another probe has replaces nothing', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      await add(context, { mac: macOf(2) });
      const same = replaceProbe(context, SYSTEM, 'probe01', { mac: macOf(2) });
      await refused(same, 'ERR_CONFLICT', /that of probe02 already/);
      const odd = replaceProbe(context, SYSTEM, 'probe01', { mac: macOf(3), hardware: 'toaster' });
      await refused(odd, 'ERR_INPUT_INVALID', /toaster/);
      assert.is((await showProbe(context, 'probe01')).mac, macOf(1));
    });
  });
});

/** probe01, and the fingerprint of a board that asks to be it. */
async function pending(context: ControlContext): Promise<string> {
  await add(context, { mac: macOf(1) });
  return await askToBe(context, 'probe01', 1);
}

async function giveKey(context: ControlContext): Promise<void> {
  await context.store.write(async (db) => {
    const { id } = await db.selectFrom('probes').select('id').executeTakeFirstOrThrow();
    const row = { keySha256: 'f'.repeat(64), probeId: id, createdMs: 1, usedMs: null };
    await db.insertInto('probe_keys').values(row).execute();
  });
}

async function keys({ store }: ControlContext) {
  return await store.db.selectFrom('probe_keys').selectAll().execute();
}
