// A control of a few lines for the tests of the board: it verifies nonces and signatures for real,
// binds by approval or claim token, and misbehaves on request, at any step.
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import * as v from 'valibot';
import {
  ENROLL_PAYLOAD,
  ENROLL_REQUEST,
  type EnrollPayload,
  enrollMessage,
} from '../../src/core/enroll-wire.ts';
import { REPORT, type Report } from '../../src/core/report.ts';

export type Endpoint = 'challenge' | 'enroll' | 'config' | 'report';

export interface Asked {
  endpoint: Endpoint;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export type Behaviour =
  /** Cuts the connection, before or after it did its work. */
  | { kind: 'cut'; when: 'before' | 'after' }
  /** Never answers, before or after it did its work. */
  | { kind: 'stall'; when: 'before' | 'after' }
  /** Another answer; `isDone` when the work is done all the same. */
  | {
      kind: 'say';
      status: number;
      headers?: http.OutgoingHttpHeaders;
      body: string;
      isDone?: boolean;
    }
  /** Its own answer, changed. */
  | { kind: 'change'; change: (body: string) => string }
  /** Its own answer, a byte each so many milliseconds. */
  | { kind: 'drip'; everyMs: number }
  /** Bytes that are no HTTP, or more than one answer. */
  | { kind: 'raw'; text: string };

export interface FakeProbe {
  name: string;
  claimToken: string | null;
  publicKey: string | null;
  isDisabled: boolean;
  apiKeys: Set<string>;
}

export interface FakeControl {
  origin: string;
  asked: Asked[];
  probes: Map<string, FakeProbe>;
  /** Payloads with a good signature, refused or not. */
  payloads: EnrollPayload[];
  reports: Report[];
  document: { etag: string; text: string };
  register(mac: string, claimToken?: string | null): FakeProbe;
  /** Binds what knocked last. */
  approve(mac: string): void;
  /** The next request there is treated so. */
  once(endpoint: Endpoint, behaviour: Behaviour): void;
  /** All are, until null. */
  always(endpoint: Endpoint, behaviour: Behaviour | null): void;
  /** How many requests there were. */
  count(endpoint: Endpoint): number;
  /** Resolves when there were so many. */
  until(endpoint: Endpoint, count: number): Promise<void>;
  close(): Promise<void>;
}

export interface FakeControlOptions {
  tls?: { key: string; cert: string };
  /** As the board calls it; else by its address. */
  name?: string;
  nowMs?: () => number;
}

const PATHS: Readonly<Record<string, Endpoint>> = {
  'POST /api/v1/enroll/challenge': 'challenge',
  'POST /api/v1/enroll': 'enroll',
  'GET /api/v1/config': 'config',
  'POST /api/v1/report': 'report',
};
const REFUSED = '{"error":"refused","message":"not accepted (yet)"}';

interface Reply {
  status: number;
  headers?: http.OutgoingHttpHeaders;
  body: string;
}

export async function openFakeControl(options: FakeControlOptions = {}): Promise<FakeControl> {
  const nowMs = options.nowMs ?? Date.now;
  const nonces = new Set<string>();
  const next = new Map<Endpoint, Behaviour[]>();
  const standing = new Map<Endpoint, Behaviour>();
  const waiting: { endpoint: Endpoint; count: number; done: () => void }[] = [];
  const sockets = new Set<Socket>();

  const control: FakeControl = {
    origin: '',
    asked: [],
    probes: new Map(),
    payloads: [],
    reports: [],
    document: { etag: '"one"', text: '{"schema":1}' },
    register(mac, claimToken = null) {
      const name = `probe${control.probes.size + 1}`;
      const probe = { name, claimToken, publicKey: null, isDisabled: false, apiKeys: new Set('') };
      control.probes.set(mac, probe);
      return probe;
    },
    approve(mac) {
      const last = control.payloads.filter((payload) => payload.mac === mac).at(-1);
      const probe = control.probes.get(mac);
      if (last === undefined || probe === undefined) throw new Error(`nobody knocked as ${mac}`);
      probe.publicKey = last.publicKey;
    },
    once: (endpoint, behaviour) => next.set(endpoint, [...(next.get(endpoint) ?? []), behaviour]),
    always(endpoint, behaviour) {
      if (behaviour === null) standing.delete(endpoint);
      else standing.set(endpoint, behaviour);
    },
    count: (endpoint) => control.asked.filter((one) => one.endpoint === endpoint).length,
    until(endpoint, count) {
      if (control.count(endpoint) >= count) return Promise.resolve();
      return new Promise((done) => waiting.push({ endpoint, count, done }));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };

  function work({ endpoint, headers, body }: Asked): Reply {
    if (endpoint === 'challenge') return challenge();
    if (endpoint === 'enroll') return enroll(body);
    const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    const probe = [...control.probes.values()].find(({ apiKeys }) => apiKeys.has(key));
    if (probe === undefined || probe.isDisabled) return problem(401, 'unauthorized');
    // The first use of a key ends the older ones.
    probe.apiKeys = new Set([...probe.apiKeys].slice([...probe.apiKeys].indexOf(key)));
    return endpoint === 'config' ? config(headers) : report(body);
  }

  function challenge(): Reply {
    const nonce = randomBytes(32).toString('base64url');
    nonces.add(nonce);
    return json({ nonce, untilMs: nowMs() + 300_000, nowMs: nowMs() });
  }

  function enroll(body: string): Reply {
    const request = v.parse(ENROLL_REQUEST, JSON.parse(body));
    const raw = Buffer.from(request.payload, 'base64url');
    const payload = v.parse(ENROLL_PAYLOAD, JSON.parse(raw.toString('utf8')));
    const digest = createHash('sha256').update(raw).digest('hex');
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: payload.publicKey };
    const isSigned = verify(
      null,
      Buffer.from(enrollMessage(control.origin, request.nonce, digest)),
      createPublicKey({ key: jwk, format: 'jwk' }),
      Buffer.from(request.signature, 'base64url'),
    );
    if (!isSigned || !nonces.delete(request.nonce)) return { status: 403, body: REFUSED };
    control.payloads.push(payload);
    const probe = control.probes.get(payload.mac);
    if (probe === undefined || probe.isDisabled) return { status: 403, body: REFUSED };
    if (probe.publicKey === null && probe.claimToken !== null) {
      if (probe.claimToken === payload.claimToken) probe.publicKey = payload.publicKey;
    }
    if (probe.publicKey !== payload.publicKey) return { status: 403, body: REFUSED };
    const apiKey = `flint_probe_${randomBytes(32).toString('base64url')}`;
    probe.apiKeys.add(apiKey);
    return json({ probe: { name: probe.name }, apiKey, nowMs: nowMs() });
  }

  function config(headers: http.IncomingHttpHeaders): Reply {
    const { etag, text } = control.document;
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag }, body: '' };
    return { status: 200, headers: { etag }, body: text };
  }

  function report(body: string): Reply {
    const parsed = v.safeParse(REPORT, JSON.parse(body));
    if (!parsed.success) return problem(400, 'invalid');
    control.reports.push(parsed.output);
    return json({ nowMs: nowMs(), configEtag: control.document.etag });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = PATHS[`${request.method} ${request.url}`];
    if (endpoint === undefined) {
      response.writeHead(404).end();
      return;
    }
    const asked = { endpoint, headers: request.headers, body: await textOf(request) };
    control.asked.push(asked);
    const behaviour = next.get(endpoint)?.shift() ?? standing.get(endpoint);
    misbehave(behaviour, () => work(asked), response);
    for (const one of waiting) if (control.count(one.endpoint) >= one.count) one.done();
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error) => response.writeHead(500).end(String(error)));
  };
  const server =
    options.tls === undefined
      ? http.createServer(listener)
      : https.createServer(options.tls, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls === undefined ? 'http' : 'https';
  control.origin = `${scheme}://${options.name ?? '127.0.0.1'}:${port}`;
  return control;
}

