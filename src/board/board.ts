import type { AgentSettings } from './agent-config.ts';
import { readClaimToken } from './claim-token.ts';
import type { BoardClock } from './clock.ts';
import { type ControlClient, openClient } from './control-client.ts';
import { loadAuthorities } from './control-trust.ts';
import { type Enrolled, enroll } from './enroll.ts';
import { type BoardFacts, FACT_PLACES, type FactPlaces, readFacts } from './facts.ts';
import type { Identity } from './identity.ts';

// The board as its settings make it: what it is, and how it reaches its control. Opened anew when
// the settings change; key, clock and state stay.

export interface Board {
  settings: AgentSettings;
  facts: BoardFacts;
  client: ControlClient;
}

export interface BoardOptions {
  version: string;
  clock: BoardClock;
  factPlaces?: FactPlaces;
}

/** Throws ERR_CONFIG_INVALID and ERR_USAGE. */
export function openBoard(settings: AgentSettings, options: BoardOptions): Board {
  const { version, clock, factPlaces = FACT_PLACES } = options;
  const isTls = settings.control.startsWith('https:');
  const needsChain = settings.pins.length === 0 || settings.caFile !== null;
  const client = openClient({
    origin: settings.control,
    version,
    trust: {
      authorities: isTls && needsChain ? loadAuthorities(settings.caFile) : null,
      needsChain,
      pins: settings.pins,
      judgedDates: () => clock.judgedDates(),
      nowMs: () => clock.nowMs(),
    },
  });
  return { settings, facts: readFacts(settings, version, factPlaces), client };
}

export interface EnrollTry {
  board: Board;
  identity: Identity;
  clock: BoardClock;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** Told when a claim token is named and cannot be sent. */
  warn(message: string): void;
}

/** One enrolment with whatever claim token there is at this moment. */
export async function enrollBoard(options: EnrollTry): Promise<Enrolled> {
  const { board, identity, clock, env, signal, warn } = options;
  const { claimTokenFile: file, claimToken: token } = board.settings;
  const claim = readClaimToken({ file, token, env });
  if (!claim.ok) warn(claim.message);
  const claimToken = claim.ok ? claim.token : null;
  const { client, facts } = board;
  return await enroll({ client, identity, facts, claimToken, clock, signal });
}

/** What the operator must know to find this board among others. */
export function introduction({ settings, facts }: Board, identity: Identity): string {
  const model = facts.model === null ? '' : `, model "${facts.model}"`;
  return (
    `at ${settings.control} register MAC ${facts.mac} and approve fingerprint ` +
    `${identity.fingerprint}${model}`
  );
}
