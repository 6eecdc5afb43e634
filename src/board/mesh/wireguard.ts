// WireGuard as the mesh of a board. A step compares the interface with the settings and mends what
// differs, and only that: sessions outlive it. What cannot be right is no interface at all, so that
// the probe, which listens on its address alone, is not there either.
import type { MeshState } from '../../core/board-state.ts';
import { readSecret } from '../../host/secret.ts';
import type { BoardPart, PartContext, PartStep } from '../part.ts';
import { reasonOf } from '../places.ts';
import type { MeshPlaces } from './places.ts';
import { openResolver } from './resolve.ts';
import type { WireguardSettings } from './settings.ts';
import { type Device, openDevice } from './wireguard-device.ts';
import { type Endpoints, openEndpoints } from './wireguard-endpoint.ts';
import { keep, readBootId, readKept } from './wireguard-kept.ts';
import { ensureKey, type WireguardKey } from './wireguard-key.ts';
import { type Liveness, noMesh, openLiveness } from './wireguard-live.ts';
import { stateOf } from './wireguard-look.ts';
import { mendLink, mendPeers } from './wireguard-mend.ts';
import { planWireguard, type WireguardPlan } from './wireguard-plan.ts';
import { isOurs, removeForGood, removeInterface } from './wireguard-remove.ts';
import { findTools, readDump, readMachine, type Tools } from './wireguard-tools.ts';

export interface WireguardOptions {
  settings: WireguardSettings;
  context: PartContext;
  places: MeshPlaces;
  /** For a command that ends: wireguard-go is left running behind it. */
  isLasting?: boolean;
}

const JOINED_STEP_MS = 5000;
const JOINING_STEP_MS = 1000;
/** Somebody mends it by hand, and looks whether it helped. */
const FAILED_STEP_MS = 2000;
const OFF_STEP_MS = 60_000;

export function openWireguard(options: WireguardOptions): BoardPart<'mesh'> {
  const { settings, context } = options;
  const monoMs = (): number => performance.now();
  let last: MeshState | null = null;
  let running: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  const run: Run = {
    ...options,
    device: openDevice({
      onEnd: () => void (isClosed || step()),
      monoMs,
      isLasting: options.isLasting ?? false,
    }),
    endpoints: openEndpoints({ resolve: openResolver(), monoMs }),
    liveness: openLiveness({ nowMs: Date.now, monoMs }),
    place: null,
  };

  /** One after the other: wireguard-go may end while one is under way. */
  function step(): Promise<MeshState> {
    const next = running.then(() => stepOnce(run));
    running = next.catch(() => undefined);
    return next;
  }

  return {
    name: 'mesh',
    async step(): Promise<PartStep<'mesh'>> {
      const state = await step();
      if (state.state === 'joined') state.joinedMs = last?.joinedMs ?? context.nowMs();
      const isNews = last?.state !== state.state || last.address !== state.address;
      if (isNews) tell(run, state);
      last = state;
      return { state, isNews, nextMs: settings.enable ? pauseOf(state) : OFF_STEP_MS };
    },
    async close() {
      isClosed = true;
      await running;
      await run.device.close();
    },
  };
}

interface Run extends WireguardOptions {
  device: Device;
  endpoints: Endpoints;
  liveness: Liveness;
  /** Addresses of the board's other interfaces, as they were last; null before the first look. */
  place: string | null;
}

