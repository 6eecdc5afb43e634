// Trying what the probe needs: the addon, sockets, stamps, an echo over loopback, clock, names,
// places. Each check says what was found and, where something can be done, the line that does it.
const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');
const path = process.getBuiltinModule('node:path');

import { fileURLToPath } from 'node:url';
import { ProbeError } from '../core/error.ts';
import { addonFile, loadAddon } from '../engine/addon.ts';
import { Engine } from '../engine/engine.ts';
import { loadFallback } from '../engine/fallback.ts';
import { openNative } from '../engine/native.ts';
import { openBest } from '../engine/open.ts';
import { ownStateDirectory } from '../host/places.ts';
import { openNames } from '../measure/names.ts';

export interface Check {
  name: string;
  /** `poor`: flint measures, but less well than it could. */
  verdict: 'good' | 'poor' | 'bad';
  finding: string;
  /** One line that mends it, or null. */
  mend: string | null;
}

/** Both src/probe and dist/probe lie two levels below. What is installed has none of npm. */
const LOCK_FILE = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const INSTALL_AGAIN = 'install it again from a clone that is built for this machine: flint install';

const ECHO_MS = 1500;
const PING_GROUP_RANGE = 'sysctl -w net.ipv4.ping_group_range="0 2147483647"';

/** Runs all checks; takes about two seconds. Sends only to this machine itself. */
export async function diagnose(): Promise<Check[]> {
  const isClone = fs.existsSync(LOCK_FILE);
  const addon = checkAddon(isClone);
  const hasAddon = addon.verdict === 'good';
  const fallback = judgeFallback(loadFallback(), { isClone, hasAddon });
  const checks = [checkNode(), addon, fallback, checkSockets()];
  checks.push(...(await checkEcho()), checkState());
  for (const host of ['@gateway', '@resolver']) checks.push(await checkName(host));
  return checks;
}

/** What is installed has no fallback, and no tree of npm to build one in. */
export function judgeFallback(
  loaded: ReturnType<typeof loadFallback>,
  { isClone, hasAddon }: { isClone: boolean; hasAddon: boolean },
): Check {
  if ('module' in loaded) {
    return good('fallback', 'npm raw-socket loads (not used beside the addon)');
  }
  if (!isClone) {
    const need = hasAddon ? 'none is needed, as the addon loads' : 'the addon is what it needs';
    return good('fallback', `none: what is installed comes without one; ${need}`);
  }
  const finding = `npm raw-socket is missing (${loaded.reason}): needed only without the addon`;
  return { name: 'fallback', verdict: 'good', finding, mend: 'npm rebuild raw-socket' };
}

function good(name: string, finding: string): Check {
  return { name, verdict: 'good', finding, mend: null };
}

function checkNode(): Check {
  const { node, v8 } = process.versions;
  return good('node', `${node} (V8 ${v8}) on ${os.arch()}, ${os.availableParallelism()} cores`);
}

function checkAddon(isClone: boolean): Check {
  try {
    const { abi } = loadAddon();
    return good('addon', `${addonFile()} loads, ABI ${abi}`);
  } catch (error) {
    const mend = isClone ? 'npm run build' : INSTALL_AGAIN;
    return { name: 'addon', verdict: 'poor', finding: messageOf(error), mend };
  }
}

function checkSockets(): Check {
  const engineless = { roundMs: 5000, timeoutMs: 1000, jitter: 0, packetsPerSecond: 1 };
  let found = '';
  try {
    const engine = new Engine({
      ...engineless,
      openTransport: (request) => {
        const native = openNative(request);
        const lacking = native.missing.map(({ family, reason }) => `no ${family}: ${reason}`);
        const paths = `paths by ${native.protocols.join(', ')}`;
        const kind = native.isPrivileged ? 'raw sockets' : 'ping sockets';
        found = [kind, paths, ...lacking].join('; ');
        return native;
      },
    });
    engine.close();
    const isRaw = found.startsWith('raw');
    const mend = 'run as root: raw sockets filter in the kernel and see every ICMP error';
    return {
      name: 'sockets',
      verdict: isRaw ? 'good' : 'poor',
      finding: found,
      mend: isRaw ? null : mend,
    };
  } catch (error) {
    const code = error instanceof ProbeError ? error.code : null;
    const mend = code === 'ERR_SOCKET_PERMISSION' ? PING_GROUP_RANGE : null;
    // Without the addon they are not even tried; the echo shows whether the fallback measures.
    const verdict = code === 'ERR_ADDON_MISSING' ? 'poor' : 'bad';
    return { name: 'sockets', verdict, finding: messageOf(error), mend };
  }
}

