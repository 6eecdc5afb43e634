import { reasonOf } from '../places.ts';
import { meshFault } from './mesh-device.ts';
import { fixedAddressOf } from './tailnet-act.ts';
import { loadKept, saveKept, type TailnetKept } from './tailnet-kept.ts';
import type { Tailnet } from './tailnet-machine.ts';
import type { TailscaleFault } from './tailscale-client.ts';
import type { TailscalePrefs, TailscaleStatus } from './tailscale-status.ts';

// How tailscaled and its interface stand now.

export interface Look {
  /** Null when tailscaled did not say; then there is a fault. */
  known: { status: TailscaleStatus; prefs: TailscalePrefs } | null;
  fault: { fault: TailscaleFault; reason: string } | null;
  /** Null while there is no such interface. */
  onInterface: readonly string[] | null;
  clientVersion: string | null;
  /** Asked only where it does not speak to tailscaled. */
  serverAnswers: boolean;
}

/** Reads, and changes nothing. */
export async function look(tailnet: Tailnet): Promise<Look> {
  const { client } = tailnet;
  const onInterface = await addressesOn(tailnet);
  const status = await client.status(true);
  const prefs = status.ok ? await client.prefs() : status;
  if (status.ok && prefs.ok) {
    const known = { status: status.value, prefs: prefs.value };
    const serverAnswers = isUnspoken(known.status) && (await tailnet.server.answers());
    return { known, fault: null, onInterface, clientVersion: null, serverAnswers };
  }
  const { fault, reason } = status.ok ? (prefs as { ok: false } & typeof prefs) : status;
  const version = fault === 'missing' ? null : await client.version();
  const clientVersion = version?.ok === true ? version.value : null;
  const what = { fault, reason };
  return { known: null, fault: what, onInterface, clientVersion, serverAnswers: false };
}

function isUnspoken({ backend, needsLogin, self }: TailscaleStatus): boolean {
  return backend === 'Running' && !needsLogin && !self.Online;
}

/**
 * Puts the fixed address on the interface and takes an earlier one of ours away; says why not, or
 * null. Throws ERR_STATE_IO.
 */
export async function mendAddress(tailnet: Tailnet, seen: Look): Promise<string | null> {
  const { tool, settings } = tailnet;
  const { onInterface } = seen;
  if (onInterface === null) return null;
  const address = fixedAddressOf(tailnet);
  await removeFormer(tailnet, address);
  if (address === null) return null;
  const device = settings.interface;
  const fault = meshFault(device);
  if (fault !== null) return fault;
  if (onInterface.includes(address)) return null;
  noteApplied(tailnet, { device, address });
  const failure = await tool.add(device, address);
  if (failure === null) seen.onInterface = [...onInterface, address];
  return failure === null ? null : `${address} cannot be put on ${device}: ${failure}`;
}

// Before it is there: what is noted and not there is harmless. A full disk costs no more than that
// the address is not taken away should the configuration name another.
function noteApplied({ places, context }: Tailnet, applied: TailnetKept['applied']): void {
  try {
    saveKept(places, { applied });
  } catch (error) {
    context.voice.trouble('tailnet address', `the address is not noted: ${reasonOf(error)}`);
  }
}

/** Takes away every address of ours. Throws ERR_STATE_IO. */
export async function removeAddresses(tailnet: Tailnet): Promise<void> {
  await removeFormer(tailnet, null);
  const address = fixedAddressOf(tailnet);
  if (address !== null) await tailnet.tool.remove(tailnet.settings.interface, address);
}

/** Takes away what we put on the interface, unless it is `keep`. Throws ERR_STATE_IO. */
async function removeFormer({ tool, places }: Tailnet, keep: string | null) {
  const { applied } = loadKept(places);
  if (applied === null || applied.address === keep) return;
  await tool.remove(applied.device, applied.address);
  saveKept(places, { applied: null });
}

async function addressesOn({ tool, settings }: Tailnet): Promise<readonly string[] | null> {
  const told = await tool.addressesOf(settings.interface);
  return told.ok ? told.addresses : null;
}