async function stepOnce(run: Run): Promise<MeshState> {
  const { settings, context, places } = run;
  // Nothing is wanted and nothing is there: what is not installed is not missing.
  if (!settings.enable && readKept(places.state).interface === null) return noMesh('stopped', null);
  const tools = findTools(context.env, context.signal);
  if (typeof tools === 'string') return noMesh('absent', tools);
  if (!settings.enable) return await withoutMesh(run, tools, null, removeForGood);
  if (readKept(places.state).isDown) {
    const reason = 'it was taken down by hand: `flint wireguard up` brings it back';
    return await withoutMesh(run, tools, reason, removeForGood);
  }
  let key: WireguardKey;
  try {
    key = ensureKey(places.state);
    keep(places.state, { publicKey: key.publicKey });
  } catch (error) {
    const state = await withoutMesh(run, tools, reasonOf(error));
    return { ...state, state: 'needs-key' };
  }
  const { env } = context;
  const planned = planWireguard(settings, key.publicKey, (name) =>
    readSecret(name, { env, configDirectory: places.configDirectory }),
  );
  if (!planned.ok) return await withoutMesh(run, tools, planned.reason);
  try {
    return await bring(run, { tools, key, plan: planned.plan });
  } catch (error) {
    return await withoutMesh(run, tools, reasonOf(error));
  }
}

/**
 * No interface, and why. For now, it stays noted: whoever mends it tries each second, and the disk
 * is not written each time.
 */
async function withoutMesh(
  { context, places, device }: Run,
  tools: Tools,
  reason: string | null,
  remove = removeInterface,
): Promise<MeshState> {
  // The agent ends, and its commands with it: nothing was learnt, and what is in force stays.
  if (context.signal.aborted) return noMesh('stopped', 'the agent ends');
  try {
    await remove({ places, tools, device });
    return noMesh('stopped', reason);
  } catch (error) {
    const more = reason === null ? '' : `${reason}; and `;
    return noMesh('stopped', `${more}the interface could not be taken away: ${reasonOf(error)}`);
  }
}

interface Bringing {
  tools: Tools;
  key: WireguardKey;
  plan: WireguardPlan;
}

/** Throws with a reason. */
async function bring(run: Run, { tools, key, plan }: Bringing): Promise<MeshState> {
  await own(run, tools, plan.interface);
  await run.device.ensure(tools, plan.interface);
  const found = await readDump(tools, plan.interface);
  if (found === null) throw new Error(`the interface ${plan.interface} does not answer`);
  run.liveness.see(found);
  const machine = await readMachine(tools, plan.interface);
  const isMoved = run.place !== null && run.place !== machine.place;
  run.place = machine.place;
  // First the interface: what is sent to a peer must have an address to come from.
  const conflicts = await mendLink(tools, plan, machine);
  const { endpoints, liveness, context, places } = run;
  const isMended = await mendPeers(
    {
      ...{ tools, key, plan, isMoved, endpoints, liveness },
      stateDirectory: places.state,
      warn: (message) => context.log.warn(message),
    },
    found,
  );
  const dump = isMended ? await readDump(tools, plan.interface) : found;
  return stateOf({
    ...{ plan, dump, conflicts },
    publicKey: key.publicKey,
    liveness: run.liveness,
    version: run.device.version(),
    isAddressed: true,
    lost: run.endpoints.trouble(),
  });
}

/** Notes the interface as ours before it is made; one of another name is taken away first. */
async function own({ places, device }: Run, tools: Tools, name: string): Promise<void> {
  const kept = readKept(places.state);
  const bootId = readBootId();
  if (kept.interface === name && kept.bootId === bootId) return;
  if (kept.interface === name && (await isOurs(tools, kept))) {
    keep(places.state, { bootId });
    return;
  }
  if (kept.interface !== name) await removeInterface({ places, tools, device });
  const { code } = await tools.ip(['link', 'show', 'dev', name]);
  if (code === 0) {
    throw new Error(
      `there is an interface ${name} already that this board did not make: name another one`,
    );
  }
  keep(places.state, { interface: name, bootId });
}

function pauseOf({ state }: MeshState): number {
  if (state === 'joined') return JOINED_STEP_MS;
  return state === 'joining' ? JOINING_STEP_MS : FAILED_STEP_MS;
}

function tell({ context, settings }: Run, { state, reason, version }: MeshState): void {
  if (state === 'joined') {
    context.voice.forget('mesh');
    context.log.info('on the mesh by WireGuard', { device: settings.interface, version });
  } else if (settings.enable) {
    context.voice.trouble('mesh', `not on the mesh: ${reason ?? state}`);
  }
}
