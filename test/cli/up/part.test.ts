// The three processes of `flint up`, each by itself, started and ended as the command does it.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { type Child, startChild } from '../../../src/cli/up/children.ts';
import { prepareUp, type UpPlaces } from '../../../src/cli/up/places.ts';
import { suite } from '../../helper.ts';

const END_MS = 6000;

async function inPlaces(run: (places: UpPlaces) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-up-part-'));
  // Whoever root becomes must get through.
  chmodSync(directory, 0o755);
  try {
    await run(prepareUp(join(directory, 'state')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function startPart<T>(name: string, wish: object): Child<T> {
  const module = new URL(`../../../src/cli/up/${name}.ts`, import.meta.url);
  const env = { FLINT_UP_PART: JSON.stringify(wish) };
  return startChild<T>({ name, module, args: [], env, readyMs: 20_000 }, () => undefined);
}

suite('up-part', (s) => {
  s.test('the control listens, is open to read and closed to change', () =>
    inPlaces(async ({ state, claimToken }) => {
      const wish = { stateDirectory: state, port: 0, mac: '02:00:5e:10:00:01' };
      const control = startPart<{ origin: string; loginLink: string; hasClaimToken: boolean }>(
        'control',
        { ...wish, claimTokenFile: claimToken },
      );
      const { origin, loginLink, hasClaimToken } = await control.ready;
      const read = await fetch(`${origin}/api/v1/probes`);
      const change = await fetch(`${origin}/api/v1/probes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"mac":"02:00:5e:10:00:02"}',
      });
      const end = await control.end(END_MS);

      equal([read.status, change.status], [200, 401]);
      ok(loginLink.startsWith(`${origin}/login/link/`));
      is(hasClaimToken, true);
      match(readFileSync(claimToken, 'utf8'), /^flint_claim_/);
      equal([end.code, end.signal], [0, null], end.lastLines.join('\n'));
    }),
  );

  s.test('the agent waits for a control that is not there, and ends at once', () =>
    inPlaces(async ({ state, run }) => {
      const agent = startPart<null>('agent', {
        ...{ control: 'http://127.0.0.1:9', stateDirectory: state, runDirectory: run },
        ...{ mac: '02:00:5e:10:00:01', claimTokenFile: null },
      });
      await agent.ready;
      const end = await agent.end(END_MS);

      equal([end.code, end.signal], [0, null], end.lastLines.join('\n'));
      match(readFileSync(join(state, 'agent', 'identity.pem'), 'utf8'), 'PRIVATE KEY');
    }),
  );

  s.test('the probe listens, and says by which stamps it measures', () =>
    inPlaces(async ({ state, run, policy }) => {
      const wish = { port: 0, stateDirectory: state, runDirectory: run, policyFile: policy };
      const probe = startPart<{ port: number; stamps: string }>('probe', wish);
      const { port, stamps } = await probe.ready;
      const { status } = await fetch(`http://127.0.0.1:${port}/healthz`);
      const end = await probe.end(END_MS);

      is(status, 200);
      match(stamps, /^(kernel|kernel-us|user)$/);
      equal([end.code, end.signal], [0, null], end.lastLines.join('\n'));
    }),
  );
});
