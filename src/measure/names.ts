import {
  type Address,
  formatAddress,
  isIpv4Mapped,
  isLinkLocalIpv6,
  parseAddress,
} from '../core/address.ts';
import type { Family } from '../core/round.ts';
import { type DnsServers, openDns } from './names-dns.ts';
import { trackFailures } from './names-failures.ts';
import { readText } from './names-file.ts';
import { openHostsFile } from './names-hosts.ts';
import { isStub, parseGateways, parseResolvers } from './names-network.ts';
import type { FamilyAnswer, Names } from './resolution.ts';

// What a host means, from the nearest source that knows: itself, the network, the hosts file, DNS.

export interface NamesOptions {
  hostsFile?: string;
  resolvConf?: string;
  /** Where the servers behind the stub of systemd-resolved are listed. */
  resolvConfBehindStub?: string;
  /** Asked instead of the system's, as `127.0.0.1:5353`. */
  servers?: string[];
  /** In the form of /proc/net/route and /proc/net/ipv6_route. */
  routes4?: string;
  routes6?: string;
  /** A clock that never goes back. */
  nowMs?: () => number;
}

const SYSTEM = {
  hostsFile: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  resolvConfBehindStub: '/run/systemd/resolve/resolv.conf',
  routes4: '/proc/net/route',
  routes6: '/proc/net/ipv6_route',
};
const LITERAL_TTL_MS = 3_600_000;
const LOCAL_TTL_MS = 30_000;
/** Of what the kernel or a file does not say yet: to look costs nothing. */
const NOT_THERE_TTL_MS = 5000;
const NOT_ASKED_TTL_MS = 5000;
const ROUTES_BYTES_MAX = 1024 * 1024;
const RESOLV_CONF_BYTES_MAX = 64 * 1024;
const FAMILY_TEXT: Readonly<Record<Family, string>> = { v4: 'IPv4', v6: 'IPv6' };
const LOOPBACK: Readonly<Record<Family, string>> = { v4: '127.0.0.1', v6: '::1' };

export function openNames(options: NamesOptions = {}): Names {
  const paths = { ...SYSTEM, ...options };
  const hosts = openHostsFile(paths.hostsFile);
  const dns = openDns(() => dnsServers(options));
  const failures = trackFailures(options.nowMs ?? (() => performance.now()));
  const underWay = new Map<string, Promise<FamilyAnswer>>();

  async function lookUp(host: string, family: Family): Promise<FamilyAnswer> {
    const literal = parseAddress(host);
    if (literal !== null) return ofLiteral(literal, family);
    if (host === '@gateway') return gatewaysOf(paths, family);
    if (host === '@resolver') return resolversOf(paths, family);
    const name = host.replace(/\.$/, '').toLowerCase();
    const listed = hosts.find(name, family);
    if (listed.length > 0) return answer(listed, LOCAL_TTL_MS);
    // RFC 6761 §6.3: never a question to DNS.
    if (/(?:^|\.)localhost$/.test(name)) return answer(parsed(LOOPBACK[family]), LOCAL_TTL_MS);
    return await askDns(name, family);
  }

  async function askDns(name: string, family: Family): Promise<FamilyAnswer> {
    const key = `${family} ${name}`;
    const result = await dns.ask({ name, family, isFailing: failures.isFailing(key) });
    if (result.ok) {
      failures.succeeded(key);
      return answer(result.addresses, result.ttlMs);
    }
    const { reason, isAsked } = result;
    return { ok: false, reason, ttlMs: isAsked ? failures.failed(key) : NOT_ASKED_TTL_MS };
  }

  return {
    resolve(host, family) {
      const key = `${family} ${host}`;
      const shared = underWay.get(key);
      if (shared !== undefined) return shared;
      const asked = lookUp(host, family)
        .catch(unexpected)
        .finally(() => underWay.delete(key));
      underWay.set(key, asked);
      return asked;
    },
    close: () => dns.close(),
  };
}

function ofLiteral(address: Address, family: Family): FamilyAnswer {
  if (address.family === family) return { ok: true, addresses: [address], ttlMs: LITERAL_TTL_MS };
  const reason = `an ${FAMILY_TEXT[address.family]} address`;
  return { ok: false, reason, ttlMs: LITERAL_TTL_MS };
}

function gatewaysOf(paths: typeof SYSTEM, family: Family): FamilyAnswer {
  const path = family === 'v4' ? paths.routes4 : paths.routes6;
  const gateways = parseGateways(readText(path, ROUTES_BYTES_MAX), family);
  if (gateways === null) return unknown(`no default route for ${FAMILY_TEXT[family]}`);
  if (gateways.length === 0) {
    return unknown(`the default route for ${FAMILY_TEXT[family]} has no gateway`);
  }
  return { ok: true, addresses: gateways, ttlMs: LOCAL_TTL_MS };
}

function resolversOf(paths: typeof SYSTEM, family: Family): FamilyAnswer {
  const listed = resolversIn(paths.resolvConf);
  const behind = isStub(listed) ? resolversIn(paths.resolvConfBehindStub) : [];
  const all = behind.length > 0 ? behind : listed;
  const addresses = all.filter((one) => one.family === family);
  if (addresses.length > 0) return answer(addresses, LOCAL_TTL_MS);
  return unknown(`no resolver with an ${FAMILY_TEXT[family]} address`);
}

function dnsServers({ servers, resolvConf }: NamesOptions): DnsServers {
  if (servers !== undefined) return { list: servers, isSet: true };
  const listed = resolversIn(resolvConf ?? SYSTEM.resolvConf);
  const list = listed.map((one) => formatAddress(one.family, one.bytes, one.zone));
  // setServers of node:dns loses the zone; what c-ares reads by itself keeps it.
  return { list, isSet: listed.every((one) => one.zone === null) };
}

function resolversIn(path: string): Address[] {
  return parseResolvers(readText(path, RESOLV_CONF_BYTES_MAX));
}

// Lists that block names give 0.0.0.0 or ::, which would measure this machine itself.
function answer(addresses: readonly Address[], ttlMs: number): FamilyAnswer {
  const usable = addresses.filter(isOfHost);
  if (usable.length > 0) return { ok: true, addresses: usable, ttlMs };
  const texts = addresses.map((one) => formatAddress(one.family, one.bytes, one.zone));
  const reason = `its address ${texts.slice(0, 3).join(', ')} is not that of a host`;
  return { ok: false, reason, ttlMs };
}

function isOfHost({ family, bytes, zone }: Address): boolean {
  const first = bytes[0] ?? 0;
  if (family === 'v4') return first !== 0 && (first < 224 || first > 239) && !isAll(bytes, 255);
  if (isLinkLocalIpv6(bytes)) return zone !== null;
  return first !== 0xff && !isIpv4Mapped(bytes) && !isAll(bytes, 0);
}

function isAll(bytes: Uint8Array, value: number): boolean {
  return bytes.every((byte) => byte === value);
}

function parsed(text: string): Address[] {
  const address = parseAddress(text);
  return address === null ? [] : [address];
}

function unknown(reason: string): FamilyAnswer {
  return { ok: false, reason, ttlMs: NOT_THERE_TTL_MS };
}

function unexpected(error: unknown): FamilyAnswer {
  return unknown(`the look-up failed: ${error instanceof Error ? error.message : String(error)}`);
}
