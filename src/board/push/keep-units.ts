import { lastWords, runCommand } from '../../host/command.ts';
import { readWhole, writeWhole } from '../../host/file.ts';
import { dropFile, keepFile, type Owner } from './files.ts';
import type { Keeper } from './keeper.ts';
import { awaitOwnPort } from './listeners.ts';
import type { PushPlaces } from './places.ts';
import { openUnitWatch, type UnitWatch } from './unit-watch.ts';
import { type Environment, environmentText } from './vmagent-env.ts';

export interface UnitsOptions {
  places: PushPlaces;
  owner: Owner;
  /** systemctl's file. */
  systemctl: string;
  signal: AbortSignal;
  /** Waits for a moment at which nothing is scraped: vmagent runs, and is to be restarted. */
  awaitQuiet(): Promise<void>;
  /** How long the relay may take until it listens; 5 s. */
  listenMs?: number;
  /** Who ran so long stays; 1 min. */
  wellMs?: number;
}

export const VMAGENT_UNIT = 'flint-vmagent.service';
export const RELAY_UNIT = 'flint-push-relay.service';

const COMMAND_MS_MAX = 60_000;
const LISTEN_MS_MAX = 5_000;
const TEXT_BYTES_MAX = 1 << 20;
const WELL_MS = 60_000;

/** Both as units of systemd, which read what we write; they outlive us. */
export function keepUnits(options: UnitsOptions): Keeper {
  const { places, owner, systemctl, signal, awaitQuiet, listenMs = LISTEN_MS_MAX } = options;
  const { wellMs = WELL_MS } = options;
  const vmagentUnit = openUnit(VMAGENT_UNIT, 'vmagent', places.vmagentEnv, wellMs);
  const relayUnit = openUnit(RELAY_UNIT, 'the relay', places.relayEnv, wellMs);

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

  async function keepUnit(
    kept: Unit,
    environment: Environment,
    settle = async (): Promise<void> => undefined,
  ): Promise<void> {
    const { unit, file, watch } = kept;
    const isDue = bringFile(file, environmentText(environment), owner);
    const { ActiveState = 'unknown', NRestarts = '0' } = await show(unit);
    const isRunning = ['active', 'activating', 'reloading'].includes(ActiveState);
    if (isDue && isRunning) await settle();
    if (isDue || !isRunning) await call('restart', unit);
    dropFile(dueFile(file));
    kept.restarts = /^\d{1,9}$/.test(NRestarts) ? Number(NRestarts) : 0;
    if (isDue) watch.forget();
    const look = { activeState: ActiveState, restarts: kept.restarts };
    kept.fault = isDue ? null : watch.look(look);
  }

  async function dropUnit(dropped: Unit): Promise<void> {
    const { unit, file, watch } = dropped;
    watch.forget();
    dropped.fault = null;
    const { ActiveState } = await show(unit);
    if (ActiveState === 'active' || ActiveState === 'activating') await call('stop', unit);
    // Last: they are how a later start knows that it runs.
    dropFile(file);
    dropFile(dueFile(file));
  }

  return {
    async keep({ vmagent, relay }) {
      if (relay !== null) {
        await keepUnit(relayUnit, relay);
        // Before vmagent hands it a bearer.
        await awaitOwnPort(Number(relay['FLINT_RELAY_PORT']), owner.uid, listenMs);
      }
      // Into the relay at once: without it blocks may be thrown away.
      const settle = relay === null ? awaitQuiet : undefined;
      await keepUnit(vmagentUnit, vmagent, settle);
      // Not sooner: whoever took its port meanwhile would be handed the bearer.
      if (relay === null) await dropUnit(relayUnit);
    },
    async stop() {
      await dropUnit(vmagentUnit);
      await dropUnit(relayUnit);
    },
    close: async () => undefined,
    state: () => {
      const { restarts, fault } = vmagentUnit;
      return { restarts, fault: fault ?? relayUnit.fault };
    },
  };
}

interface Unit {
  unit: string;
  /** Its EnvironmentFile=. */
  file: string;
  watch: UnitWatch;
  restarts: number;
  fault: string | null;
}

function openUnit(unit: string, name: string, file: string, wellMs: number): Unit {
  return { unit, file, watch: openUnitWatch({ unit, name, wellMs }), restarts: 0, fault: null };
}

// Whether a restart is due. That is written down before the file changes and forgotten after the
// restart: who was killed in between, or could not restart it, would find the file as it should be
// and a program that never read it.
function bringFile(file: string, text: string, owner: Owner): boolean {
  const due = dueFile(file);
  if (readWhole(file, { bytesMax: TEXT_BYTES_MAX }) !== text) {
    writeWhole(due, '', { isDirectoryGiven: true });
  }
  keepFile(file, text, owner);
  return readWhole(due, { bytesMax: TEXT_BYTES_MAX }) !== null;
}

function dueFile(file: string): string {
  return `${file}.due`;
}

function parseShown(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => line.split('=', 2) as [string, string]);
  return Object.fromEntries(pairs.filter(([name]) => name !== ''));
}