function misbehave(
  behaviour: Behaviour | undefined,
  work: () => Reply,
  response: ServerResponse,
): void {
  if (behaviour === undefined) send(response, work());
  else if (behaviour.kind === 'drip') drip(response, work(), behaviour.everyMs);
  else if (behaviour.kind === 'raw') response.socket?.end(behaviour.text);
  else if (behaviour.kind === 'change') {
    const reply = work();
    send(response, { ...reply, body: behaviour.change(reply.body) });
  } else if (behaviour.kind === 'say') {
    if (behaviour.isDone === true) work();
    send(response, behaviour);
  } else {
    if (behaviour.when === 'after') work();
    if (behaviour.kind === 'cut') response.socket?.destroy();
  }
}

function drip(response: ServerResponse, { status, headers, body }: Reply, everyMs: number): void {
  response.writeHead(status, headers);
  let at = 0;
  const timer = setInterval(() => {
    if (at < body.length && !response.destroyed) response.write(body[at++] ?? '');
    else clearInterval(timer);
  }, everyMs);
  response.on('close', () => clearInterval(timer));
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

function json(value: unknown): Reply {
  return { status: 200, body: JSON.stringify(value) };
}

function problem(status: number, error: string): Reply {
  return { status, body: JSON.stringify({ error, message: error }) };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
