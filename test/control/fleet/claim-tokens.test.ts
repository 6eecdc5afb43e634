import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import {
  listClaimTokens,
  makeClaimToken,
  revokeClaimToken,
} from '../../../src/control/fleet/claim-tokens.ts';
import { removeProbe } from '../../../src/control/fleet/probes.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { CLAIM_TOKEN_INPUT } from '../../../src/core/fleet-boards.ts';
import { suite } from '../../helper.ts';
import { add, audits, inLab, macOf, refused } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';

suite('control/fleet/claim-tokens', ({ test }) => {
  test('a token is told once, and only its digest is kept', async () => {
    await inLab(async ({ context }) => {
      const { token, ...made } = await make(context, { label: 'batch 7', uses: 20 });
      assert.match(token, /^flint_claim_[A-Za-z0-9_-]{43}$/);
      assert.equal([made.usesMax, made.uses, made.probe], [20, 0, null]);
      assert.equal(await listClaimTokens(context), [made]);
      const row = await context.store.db.selectFrom('claim_tokens').selectAll().executeTakeFirst();
      assert.is(row?.tokenSha256, createHash('sha256').update(token).digest('hex'));
      const log = JSON.stringify(await audits(context));
      assert.not.match(log, new RegExp(token.slice('flint_claim_'.length)));
      assert.match(log, /claim-token\.make/);
    });
  });

  test('a token for one probe goes with it', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      assert.is((await make(context, { label: 'x', probe: 'probe01' })).probe, 'probe01');
      await refused(make(context, { label: 'x', probe: 'nobody' }), 'ERR_NOT_FOUND', /nobody/);
      await removeProbe(context, SYSTEM, 'probe01');
      assert.equal(await listClaimTokens(context), []);
    });
  });

  test('what is revoked stays revoked since the first time', async () => {
    await inLab(async ({ context, clock }) => {
      const { id } = await make(context, { label: 'x' });
      const revoked = await revokeClaimToken(context, SYSTEM, id);
      assert.is(revoked.revokedMs, clock.nowMs);
      clock.nowMs += 1000;
      assert.equal(await revokeClaimToken(context, SYSTEM, id), revoked);
      assert.is((await audits(context)).length, 2);
      await refused(revokeClaimToken(context, SYSTEM, 99), 'ERR_NOT_FOUND', /99/);
    });
  });
});

async function make(context: ControlContext, input: v.InferInput<typeof CLAIM_TOKEN_INPUT>) {
  return await makeClaimToken(context, SYSTEM, v.parse(CLAIM_TOKEN_INPUT, input));
}