/** Echoes to loopback for a second: do they come back, and with whose stamps? */
async function checkEcho(): Promise<Check[]> {
  let engine: Engine;
  try {
    const pace = { jitter: 0, packetsPerSecond: 10 };
    engine = new Engine({ openTransport: openBest, roundMs: 5000, timeoutMs: 1000, ...pace });
  } catch (error) {
    return [{ name: 'loopback', verdict: 'bad', finding: messageOf(error), mend: null }];
  }
  const series = engine.addSeries({
    family: 'v4',
    address: Uint8Array.of(127, 0, 0, 1),
    source: null,
    interfaceIndex: 0,
    scopeId: 0,
    payloadBytes: 56,
    tos: 0,
    ttl: 0,
    dontFragment: false,
    intervalMs: 100,
    phaseMs: 0,
  });
  const until = performance.now() + ECHO_MS;
  while (performance.now() < until) {
    engine.tick(4);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const checks = [echoCheck(engine, series), ...stampChecks(engine, series), clockCheck(engine)];
  engine.close();
  return checks;
}

function echoCheck(engine: Engine, series: number): Check {
  const { sent, received } = engine.state(series);
  const median = engine.quantiles(series, [0.5])?.[0];
  const finding = `${received} of ${sent} echoes to 127.0.0.1 answered`;
  if (received > 0 && median !== undefined) {
    return good('loopback', `${finding}, median ${Math.round(median / 1000)} µs`);
  }
  const mend = 'ip link set lo up; sysctl -w net.ipv4.icmp_echo_ignore_all=0';
  return { name: 'loopback', verdict: 'bad', finding, mend };
}

/** None without samples: whose stamps they would have is then not known. */
function stampChecks(engine: Engine, series: number): Check[] {
  const { quality, received } = engine.state(series);
  if (received === 0) return [];
  const share = Math.round((100 * quality.kernel) / received);
  const finding = `${share} % of the samples have kernel stamps both ways`;
  if (share > 90) return [good('stamps', finding)];
  const mend = 'this kernel refuses SO_TIMESTAMPING: latencies include the delays of this process';
  return [{ name: 'stamps', verdict: 'poor', finding, mend }];
}

function clockCheck(engine: Engine): Check {
  if (engine.isClockSynced()) return good('clock', 'synchronised by NTP');
  const finding =
    'the kernel says that nothing disciplines the clock: times of rounds may be wrong';
  return { name: 'clock', verdict: 'poor', finding, mend: 'timedatectl set-ntp true' };
}

/** Makes nothing: a directory that root made here would be closed to the probe's own user. */
function checkState(): Check {
  const directory = ownStateDirectory();
  try {
    const place = nearestPlace(directory);
    if (!fs.statSync(place).isDirectory()) throw new Error(`${place} is not a directory`);
    fs.accessSync(place, fs.constants.W_OK | fs.constants.X_OK);
    const { bavail, bsize } = fs.statfsSync(place);
    const free = `${Math.round((bavail * bsize) / 2 ** 20)} MiB free`;
    const yet = place === directory ? '' : ' (will be made)';
    return good('state', `${directory}${yet}, ${free}`);
  } catch (error) {
    const isReadOnly = (error as NodeJS.ErrnoException).code === 'EROFS';
    const mend = isReadOnly
      ? 'mount -o remount,rw, or another disk: a card that wears out turns read-only'
      : 'choose another with --state';
    return { name: 'state', verdict: 'bad', finding: messageOf(error), mend };
  }
}

function nearestPlace(directory: string): string {
  const above = path.dirname(directory);
  return fs.existsSync(directory) || above === directory ? directory : nearestPlace(above);
}

async function checkName(host: string): Promise<Check> {
  const names = openNames();
  const answers = await Promise.all([names.resolve(host, 'v4'), names.resolve(host, 'v6')]);
  names.close();
  const found = answers.map((answer, i) => {
    const family = i === 0 ? 'IPv4' : 'IPv6';
    return answer.ok ? `${family} known` : `${family}: ${answer.reason}`;
  });
  const verdict = answers.some((answer) => answer.ok) ? 'good' : 'poor';
  return { name: host, verdict, finding: found.join('; '), mend: null };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
