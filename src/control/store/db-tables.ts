// The rows of the control's database, as kysely sees them. Times are Unix milliseconds, booleans
// are 0 and 1, lists and documents are JSON text, what is absent is null. Secrets of others are
// kept as SHA-256 (64 lower-case hexadecimal digits) and cannot be read back.
import type { Generated } from 'kysely';

export interface Tables {
  meta: MetaTable;
  operators: OperatorTable;
  sessions: SessionTable;
  login_links: LoginLinkTable;
  api_tokens: ApiTokenTable;
  audit: AuditTable;
  probes: ProbeTable;
  probe_labels: ProbeLabelTable;
  probe_states: ProbeStateTable;
  probe_events: ProbeEventTable;
  probe_keys: ProbeKeyTable;
  candidates: CandidateTable;
  boards: BoardTable;
  claim_tokens: ClaimTokenTable;
  used_nonces: UsedNonceTable;
  sets: SetTable;
  assignments: AssignmentTable;
  maintenance: MaintenanceTable;
}

/** Settings of the control itself: public status page, name prefix … as JSON. */
export interface MetaTable {
  key: string;
  value: string;
}

export type Role = 'viewer' | 'operator' | 'admin';

export interface OperatorTable {
  id: Generated<number>;
  name: string;
  role: Role;
  /** `scrypt$N$r$p$salt$hash`; null for an account that logs in by links alone. */
  password: string | null;
  createdMs: number;
  disabledMs: number | null;
  lastLoginMs: number | null;
}

export interface SessionTable {
  tokenSha256: string;
  operatorId: number;
  createdMs: number;
  usedMs: number;
  untilMs: number;
}

export interface LoginLinkTable {
  tokenSha256: string;
  operatorId: number;
  untilMs: number;
}

export interface ApiTokenTable {
  id: Generated<number>;
  operatorId: number;
  label: string;
  tokenSha256: string;
  /** Never more than the operator's own. */
  role: Role;
  createdMs: number;
  untilMs: number | null;
  usedMs: number | null;
}

export interface AuditTable {
  id: Generated<number>;
  atMs: number;
  /** `user:anna`, `token:anna/ci`, `probe:probe07`, `system`. */
  actor: string;
  /** `probe.add`, `set.edit` … */
  action: string;
  /** Name of what it was done to. */
  subject: string;
  /** JSON, without secrets; null where there was nothing before, or is nothing after. */
  before: string | null;
  after: string | null;
}

export interface ProbeTable {
  id: Generated<number>;
  name: string;
  mac: string;
  hardware: string;
  /** Out of the prefix of the control's configuration; null where there is none. */
  address: string | null;
  /** The address as text that sorts as addresses do: see `addressKey`. */
  addressKey: string | null;
  location: string;
  contact: string;
  note: string;
  /** Lower case: all that a search looks through. */
  search: string;
  createdMs: number;
  disabledMs: number | null;
  /** Base64url of the key that it is bound to; null before. */
  publicKey: string | null;
  fingerprint: string | null;
  boundMs: number | null;
  sshHostKey: string | null;
  model: string | null;
}

/** Groups (by which sets are assigned) and tags (words of the operator's own). */
export interface ProbeLabelTable {
  probeId: number;
  kind: 'group' | 'tag';
  value: string;
}

/** What the probe said last. A row of its own, since it is written every minute. */
export interface ProbeStateTable {
  probeId: number;
  seenMs: number;
  /** The address that the report came from. */
  seenFrom: string;
  version: string;
  bootId: string;
  /** How bad it is, for "worst first": see `judgeReport`. */
  badness: number;
  /** JSON: the Report without its rounds. */
  report: string;
}

export interface ProbeEventTable {
  probeId: number;
  eventId: string;
  kind: string;
  target: string | null;
  family: string | null;
  fromMs: number;
  untilMs: number | null;
  scope: string | null;
  /** JSON. */
  detail: string;
  /** When the control heard of it, by its own clock. */
  heardMs: number;
}

/** API keys of bound probes; at most two a probe: one in use and one just given. */
export interface ProbeKeyTable {
  keySha256: string;
  probeId: number;
  createdMs: number;
  usedMs: number | null;
}

/** Keys that asked to be a registered probe and wait for approval. */
export interface CandidateTable {
  id: Generated<number>;
  probeId: number;
  publicKey: string;
  fingerprint: string;
  model: string | null;
  hardware: string | null;
  version: string;
  sshHostKey: string | null;
  seenFrom: string;
  firstMs: number;
  lastMs: number;
  attempts: number;
}

/** Boards whose MAC nobody registered. */
export interface BoardTable {
  id: Generated<number>;
  mac: string;
  publicKey: string;
  fingerprint: string;
  model: string | null;
  hardware: string | null;
  version: string;
  seenFrom: string;
  /** /24 or /56, which bounds how many one source may add. */
  sourcePrefix: string;
  firstMs: number;
  lastMs: number;
  attempts: number;
}

export interface ClaimTokenTable {
  id: Generated<number>;
  tokenSha256: string;
  label: string;
  /** For this probe alone; null for any that is registered and free. */
  probeId: number | null;
  usesMax: number;
  uses: number;
  createdMs: number;
  untilMs: number;
  revokedMs: number | null;
  createdBy: string;
}

export interface UsedNonceTable {
  nonce: string;
  untilMs: number;
}

export interface SetTable {
  /** Slug. */
  id: string;
  title: string;
  note: string;
  /** JSON: the `measurements` of a probe configuration. */
  measurements: string;
  createdMs: number;
  changedMs: number;
}

export interface AssignmentTable {
  setId: string;
  scope: 'all' | 'group' | 'probe';
  /** Name of the group; id of the probe as text; empty for all. */
  value: string;
}

export interface MaintenanceTable {
  id: Generated<number>;
  scope: 'all' | 'group' | 'probe';
  value: string;
  fromMs: number;
  untilMs: number;
  reason: string;
  createdBy: string;
}
