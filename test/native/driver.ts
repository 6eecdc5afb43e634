// A process of a test's own in some namespace: it opens a transport (or an engine) there, and does
// with it what lines of JSON on standard input ask, one answer a line. remote.ts is the other end.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { formatAddress } from '../../src/core/address.ts';
import { ProbeError } from '../../src/core/error.ts';
import type { Family } from '../../src/core/round.ts';
import { isAddonBuilt, loadAddon } from '../../src/engine/addon.ts';
import { Engine } from '../../src/engine/engine.ts';
import { loadFallback, openFallback } from '../../src/engine/fallback.ts';
import { type Hot, inboxAt, loadHot, outboxAt, packetAt } from '../../src/engine/hot.ts';
import { STAMP_BYTES } from '../../src/engine/limits.ts';
import { openNative } from '../../src/engine/native.ts';
import { dropRoot } from '../../src/engine/privileges.ts';
import { buildProbe, openTrace, type ProbeOutcome, takeOutcomes } from '../../src/engine/probes.ts';
import { startPump } from '../../src/engine/pump.ts';
import {
  type OpenTransport,
  type Transport,
  type TransportRequest,
  unpackDrain,
} from '../../src/engine/transport.ts';
import type {
  Answers,
  Arrived,
  EngineWish,
  Gathered,
  OpenWish,
  Outgoing,
  ProbesWish,
  PumpWish,
  Traced,
  Wishes,
} from './remote.ts';
import { bytesOf, toRecord, toSpec } from './wire.ts';

/** The first of 64 source ports where none is wished. */
const PORT = 0xf000;

let hot: Hot | null = null;
let transport: Transport | null = null;
let engine: Engine | null = null;
let series: number[] = [];
/** Collected garbage would close the sockets that a later transport has taken over. */
const kept: Transport[] = [];

const COMMANDS: { [K in keyof Wishes]: (wish: Wishes[K]) => Answers[K] | Promise<Answers[K]> } = {
  drop(identity) {
    // What is needed later must be loaded while it can still be read.
    if (isAddonBuilt()) loadAddon();
    loadFallback();
    dropRoot(identity);
    return null;
  },
  open(wish) {
    keepTransport();
    hot = loadHot();
    const { identifier, port = PORT, slots = 4096 } = wish;
    transport = opener(wish)({ hot, identifier, port, slots });
    transport.drain();
    return describe(transport);
  },
  send: ({ packets }) => send(packets),
  flood: ({ packets, times }) => flood(packets, times),
  gather: (wish) => gather(wish),
  sockets: () => ('sockets' in opened() ? nativeSockets() : []),
  scheduled: ({ on }) => opened().setScheduled(on),
  engine: (wish) => startEngine(wish),
  pump: (wish) => pump(wish),
  probes: (wish) => probe(wish),
  source: (wish) => findSource(wish),
  tick: ({ most }) => tick(most),
  drain() {
    running().drain();
    return null;
  },
  observe: () => observe(),
  finish() {
    running().finish();
    return observe();
  },
  run: (wish) => runWith(wish),
  close() {
    transport?.close();
    transport = null;
    engine = null;
    return null;
  },
};

function opener(wish: OpenWish): OpenTransport {
  if (wish.kind === 'raw-socket') return openFallback;
  const { kind: sockets, stamps, ownKeys, inherited } = wish;
  const options = {
    sockets,
    ...(stamps === undefined ? {} : { stamps }),
    ...(ownKeys === undefined ? {} : { ownKeys }),
    ...(inherited === undefined ? {} : { inherited }),
  };
  return (request: TransportRequest) => openNative(request, options);
}

function opened(): Transport {
  if (transport === null) throw new Error('no transport is open');
  return transport;
}

function running(): Engine {
  if (engine === null) throw new Error('no engine was started');
  return engine;
}

function memory(): Hot {
  if (hot === null) throw new Error('no transport is open');
  return hot;
}

function nativeSockets(): Answers['sockets'] {
  return (opened() as ReturnType<typeof openNative>).sockets();
}

function describe(one: Transport): Answers['open'] {
  const missing = 'missing' in one ? (one as ReturnType<typeof openNative>).missing : [];
  const { name, stamps, isPrivileged, protocols } = one;
  return { name, stamps, isPrivileged, protocols, missing };
}

function send(packets: readonly Outgoing[]): Answers['send'] {
  const { view } = memory();
  packets.forEach((packet, i) => {
    toRecord(memory(), outboxAt(memory(), i), packet);
  });
  opened().send(packets.length);
  return packets.map((_, i) => ({
    errno: view.getUint32(outboxAt(memory(), i) + 24, true),
    userNs: String(view.getBigUint64(outboxAt(memory(), i) + 56, true)),
  }));
}

