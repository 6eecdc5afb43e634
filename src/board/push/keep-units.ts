import { lastWords, runCommand } from '../../host/command.ts';
import { dropFile, keepFile, type Owner } from './files.ts';
import type { Keeper } from './keeper.ts';
import { awaitOwnPort } from './listeners.ts';
import type { PushPlaces } from './places.ts';
import { type Environment, environmentText } from './vmagent-env.ts';

export interface UnitsOptions {
  places: PushPlaces;
  owner: Owner;
  /** systemctl's file. */
  systemctl: string;
  signal: AbortSignal;
  /** How long the relay may take until it listens; 5 s. */
  listenMs?: number;
}

export const VMAGENT_UNIT = 'flint-vmagent.service';
export const RELAY_UNIT = 'flint-push-relay.service';

const COMMAND_MS_MAX = 60_000;
const LISTEN_MS_MAX = 5_000;

/** Both as units of systemd, which read what we write; they outlive us. */
export function keepUnits(options: UnitsOptions): Keeper {
  const { places, owner, systemctl, signal, listenMs = LISTEN_MS_MAX } = options;
  const state = { restarts: 0, fault: null as string | null };

  async function call(...words: string[]): Promise<string> {
    const result = await runCommand(systemctl, ['--no-ask-password', ...words], {
      timeoutMs: COMMAND_MS_MAX,
      signal,
    });
    if (result.code === 0) return result.stdout;
    throw new Error(`systemctl ${words.join(' ')}: ${lastWords(result)}`);
  }

  async function show(unit: string): Promise<Record<string, string>> {
    return parseShown(await call('show', '-p', 'ActiveState,NRestarts', unit));
  }

  async function keepUnit(unit: string, file: string, environment: Environment): Promise<string> {
    const isNew = keepFile(file, environmentText(environment), owner);
    const { ActiveState = 'unknown', NRestarts = '0' } = await show(unit);
    const isRunning = ['active', 'activating', 'reloading'].includes(ActiveState);
    if (isNew || !isRunning) await call('restart', unit);
    state.fault = isNew || ActiveState === 'active' ? null : `${unit} is ${ActiveState}`;
    return NRestarts;
  }

  async function dropUnit(unit: string, file: string): Promise<void> {
    dropFile(file);
    const { ActiveState } = await show(unit);
    if (ActiveState === 'active' || ActiveState === 'activating') await call('stop', unit);
  }

  return {
    async keep({ vmagent, relay }) {
      if (relay === null) await dropUnit(RELAY_UNIT, places.relayEnv);
      else {
        await keepUnit(RELAY_UNIT, places.relayEnv, relay);
        // Before vmagent hands it a bearer.
        await awaitOwnPort(Number(relay['FLINT_RELAY_PORT']), owner.uid, listenMs);
      }
      const restarts = await keepUnit(VMAGENT_UNIT, places.vmagentEnv, vmagent);
      state.restarts = /^\d{1,9}$/.test(restarts) ? Number(restarts) : 0;
    },
    async stop() {
      await dropUnit(VMAGENT_UNIT, places.vmagentEnv);
      await dropUnit(RELAY_UNIT, places.relayEnv);
    },
    close: async () => undefined,
    state: () => ({ ...state }),
  };
}

function parseShown(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => line.split('=', 2) as [string, string]);
  return Object.fromEntries(pairs.filter(([name]) => name !== ''));
}
