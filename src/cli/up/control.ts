// The control of `flint up`, a process of its own: everybody on this machine may look at its pages,
// and the link that it makes lets its owner change things.

import { type Control, startControl } from '../../control/control.ts';
import { readHardware } from '../../control/fleet/hardware.ts';
import { parseControlConfig } from '../../control/request/config.ts';
import { loadSqlite } from '../../control/store/db.ts';
import { ProbeError } from '../../core/error.ts';
import { isRoot } from '../../engine/privileges.ts';
import { writeWhole } from '../../host/file.ts';
import type { Log } from '../../host/log.ts';
import { version } from '../version.ts';
import { openUpPart } from './part.ts';
import { rehearse } from './rehearsal.ts';
import { linkForOwner, type Seeded, seedUp } from './seed.ts';

/** What the supervisor hands over. */
export interface UpControlWish {
  stateDirectory: string;
  port: number;
  mac: string;
  claimTokenFile: string;
}

/** What is told when it listens. */
export interface UpControlReady {
  origin: string;
  loginLink: string | null;
  hasClaimToken: boolean;
}

// Read while it still can be: whoever root becomes may not see where they lie.
const VERSION = version();
const HARDWARE = readHardware();

await openUpPart<UpControlWish>(async ({ wish, log, ended }) => {
  let seeded: Seeded | null = null;
  const control = await startControl({
    config: configOf(wish.port),
    stateDirectory: wish.stateDirectory,
    version: VERSION,
    log,
    hardware: HARDWARE,
    isOpenToRead: true,
    async prepare(context) {
      seeded = await seedUp(context, wish.mac);
    },
  });
  try {
    await ended(await readyOf(control, wish, seeded));
  } finally {
    await control.stop();
  }
}, load);

async function load(log: Log): Promise<void> {
  loadSqlite();
  const options = { config: configOf(0), version: VERSION, log, hardware: HARDWARE };
  if (isRoot()) await rehearse({ ...options, isOpenToRead: true });
}

// The link holds the port, which is known only now.
async function readyOf(
  { origin, context }: Control,
  { claimTokenFile }: UpControlWish,
  seeded: Seeded | null,
): Promise<UpControlReady> {
  const claimToken = seeded?.claimToken ?? null;
  if (claimToken !== null) writeWhole(claimTokenFile, `${claimToken}\n`);
  const loginLink = await linkForOwner(context);
  return { origin, loginLink, hasClaimToken: claimToken !== null };
}

function configOf(port: number) {
  const parsed = parseControlConfig({ schema: 1, listen: { address: '127.0.0.1', port } });
  if (parsed.ok) return parsed.config;
  const why = parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new ProbeError('ERR_CONFIG_INVALID', why);
}
