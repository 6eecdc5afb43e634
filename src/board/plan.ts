import type { AgentSettings } from './agent-config.ts';
import { readClaimToken } from './claim-token.ts';
import type { Credentials } from './credentials.ts';
import { payloadOf } from './enroll.ts';
import type { BoardFacts } from './facts.ts';
import type { Identity } from './identity.ts';
import type { AgentPlaces } from './places.ts';

// What an enrolment would do, for --dry-run: what would be sent, which files would change, which
// command would run. Without secrets.

export interface PlanRequest {
  settings: AgentSettings;
  facts: BoardFacts;
  /** Null before the first start. */
  identity: Identity | null;
  credentials: Credentials | null;
  places: AgentPlaces;
  env: Readonly<Record<string, string | undefined>>;
  /** What would set the clock; null when nothing would. */
  clockCommand: readonly string[] | null;
  /** Whether the agent is meant, which does more than to enrol. */
  isAgent: boolean;
}

/** Lines for people. */
export function planLines(request: PlanRequest): string[] {
  return [
    ...sentLines(request),
    ...fileLines(request),
    ...clockLines(request),
    ...partLines(request),
  ];
}

function sentLines({ settings, facts, identity, env, isAgent }: PlanRequest): string[] {
  const { claimTokenFile: file, claimToken: token } = settings;
  const claim = readClaimToken({ file, token, env });
  const payload = payloadOf(facts, identity?.publicKey ?? '(made at the first start)', null);
  const from = facts.interface === null ? 'as given' : `of ${facts.interface}`;
  return [
    `control: ${settings.control} (${trustOf(settings)})`,
    `MAC: ${facts.mac} (${from})`,
    `fingerprint: ${identity?.fingerprint ?? '(the key is made at the first start)'}`,
    ...(claim.ok ? [] : [`warning: ${claim.message}`]),
    'would send POST /api/v1/enroll/challenge: {}',
    'would send POST /api/v1/enroll, signed with the key of this board:',
    ...Object.entries({ ...payload, claimToken: claimOf(claim) }).map(
      ([name, value]) => `  ${name}: ${value === null ? 'none' : value}`,
    ),
    ...(isAgent ? ['would send GET /api/v1/config, and POST /api/v1/report once a minute'] : []),
  ];
}

function claimOf(claim: ReturnType<typeof readClaimToken>): string | null {
  return claim.ok && claim.token !== null ? `(that of ${claim.from})` : null;
}

function trustOf({ control, caFile, pins }: AgentSettings): string {
  if (control.startsWith('http:')) return 'this machine, without TLS';
  const parts = [
    ...(caFile === null ? [] : [`authorities of ${caFile}`]),
    ...(pins.length === 0 ? [] : [`${pins.length} pinned keys`]),
  ];
  return parts.length === 0 ? 'authorities of the system' : parts.join(' and ');
}

function fileLines({ identity, credentials, places, isAgent }: PlanRequest): string[] {
  const always = [
    ...(identity === null ? [`would make ${places.identity} (0600): the key of this board`] : []),
    `would ${credentials === null ? 'write' : 'replace'} ${places.credentials} (0600): ` +
      'the API key, once it is granted',
  ];
  if (!isAgent) return always;
  return [
    ...always,
    `would write ${places.config} (0600): the configuration of the control`,
    `would write ${places.handedConfig} (0644): the same, for the daemon`,
    `would write ${places.clock} (0600): the last time that was seen`,
  ];
}

function clockLines({ clockCommand, isAgent }: PlanRequest): string[] {
  if (clockCommand === null || !isAgent) return [];
  const command = `${clockCommand.join(' ')} @SECONDS`;
  return [`would run, once nobody else synchronised the clock for a minute: ${command}`];
}

// Their own commands print each command and file.
function partLines({ settings, isAgent }: PlanRequest): string[] {
  const { tailnet, lockdown, push } = settings;
  if (!isAgent) return [];
  const mesh = tailnet?.kind === 'wireguard' ? 'wireguard up' : 'tailnet join';
  return [
    ...(tailnet?.enable === true ? [partLine('keep the mesh joined', mesh)] : []),
    ...(lockdown?.enable === true ? [partLine('keep the lockdown', 'lockdown apply')] : []),
    ...(push?.enable === true ? [partLine('keep the push going', 'push')] : []),
  ];
}

function partLine(what: string, command: string): string {
  return `would ${what}: \`flint ${command} --dry-run\` says how`;
}
