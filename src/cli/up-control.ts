// The control of `flint up`, a process of its own: everybody on this machine may look at its pages,
// and the link that it makes lets its owner change things.

import { parseControlConfig } from '../control/config.ts';
import { startControl } from '../control/control.ts';
import { loadDriver } from '../control/db.ts';
import { readHardware } from '../control/hardware.ts';
import { ProbeError } from '../core/error.ts';
import { writeWhole } from '../host/file.ts';
import { openUpPart } from './up-part.ts';
import { seedUp } from './up-seed.ts';
import { version } from './version.ts';

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

await openUpPart<UpControlWish>(async ({ wish, log, ended }) => {
  const hardware = readHardware();
  const control = await startControl({
    config: configOf(wish.port),
    stateDirectory: wish.stateDirectory,
    version: version(),
    log,
    hardware,
    isOpenToRead: true,
  });
  try {
    const { claimToken, loginLink } = await seedUp(control.context, wish.mac);
    if (claimToken !== null) writeWhole(wish.claimTokenFile, `${claimToken}\n`);
    const ready = { origin: control.origin, loginLink, hasClaimToken: claimToken !== null };
    await ended(ready satisfies UpControlReady);
  } finally {
    await control.stop();
  }
}, loadDriver);

function configOf(port: number) {
  const parsed = parseControlConfig({ schema: 1, listen: { address: '127.0.0.1', port } });
  if (parsed.ok) return parsed.config;
  const why = parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new ProbeError('ERR_CONFIG_INVALID', why);
}
