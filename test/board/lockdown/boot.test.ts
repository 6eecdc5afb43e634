import { deepEqual, equal, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { basisOf } from '../../../src/board/lockdown/boot.ts';
import { NOTHING_KEPT, saveKept } from '../../../src/board/lockdown/kept.ts';
import { suite } from '../../helper.ts';
import { agentSettings, lockdownSettings } from './settings-samples.ts';

function broken(): never {
  throw new Error('agent.json: not JSON');
}

function inDirectory(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-boot-'));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

suite('by which settings a board is shut', (s) => {
  s.test('by its own, where they ask for it', () =>
    inDirectory((directory) => {
      const own = agentSettings({ lockdown: { sshPort: 23 } });
      const basis = basisOf(() => own, directory, true);

      equal(basis.kind === 'settings' && basis.settings.sshPort, 23);
      for (const lockdown of [undefined, { enable: false }]) {
        const off = agentSettings(lockdown === undefined ? {} : { lockdown });
        deepEqual(
          basisOf(() => off, directory, true),
          { kind: 'off' },
        );
      }
    }),
  );

  s.test('at boot by those of before, when its own cannot be read', () =>
    inDirectory((directory) => {
      const settings = lockdownSettings({ sshPort: 2200 });
      const wanted = { mesh: null, readers: [], endpoints: [] };
      saveKept(directory, { ...NOTHING_KEPT, basis: { settings, wanted } });

      const basis = basisOf(broken, directory, true);

      deepEqual(basis, { kind: 'kept', settings, wanted, reason: 'agent.json: not JSON' });
    }),
  );

  s.test('at boot it is shut to all, when there never were any', () =>
    inDirectory((directory) => {
      const basis = basisOf(broken, directory, true);

      equal(basis.kind, 'closed');
      equal(basis.kind === 'closed' && basis.wanted.mesh, null);
    }),
  );

  s.test('a person who asks is told instead', () =>
    inDirectory((directory) => throws(() => basisOf(broken, directory, false), /not JSON/)),
  );
});
