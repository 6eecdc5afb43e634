import { resolve } from 'node:path';
import type { MeshSettings, WireguardSettings } from '../../board/mesh/settings.ts';
import { openWireguard, type WireguardOptions } from '../../board/mesh/wireguard.ts';
import { openDevice } from '../../board/mesh/wireguard-device.ts';
import { downLines, upLines } from '../../board/mesh/wireguard-dry-run.ts';
import { keep, readKept } from '../../board/mesh/wireguard-kept.ts';
import { ensureKey, keyFile, readKey } from '../../board/mesh/wireguard-key.ts';
import { readOnce } from '../../board/mesh/wireguard-look.ts';
import { removeForGood } from '../../board/mesh/wireguard-remove.ts';
import { findTools } from '../../board/mesh/wireguard-tools.ts';
import { openVoice } from '../../board/voice.ts';
import type { MeshState } from '../../core/board-state.ts';
import { EXIT, UsageError } from '../command.ts';
import { boardCommand } from './options.ts';
import { showWireguard } from './wireguard-view.ts';

// `flint wireguard`: the same steps as the agent's, once, with a person watching.

const STEP_MS = 500;

type Options = Record<string, unknown>;

/** The public key alone, so that it can be put into a file. */
export async function runWireguardKey(_args: readonly string[], options: Options) {
  const { places } = placeOf(options);
  if (options['dryRun'] === true) {
    const known = readKey(places.state);
    print(known?.publicKey ?? `write ${keyFile(places.state)}  # a new key, for root alone`);
    return EXIT.ok;
  }
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  const { publicKey } = ensureKey(places.state);
  keep(places.state, { publicKey });
  print(options['json'] === true ? JSON.stringify({ publicKey }) : publicKey);
  return EXIT.ok;
}

/** Joined: 0; not: 1; no WireGuard here, or no right to look: 3. */
export async function runWireguardShow(_args: readonly string[], options: Options) {
  const place = placeOf(options);
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  const state = await readOnce(place);
  tell(place, state, options);
  return codeOf(state);
}

/** Joined: 0; up, but nobody answered in time: 1; not possible here: 3. */
export async function runWireguardUp(_args: readonly string[], options: Options) {
  const place = placeOf(options);
  if (options['dryRun'] === true) {
    const dry = await upLines(place);
    if (!dry.ok) throw new UsageError(dry.reason);
    print(dry.lines.length === 0 ? '# all is as it should be' : dry.lines.join('\n'));
    return EXIT.ok;
  }
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  keep(place.places.state, { isDown: false });
  const part = openWireguard({ ...place, isLasting: true });
  const untilMs = performance.now() + (options['timeout'] as number);
  let { state } = await part.step();
  while (state?.state === 'joining' && performance.now() < untilMs) {
    await new Promise((done) => setTimeout(done, STEP_MS));
    state = (await part.step()).state;
  }
  await part.close();
  if (state === null) return EXIT.trouble;
  tell(place, state, options);
  return codeOf(state);
}

/** Down: 0; it could not be taken away: 1. */
export async function runWireguardDown(_args: readonly string[], options: Options) {
  const { settings, context, places } = meshOf(options);
  const isNamed = settings?.kind === 'wireguard';
  // What was made by a section that is gone is taken down, too.
  if (readKept(places.state).interface === null) wireguardOf(settings);
  if (options['dryRun'] === true) {
    print(downLines(places, isNamed).join('\n'));
    return EXIT.ok;
  }
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  // First, so that an agent that runs does not bring it back meanwhile.
  if (isNamed) keep(places.state, { isDown: true });
  const tools = findTools(context.env, context.signal);
  if (typeof tools === 'string') return unavailable(tools);
  const device = openDevice({ onEnd: ignore, monoMs, isLasting: true });
  const name = await removeForGood({ places, tools, device });
  const told = name === null ? 'there was no interface' : `${name} is gone`;
  print(options['json'] === true ? JSON.stringify({ interface: name, isDown: isNamed }) : told);
  return EXIT.ok;
}

/** Throws ERR_CONFIG_INVALID, and UsageError where agent.json has no WireGuard. */
function placeOf(options: Options): WireguardOptions {
  const { settings, ...rest } = meshOf(options);
  return { ...rest, settings: wireguardOf(settings) };
}

interface MeshPlace extends Omit<WireguardOptions, 'settings'> {
  settings: MeshSettings | null;
}

/** Throws ERR_CONFIG_INVALID. */
function meshOf(options: Options): MeshPlace {
  // The control is not spoken to, so any will do where the file names none.
  const { settings, partPlaces, log } = boardCommand({ ...options, control: 'https://localhost' });
  const { state, configDirectory } = partPlaces;
  return {
    settings: settings().tailnet,
    places: { state: resolve(state, 'agent', 'mesh'), configDirectory },
    context: {
      log: { ...log, info: ignore },
      // The command itself says how it goes.
      voice: openVoice({ log: { ...log, warn: ignore, info: ignore }, monotonicMs: monoMs }),
      env: process.env,
      signal: new AbortController().signal,
      board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
      nowMs: Date.now,
      isClockSynced: () => false,
      probeName: () => null,
      askControl: async () => ({ ok: true, value: null }),
    },
  };
}

function wireguardOf(settings: MeshSettings | null): WireguardSettings {
  if (settings === null) {
    throw new UsageError(
      'agent.json has no section "tailnet": docs/wireguard.md says what goes there',
    );
  }
  if (settings.kind === 'wireguard') return settings;
  throw new UsageError('the mesh of agent.json is a tailnet: `flint tailnet` is for that');
}

function tell({ settings, places }: WireguardOptions, state: MeshState, options: Options): void {
  const { publicKey } = readKept(places.state);
  if (options['json'] === true) print(JSON.stringify({ publicKey, ...state }));
  else showWireguard(process.stdout, { publicKey, settings, state, nowMs: Date.now() });
}

function codeOf({ state }: MeshState): number {
  if (state === 'joined') return EXIT.ok;
  return state === 'absent' ? EXIT.unavailable : EXIT.trouble;
}

function needsRoot(): number | null {
  if (process.getuid?.() === 0) return null;
  return unavailable('the mesh of a machine and its key are for root: try sudo');
}

function unavailable(reason: string): number {
  process.stderr.write(`flint: ${reason}\n`);
  return EXIT.unavailable;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const monoMs = (): number => performance.now();
const ignore = (): void => undefined;
