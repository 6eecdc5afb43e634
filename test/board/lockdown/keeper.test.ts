import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { infraCount, type Keeper, openKeeper } from '../../../src/board/lockdown/keeper.ts';
import type { Lease } from '../../../src/board/lockdown/lease.ts';
import { wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { suite } from '../../helper.ts';
import { type FakeNft, openFakeNft } from './fake-nft.ts';
import { agentSettings, lockdownSettings, TAILNET } from './settings-samples.ts';

interface Kept {
  directory: string;
  warnings: string[];
  open(nft: FakeNft, settings?: Record<string, unknown>): Keeper;
}

async function inDirectory(use: (kept: Kept) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-keeper-'));
  const warnings: string[] = [];
  const open = (nft: FakeNft, settings: Record<string, unknown> = {}): Keeper =>
    openKeeper({
      settings: lockdownSettings(settings),
      wanted: wantedOf(agentSettings({ tailnet: TAILNET })),
      stateDirectory: join(directory, 'lockdown'),
      nft,
      nowMs: () => 1000,
      warn: (message) => void warnings.push(message),
    });
  try {
    await use({ directory, warnings, open });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function leaseWith(changes: Partial<Lease>): Lease {
  const none = { gateways: [], resolvers: [], timeServers: [], leaseServers: [], near: [] };
  return { ...none, ...changes };
}

suite('the keeper of the lockdown', (s) => {
  s.test('what it loads is ours, and stays so for the next who looks', () =>
    inDirectory(async ({ open }) => {
      const nft = openFakeNft();
      const keeper = open(nft);

      deepEqual(await keeper.apply(), { ok: true });

      for (const one of [keeper, open(nft)]) {
        deepEqual(await one.inspect(), { ok: true, table: 'ours', drift: [], stale: [] });
        equal(one.appliedMs(), 1000);
      }
    }),
  );

  s.test('another lease changes sets and nothing else', () =>
    inDirectory(async ({ open }) => {
      const nft = openFakeNft();
      const keeper = open(nft);
      await keeper.apply();

      equal(keeper.learn(leaseWith({ gateways: ['192.168.1.1'] }), []), true);
      const found = await keeper.inspect();
      deepEqual(found, { ok: true, table: 'ours', drift: [], stale: ['infra4'] });
      deepEqual(await keeper.fill(['infra4']), { ok: true });

      equal(nft.loaded.at(-1)?.includes('chain'), false);
      deepEqual(await keeper.inspect(), { ok: true, table: 'ours', drift: [], stale: [] });
      equal(infraCount(keeper.sets()), 1);
      equal(keeper.learn(leaseWith({ gateways: ['192.168.1.1'] }), []), false);
      // The next boot, before its network: the gateway is known.
      deepEqual(open(openFakeNft()).sets().infra4, ['192.168.1.1']);
    }),
  );

  s.test('somebody else’s doing is told apart from our own', () =>
    inDirectory(async ({ open }) => {
      const nft = openFakeNft();
      const keeper = open(nft);
      await keeper.apply();
      nft.table = nft.table?.replace('policy drop', 'policy accept') ?? '';

      const found = await keeper.inspect();

      equal(found.ok && found.drift.length, 2);
      const after = await open(nft, { sshPort: 23 }).inspect();
      equal(after.ok && after.table, 'foreign');
      nft.table = null;
      const gone = await keeper.inspect();
      deepEqual(gone.ok && [gone.table, gone.drift], ['missing', ['the table is not there']]);
    }),
  );

  s.test('another nft has other words: what was kept of them means nothing', () =>
    inDirectory(async ({ open }) => {
      await open(openFakeNft()).apply();
      const newer = openFakeNft('nft 2');
      newer.table = 'table inet flint {\n}';

      const found = await open(newer).inspect();

      equal(found.ok && found.table, 'foreign');
    }),
  );

  s.test('what nft refuses, or takes otherwise, is no success', () =>
    inDirectory(async ({ open }) => {
      const nft = openFakeNft();
      nft.refusal = 'Error: no';
      deepEqual(await open(nft).apply(), { ok: false, reason: 'Error: no' });
      deepEqual(await open(nft).inspect(), { ok: false, reason: 'Error: no' });

      const lying = openFakeNft();
      const { list } = lying;
      lying.list = async () => {
        const listed = await list();
        const text = listed.ok ? (listed.text ?? '') : '';
        return { ok: true, text: text.replace(/.*drop-input drop\n/, '') };
      };
      const done = await open(lying).apply();
      match(done.ok ? '' : done.reason, /otherwise: chain input has \d+ lines/);
    }),
  );

  s.test(
    'names that were answered are kept, and what is of the mesh is not let out elsewhere',
    () =>
      inDirectory(async ({ open }) => {
        const keeper = open(openFakeNft(), {
          infra: ['cache.example', 'fd12:3:4::5', '10.9.0.0/16'],
        });

        keeper.learn(null, [
          { host: 'control.example', addresses: ['10.0.0.80'] },
          { host: 'headscale.example', addresses: ['100.99.0.1', '203.0.113.1'] },
          { host: 'cache.example', addresses: ['10.0.0.9'] },
          { host: 'stranger.example', addresses: ['10.0.0.66'] },
        ]);

        const { infra4, infra6, services4 } = keeper.sets();
        deepEqual(infra4, ['10.0.0.9', '10.0.0.80', '10.9.0.0/16', '203.0.113.1']);
        deepEqual(infra6, []);
        equal(services4.includes('100.99.0.1 . tcp . 8443'), true);
      }),
  );

  s.test('state that cannot be read or written leaves the board shut', () =>
    inDirectory(async ({ directory, open, warnings }) => {
      writeFileSync(join(directory, 'lockdown'), 'a file where the directory should be');

      deepEqual(await open(openFakeNft()).apply(), { ok: true });

      equal(warnings.length, 2);
    }),
  );
});
