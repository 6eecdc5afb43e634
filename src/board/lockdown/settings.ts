import * as v from 'valibot';
import { expecting, flag, objectMessage, wholeNumber } from '../../core/config-value.ts';
import { MACHINE_ADDRESS, MACHINES, RANGE } from '../given-address.ts';

// The section `lockdown` of agent.json: who may reach this board, and what it may reach in private
// networks. It comes with the image: the control has no word in it.

const ADDRESSES = v.pipe(
  v.array(MACHINE_ADDRESS, expecting('an array of addresses')),
  v.maxLength(16, expecting('at most 16 addresses')),
);

/** Above are the probes' own: they are not tracked, so that nobody would be answered there. */
const SERVICE_PORT = wholeNumber(1, 61_439);

export const LOCKDOWN_SETTINGS = v.strictObject(
  {
    enable: v.optional(flag(), true),
    /** From where SSH is let in, on the mesh alone. */
    jumpHosts: v.optional(ADDRESSES, []),
    sshPort: v.optional(SERVICE_PORT, 22),
    /** Of the daemon's page; let in from the readers of the mesh. */
    pagePort: v.optional(SERVICE_PORT, 9740),
    /**
     * UDP port of the mesh that anybody may send to. Null: WireGuard's own `listenPort`, and none
     * for tailscaled, which finds its peers without one.
     */
    meshPort: v.optional(v.nullable(wholeNumber(1, 65_535)), null),
    /** More that the board must reach in private networks: addresses, ranges or host names. */
    infra: v.optional(
      v.pipe(v.array(MACHINES, expecting('an array')), v.maxLength(64, expecting('at most 64'))),
      [],
    ),
    /** Private ranges that may be measured: those of the policy, said again for the kernel. */
    measured: v.optional(
      v.pipe(
        v.array(RANGE, expecting('an array of ranges')),
        v.maxLength(256, expecting('at most 256 ranges')),
      ),
      [],
    ),
  },
  objectMessage('the settings of the lockdown'),
);

export type LockdownSettings = v.InferOutput<typeof LOCKDOWN_SETTINGS>;
