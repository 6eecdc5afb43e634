import { deepEqual, equal, match } from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_NFT, openNft } from '../../../src/board/lockdown/nft.ts';
import { suite } from '../../helper.ts';

/** A program called nft that does what the script says. */
async function withProgram(script: string, use: (path: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-nft-'));
  try {
    writeFileSync(join(directory, 'nft'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, 'nft'), 0o755);
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const VERSION = '[ "$1" = --version ] && echo "nftables v9" && exit 0';

suite('the program nft', (s) => {
  s.test('a table that is not there is none, and no failure', () =>
    withProgram(`${VERSION}\necho "Error: No such file or directory" >&2; exit 1`, async (path) => {
      const opened = await openNft({ env: { PATH: path } });

      equal(opened.ok && opened.nft.version, 'nftables v9');
      deepEqual(opened.ok && (await opened.nft.list()), { ok: true, text: null });
    }),
  );

  s.test('what it says when it refuses is told, without what steers terminals', () =>
    withProgram(
      `${VERSION}\nprintf '/dev/stdin:3:1-5: Error: \\033[31msyntax\\nx\\n^^^\\n' >&2; exit 1`,
      async (path) => {
        const opened = await openNft({ env: { PATH: path } });
        const done = opened.ok ? await opened.nft.load('nonsense') : null;

        deepEqual(done, { ok: false, reason: '/dev/stdin:3:1-5: Error: ?[31msyntax' });
      },
    ),
  );

  s.test('a right that is missing is named', () =>
    withProgram(
      `${VERSION}\necho "Operation not permitted (you must be root)" >&2; exit 1`,
      async (path) => {
        const opened = await openNft({ env: { PATH: path } });
        const done = opened.ok ? await opened.nft.list() : null;

        match(done?.ok === false ? done.reason : '', /EPERM.*CAP_NET_ADMIN/);
      },
    ),
  );

  s.test('one that does not run is none', () =>
    withProgram('exit 9', async (path) => {
      const opened = await openNft({ env: { PATH: path } });
      match(opened.ok ? '' : opened.reason, /does not run/);
    }),
  );

  s.test('for paper there is one that does nothing', async () => {
    equal((await NO_NFT.load('')).ok || (await NO_NFT.list()).ok, false);
  });
});