function flood(packets: readonly Outgoing[], times: number): number {
  let accepted = send(packets).filter(({ errno }) => errno === 0).length;
  for (let i = 1; i < times; i++) {
    opened().send(packets.length);
    packets.forEach((_, at) => {
      if (memory().view.getUint32(outboxAt(memory(), at) + 24, true) === 0) accepted++;
    });
  }
  return accepted;
}

async function gather(wish: Wishes['gather']): Promise<Answers['gather']> {
  const all: Gathered = { packets: [], stamps: [], overflows: 0 };
  const untilMs = performance.now() + wish.ms;
  for (;;) {
    const { packets, stamps } = unpackDrain(opened().drain());
    const arrived = Array.from({ length: packets }, (_, i) => readInbox(i));
    all.packets.push(...arrived.filter(({ icmp }) => isWanted(icmp, wish.repliesTo)));
    for (let i = 0; i < stamps; i++) all.stamps.push(readStamp(i));
    all.overflows = memory().view.getUint32(memory().layout.CONTROL + 24, true);
    const isEnough = all.packets.length >= wish.packets && all.stamps.length >= wish.stamps;
    const isEmpty = packets + stamps === 0;
    if (isEnough || (isEmpty && wish.untilEmpty === true) || performance.now() > untilMs) {
      return all;
    }
    if (isEmpty) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function isWanted(icmp: string, repliesTo: number | undefined): boolean {
  if (repliesTo === undefined) return true;
  const isReply = icmp.startsWith('00') || icmp.startsWith('81');
  return isReply && Number.parseInt(icmp.slice(8, 12), 16) === repliesTo;
}

const KINDS6: readonly number[] = [6, 16, 17, 56];

function readInbox(index: number): Arrived {
  const { view, bytes } = memory();
  const record = inboxAt(memory(), index);
  const kind = view.getUint32(record, true);
  const isV6 = KINDS6.includes(kind);
  const packet = Buffer.from(
    bytes.subarray(packetAt(record), packetAt(record) + view.getUint32(record + 4, true)),
  );
  const header = kind === 4 ? ((packet[0] ?? 0) & 15) * 4 : 0;
  const source = bytes.subarray(record + 32, record + (isV6 ? 48 : 36));
  return {
    kind,
    icmp: packet.subarray(header).toString('hex'),
    ipTtl: kind === 4 ? (packet[8] ?? null) : null,
    stampNs: String(view.getBigUint64(record + 8, true)),
    isTruncated: (view.getUint32(record + 24, true) & 1) !== 0,
    stampSource: view.getUint32(record + 28, true),
    source: formatAddress(isV6 ? 'v6' : 'v4', source),
    ttl: view.getUint32(record + 48, true),
    errorType: view.getUint32(record + 52, true),
    errorCode: view.getUint32(record + 56, true),
  };
}

function readStamp(index: number): Gathered['stamps'][number] {
  const { view, layout } = memory();
  const at = layout.STAMPS + index * STAMP_BYTES;
  return {
    key: view.getUint32(at, true),
    kind: view.getUint32(at + 4, true),
    stampNs: String(view.getBigUint64(at + 8, true)),
  };
}

function keepTransport(): void {
  if (transport !== null) kept.push(transport);
}

function startEngine(wish: EngineWish): Answers['engine'] {
  keepTransport();
  engine = new Engine({
    openTransport: opener(wish),
    roundMs: wish.roundMs ?? 3_600_000,
    timeoutMs: wish.timeoutMs,
    jitter: wish.jitter ?? 0,
    packetsPerSecond: wish.packetsPerSecond ?? 1000,
    identifier: wish.identifier,
    port: wish.port ?? PORT,
    ...(wish.probeTimeoutMs === undefined ? {} : { probeTimeoutMs: wish.probeTimeoutMs }),
  });
  transport = engine.transport;
  hot = engine.hot;
  hot.call.setLogging(wish.hasLog === false ? 0 : 1);
  const made = engine;
  series = wish.series.map((one) => made.addSeries(toSpec(one)));
  return describe(engine.transport);
}

function findSource({ to, device = 0, scope = 0 }: Wishes['source']): string | number {
  const family = familyOf(to);
  const source = opened().sourceOf({
    family,
    destination: sixteen(bytesOf(to)),
    interfaceIndex: device,
    scopeId: scope,
  });
  if (typeof source === 'number') return source;
  return formatAddress(family, source.subarray(0, family === 'v4' ? 4 : 16));
}

function sixteen(address: Uint8Array): Uint8Array {
  const padded = new Uint8Array(16);
  padded.set(address);
  return padded;
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'v6' : 'v4';
}

function openPath({ to, protocol, port }: ProbesWish['paths'][number]): number {
  const family = familyOf(to);
  const address = sixteen(bytesOf(to));
  const route = { family, destination: address, interfaceIndex: 0, scopeId: 0 };
  const source = protocol === 'icmp' ? null : opened().sourceOf(route);
  if (typeof source === 'number') throw new Error(`no way to ${to}: errno ${source}`);
  const part = { interfaceIndex: 0, scopeId: 0, tos: 0 };
  const target = port ?? (protocol === 'tcp' ? 80 : 33_434);
  return openTrace(memory(), { family, protocol, address, source, port: target, ...part });
}

async function probe(wish: ProbesWish): Promise<Traced[]> {
  const { paths, ttls, payloadBytes = 32, dontFragment = false } = wish;
  const traces = paths.map(openPath);
  const waiting = traces.flatMap((trace, path) =>
    ttls.map((ttl) => {
      const flow = paths[path]?.flow ?? 0;
      return { trace, ttl, flow, tag: path, payloadBytes, dontFragment };
    }),
  );
  const count = waiting.length;
  running().setProbeSource({
    build(from, room) {
      const some = waiting.splice(0, Math.min(room, 4));
      return some.filter((request, i) => buildProbe(memory(), request, from + i)).length;
    },
    nextMs: () => (waiting.length > 0 ? 0 : null),
  });
  const found: Traced[] = [];
  const untilMs = performance.now() + wish.ms;
  while (found.length < count && performance.now() < untilMs) {
    running().tick(4);
    for (const one of takeOutcomes(memory(), 1024)) found.push(toTraced(one, paths));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  running().setProbeSource(null);
  for (const trace of traces) memory().call.closeTrace(trace);
  return found;
}

function toTraced({ address, trace: _, ...rest }: ProbeOutcome, paths: ProbesWish['paths']) {
  const family = familyOf(paths[rest.tag]?.to ?? '');
  const bytes = address.subarray(0, family === 'v4' ? 4 : 16);
  return { ...rest, path: rest.tag, address: formatAddress(family, bytes) };
}

/** One tick, and what it handed over: the ICMP bytes of each packet. */
function tick(most: number): Answers['tick'] {
  const built = running().tick(most);
  const { view, bytes } = memory();
  return Array.from({ length: built }, (_, i) => {
    const record = outboxAt(memory(), i);
    const length = view.getUint32(record + 4, true);
    const packet = bytes.subarray(packetAt(record), packetAt(record) + length);
    return Buffer.from(packet).toString('hex');
  });
}

function pump({ ms, isPaced, freshMs, load }: PumpWish): Promise<null> {
  return new Promise((resolve, reject) => {
    const started = startPump(running(), {
      ...load,
      isPaced: isPaced ?? false,
      freshMs: freshMs ?? null,
      afterTick: () => undefined,
      onError: reject,
    });
    setTimeout(() => {
      started.stop();
      resolve(null);
    }, ms);
  });
}

function observe(): Answers['observe'] {
  const one = running();
  const states = series.map((number) => one.state(number));
  return { figures: one.figures(), states, log: takeAll(), rounds: one.takeRounds() };
}

function takeAll(): Answers['observe']['log'] {
  const lines: Answers['observe']['log'] = [];
  for (let more = running().takeLog(); more.length > 0; more = running().takeLog()) {
    for (const line of more) lines.push({ ...line, address: [...line.address] });
  }
  return lines;
}

/** A child that has some of our descriptors as its own from 3 on. */
function runWith({ command, args, fds, env }: Wishes['run']): Promise<Answers['run']> {
  const stdio = ['ignore', 'pipe', 'pipe', ...fds] as const;
  const child = spawn(command, args, { stdio: [...stdio], env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

async function answer(line: string): Promise<void> {
  const [name, wish] = JSON.parse(line) as [keyof Wishes, never];
  let said: unknown;
  try {
    said = { ok: await COMMANDS[name](wish) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const known = error instanceof ProbeError ? error : { code: null, syscall: null, errno: null };
    said = { failed: { code: known.code, syscall: known.syscall, errno: known.errno, message } };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

const lines = createInterface({ input: process.stdin });
let last = Promise.resolve();
lines.on('line', (line) => {
  last = last.then(() => answer(line));
});
lines.on('close', () => process.exit());
process.stdout.write('"ready"\n');
