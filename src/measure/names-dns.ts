import { promises as dns, type RecordWithTtl } from 'node:dns';
import { type Address, parseAddress } from '../core/address.ts';
import type { Family } from '../core/round.ts';
import { takeTurns } from './names-turns.ts';

// One question to DNS, with a resolver of its own: that costs a port and a look at resolv.conf, and
// gives each question a fresh source port, the servers of the moment, and a deadline of its own.

export type DnsAnswer =
  | { ok: true; addresses: Address[]; ttlMs: number }
  /** `isAsked` is false when the question was not even put. */
  | { ok: false; reason: string; isAsked: boolean };

export interface DnsQuestion {
  name: string;
  family: Family;
  /** What failed before waits behind what did not. */
  isFailing: boolean;
}

export interface Dns {
  ask(question: DnsQuestion): Promise<DnsAnswer>;
  close(): void;
}

export interface DnsServers {
  /** As people read them. */
  list: string[];
  /** False to leave the resolver what it has read itself from the system's resolv.conf. */
  isSet: boolean;
}

type Resolver = InstanceType<typeof dns.Resolver>;

const TRY_MS = 2000;
const TRIES = 2;
const ANSWER_MS_MAX = 5000;
const WAIT_MS_MAX = ANSWER_MS_MAX - TRY_MS;
const UNDER_WAY_MAX = 16;
const TTL_SECONDS_MIN = 30;
const TTL_SECONDS_MAX = 3600;

export function openDns(servers: () => DnsServers): Dns {
  const turns = takeTurns({ most: UNDER_WAY_MAX, waitMsMax: WAIT_MS_MAX });
  const underWay = new Set<Resolver>();
  let isClosed = false;

  async function askNow(question: DnsQuestion, answerMsMax: number): Promise<DnsAnswer> {
    const { list, isSet } = servers();
    if (list.length === 0) return failed('no DNS server is configured on this machine');
    const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
    if (isSet) resolver.setServers(list);
    const timer = setTimeout(() => resolver.cancel(), answerMsMax);
    underWay.add(resolver);
    try {
      return toAnswer(question, await askFor(resolver, question));
    } catch (error) {
      return failed(reasonOf(error, question, list));
    } finally {
      clearTimeout(timer);
      underWay.delete(resolver);
    }
  }

  return {
    async ask(question) {
      const beganMs = performance.now();
      if (isClosed) return notAsked('closed');
      const isTurn = await turns.begin(!question.isFailing);
      if (!isTurn) return notAsked('too many names are being looked up at once');
      try {
        if (isClosed) return notAsked('closed');
        return await askNow(question, ANSWER_MS_MAX - (performance.now() - beganMs));
      } finally {
        turns.end();
      }
    },
    close() {
      isClosed = true;
      turns.close();
      for (const resolver of underWay) resolver.cancel();
    },
  };
}

/** How long an answer holds, ms: not so short that it floods, nor so long that it misleads. */
export function boundTtlMs(seconds: number): number {
  return Math.min(Math.max(seconds, TTL_SECONDS_MIN), TTL_SECONDS_MAX) * 1000;
}

function askFor(
  resolver: Resolver,
  { name, family }: DnsQuestion,
): Promise<readonly RecordWithTtl[]> {
  const options = { ttl: true } as const;
  return family === 'v4' ? resolver.resolve4(name, options) : resolver.resolve6(name, options);
}

function toAnswer({ family }: DnsQuestion, records: readonly RecordWithTtl[]): DnsAnswer {
  const addresses = records.flatMap((record) => parseAddress(record.address) ?? []);
  if (addresses.length === 0) return failed(noRecord(family));
  const ttlMs = boundTtlMs(Math.min(...records.map((record) => record.ttl)));
  return { ok: true, addresses, ttlMs };
}

function failed(reason: string): DnsAnswer {
  return { ok: false, reason, isAsked: true };
}

function notAsked(reason: string): DnsAnswer {
  return { ok: false, reason, isAsked: false };
}

// c-ares' codes, as node:dns names them.
function reasonOf(
  error: unknown,
  { name, family }: DnsQuestion,
  servers: readonly string[],
): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const asked = `(asked ${servers.join(', ')})`;
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: name.includes('.') ? 'no such name' : 'no such name: write it with its domain',
    ENODATA: noRecord(family),
    EBADNAME: 'not a name that DNS can hold',
    ESERVFAIL: `the DNS server failed ${asked}`,
    EREFUSED: `the DNS server refused ${asked}`,
    ENOTIMP: `the DNS server does not take such questions ${asked}`,
    EFORMERR: `the DNS server did not understand ${asked}`,
    EBADRESP: `the DNS server answered nonsense ${asked}`,
    ETIMEOUT: `no DNS server answered in time ${asked}`,
    ECANCELLED: `no DNS server answered in time ${asked}`,
    ECONNREFUSED: `no DNS server can be reached ${asked}`,
  };
  return known[code] ?? `DNS failed with ${code} ${asked}`;
}

function noRecord(family: Family): string {
  return family === 'v4' ? 'no IPv4 address (A record)' : 'no IPv6 address (AAAA record)';
}
