// What every part of the control is given: the state, the clock, the log, and what is configured.
// Nothing in src/control reads a clock or an environment by itself.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawServerDefault,
} from 'fastify';
import type { GenericSchema, InferInput, InferOutput } from 'valibot';
import type { HardwareProfile } from '../../core/hardware.ts';
import type { Log } from '../../host/log.ts';
import type { ControlDb, Db } from '../store/db.ts';
import type { Role } from '../store/db-tables.ts';
import type { ControlConfig } from './config.ts';

export interface ControlContext {
  config: ControlConfig;
  store: ControlDb;
  log: Log;
  version: string;
  /**
   * Whoever gets here may look at what a viewer sees, without logging in: `flint up`, which only
   * this machine reaches.
   */
  isOpenToRead?: boolean;
  /** Unix milliseconds. */
  nowMs(): number;
  hardware: readonly HardwareProfile[];
  /** Keys that sign nonces and forms, 32 bytes each; kept in `secrets.d`. */
  keys: { nonce: Buffer; csrf: Buffer };
  /**
   * Counts every change of what probes should run (sets, assignments, groups, maintenance …), so
   * that whoever keeps rendered documents knows when they are old. Bump it inside the write.
   */
  revision: { value: number };
}

/** Who asks. The text form is what the audit log says: `user:anna`, `token:anna/ci`. */
export interface Actor {
  /** `visitor` has not logged in, and may look where the control is open to read. */
  kind: 'user' | 'token' | 'system' | 'visitor';
  operatorId: number | null;
  name: string;
  role: Role;
  /** Of an API token: its own id. */
  tokenId?: number;
  text: string;
}

/** Who may call a route. Of people a higher role may do what a lower one may. */
export type Access = 'public' | 'probe' | Role;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says it; the server refuses to start with one that does not. */
    access?: Access;
    /** A page: refusals are pages too, and the way to log in is shown. */
    isPage?: boolean;
    /** Takes forms as well as JSON, though it is no page. */
    takesForms?: boolean;
  }
  interface FastifyRequest {
    /** Set on routes for people once they are known; null on public ones without a session. */
    actor: Actor | null;
    /** Set on routes for probes. */
    probe: { id: number; name: string; keySha256: string } | null;
  }
}

export interface ValibotProvider extends FastifyTypeProvider {
  validator: this['schema'] extends GenericSchema ? InferOutput<this['schema']> : unknown;
  serializer: this['schema'] extends GenericSchema ? InferInput<this['schema']> : unknown;
}

export type ControlServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ValibotProvider
>;

/** A part of the API or of the pages: adds its routes. */
export type AddRoutes = (server: ControlServer, context: ControlContext) => void;

/** Writes the audit log inside the change it tells of; `before` and `after` hold no secret. */
export interface AuditEntry {
  actor: Actor;
  action: string;
  subject: string;
  before?: unknown;
  after?: unknown;
}

/** See `audit.ts`: `recordAudit(db, nowMs, entry)`. */
export type RecordAudit = (db: Db, nowMs: number, entry: AuditEntry) => Promise<void>;
