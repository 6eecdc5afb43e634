import { resolve } from 'node:path';
import { loadCredentials } from '../../board/credentials.ts';
import { isPreAuthKey } from '../../board/mesh/tailnet-key.ts';
import type { TailnetOptions } from '../../board/mesh/tailnet-machine.ts';
import { readGiven } from '../../board/places.ts';
import { openVoice } from '../../board/voice.ts';
import { UsageError } from '../command.ts';
import { type BoardCommand, boardCommand } from './options.ts';

// What the commands of `flint tailnet` work on: the section of agent.json, without an agent.

const KEY_FILE_BYTES_MAX = 4096;
const CONTROL_KEYS =
  'the control gives its keys to the agent alone; `--key-file FILE` brings one by hand';

export interface TailnetPlace {
  command: BoardCommand;
  options: TailnetOptions;
}

/** Throws ERR_CONFIG_INVALID, and UsageError where agent.json has no tailnet. */
export function tailnetPlace(options: Record<string, unknown>, signal: AbortSignal): TailnetPlace {
  // The control is not spoken to, so any will do where the file names none.
  const command = boardCommand({ ...options, control: 'https://localhost' });
  const settings = command.settings().tailnet;
  if (settings === null) {
    throw new UsageError('agent.json has no section "tailnet": docs/mesh.md says what goes there');
  }
  if (settings.kind !== 'tailscale') {
    throw new UsageError('the mesh of agent.json is plain WireGuard, which the agent sees to');
  }
  const { state, configDirectory } = command.partPlaces;
  const { log } = command;
  return {
    command,
    options: {
      settings,
      places: { state: resolve(state, 'agent', 'mesh'), configDirectory },
      givenKey: givenKey(options['keyFile'] as string | undefined),
      context: {
        ...{ log, signal },
        voice: openVoice({ log: { ...log, warn: ignore, info: ignore }, monotonicMs }),
        env: process.env,
        board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
        nowMs: Date.now,
        isClockSynced: () => false,
        probeName: () => loadCredentials(command.places.credentials, log)?.probe ?? null,
        askControl: async () => ({ ok: false, reason: CONTROL_KEYS, retryAfterMs: null }),
      },
    },
  };
}

function givenKey(file: string | undefined): string | null {
  if (file === undefined) return null;
  const key = readGiven(resolve(file), KEY_FILE_BYTES_MAX).trim();
  if (isPreAuthKey(key)) return key;
  throw new UsageError(`what is in ${file} is no pre-auth key`);
}

const monotonicMs = (): number => performance.now();
// The command itself says how it goes.
const ignore = (): void => undefined;
