// The fleet of the control's benchmark: boards with keys, what they send, and an HTTP client that
// keeps its sockets.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Agent, request } from 'node:http';
import { enrollMessage } from '../src/core/enroll-wire.ts';
import type { HardwareProfile } from '../src/core/hardware.ts';
import type { Report, ReportedRound } from '../src/core/report.ts';

const ROUND_MS = 30_000;
const TARGETS = 3;

export function hardwareProfiles(): HardwareProfile[] {
  const shape = { schema: 1, architecture: 'any', interface: null, mac: 'nic', note: '' } as const;
  return [{ ...shape, slug: 'generic', name: 'Any machine', models: [] }];
}

export function macOf(index: number): string {
  const digits = index.toString(16).padStart(6, '0').match(/../g) ?? [];
  return ['02', '00', '5e', ...digits].join(':');
}

export function nameOf(index: number): string {
  return `probe${String(index).padStart(5, '0')}`;
}

export interface Board {
  index: number;
  privateKey: KeyObject;
  publicKey: string;
}

export function makeBoard(index: number): Board {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { index, privateKey, publicKey: publicKey.export({ format: 'jwk' }).x ?? '' };
}

export function enrollRequest(
  { index, privateKey, publicKey }: Board,
  { origin, nonce, claimToken }: { origin: string; nonce: string; claimToken: string },
): object {
  const payload = JSON.stringify({
    ...{ mac: macOf(index), publicKey, model: 'Bench', hardware: 'generic', version: '1.0.0' },
    ...{ node: '20.0.0', sshHostKey: null, claimToken },
  });
  const digest = createHash('sha256').update(payload).digest('hex');
  const message = Buffer.from(enrollMessage(origin, nonce, digest));
  return {
    nonce,
    payload: Buffer.from(payload).toString('base64url'),
    signature: sign(null, message, privateKey).toString('base64url'),
  };
}

/** As a board with the default load sends it: three targets, both families, two rounds each. */
export function reportOf(index: number, nowMs: number): Report {
  const targets = Array.from({ length: TARGETS }, (_, i) => `target${i}`);
  const both = targets.flatMap((target) => [
    { target, family: 'v4' as const, ip: '192.0.2.1' },
    { target, family: 'v6' as const, ip: '2001:db8::1' },
  ]);
  const lastMs = Math.floor(nowMs / ROUND_MS) * ROUND_MS;
  const rounds = [2, 1].flatMap((back) =>
    both.map((series) => roundOf(series, lastMs - back * ROUND_MS, index)),
  );
  const about = { version: '1.0.0', startedMs: nowMs - 3_600_000, bootId: `boot${index}` };
  return {
    schema: 1,
    sentMs: nowMs,
    agent: {
      ...about,
      ...{ uptimeMs: 3_600_000, model: 'Bench', hardware: 'generic' },
      ...{ configEtag: null, lastError: null, board: null },
    },
    probe: {
      ...about,
      ...{ schema: 1, writtenMs: nowMs, hostname: nameOf(index), node: '20.0.0', addon: '1' },
      hardware: 'Bench',
      clock: { state: 'synced', offsetNs: 1200 },
      config: { etag: null, appliedMs: null, error: null, unsupported: [], capped: [] },
      quality: { kernel: 360, mixed: 0, user: 0, hardware: 0 },
      series: both.map((one) => ({ ...one, host: 'h.example', state: 'measuring', reason: null })),
      rounds,
      paths: both.map((one) => ({
        ...{ ...one, host: 'h.example', protocol: 'icmp', state: 'tracing', sinceMs: nowMs },
        hops: Array.from({ length: 9 }, (_, ttl) => `192.0.2.${ttl}`),
      })),
      events: [
        {
          ...{ id: `start:${index}`, kind: 'start', target: null, family: null },
          ...{ fromMs: 1_700_000_000_000, untilMs: 1_700_000_000_000, scope: null, detail: {} },
        },
      ],
      leftOut: 0,
      store: { bytes: 1e6, oldestMs: nowMs - 3_600_000, errors: 0, lastError: null },
    },
  };
}

function roundOf(
  series: Pick<ReportedRound, 'target' | 'family' | 'ip'>,
  fromMs: number,
  index: number,
): ReportedRound {
  const min = 1_000_000 + index * 37;
  const figures = { min, p10: min + 9e3, p25: min + 2e4, median: min + 4e4, p75: min + 6e4 };
  return {
    ...{ ...series, fromMs, untilMs: fromMs + ROUND_MS, clock: 'synced', loaded: false },
    ...{ sent: 30, received: 30, lost: 0, discarded: 0, exact: true },
    rttNs: { ...figures, p90: min + 9e4, max: min + 4e5, mean: min + 51_234.5, stddev: 23_456.7 },
    jitterNs: 31_234.5,
  };
}

export interface Reply {
  status: number;
  text: string;
}

export interface Client {
  ask(method: string, path: string, body: unknown, bearer?: string): Promise<Reply>;
  close(): void;
}

export function openClient(port: number, sockets: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  return {
    ask(method, path, body, bearer) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers: Record<string, string | number> = {};
      if (text !== '') headers['content-type'] = 'application/json';
      if (text !== '') headers['content-length'] = Buffer.byteLength(text);
      if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
      const where = { host: '127.0.0.1', port, method, path, agent, headers };
      return new Promise((resolve, reject) => {
        const outgoing = request(where, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
          );
          answer.on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end(text);
      });
    },
    close: () => agent.destroy(),
  };
}
