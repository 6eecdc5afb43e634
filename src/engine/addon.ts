// The only place that loads the addon: the one that was built here, else the one that came with the
// sources for this architecture, so that a board compiles nothing.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ProbeError } from '../core/error.ts';
import type { PathProtocol } from '../core/path.ts';
import { ABI_VERSION } from './limits.ts';

const { existsSync } = process.getBuiltinModule('node:fs');

export interface SocketDescription {
  family: 4 | 6;
  protocol: PathProtocol;
  ping: boolean;
  sendOnly: boolean;
  /** 0 user, 1 microseconds on receipt, 2 nanoseconds both ways. */
  stamps: 0 | 1 | 2;
  /** 0 untried, 1 keys of ours (SCM_TS_OPT_ID), 2 the kernel counts. */
  keys: 0 | 1 | 2;
  overflows: number;
  fd: number;
}

export interface SocketRequest {
  family: 4 | 6;
  protocol: PathProtocol;
  ping: boolean;
  dontFragment: boolean;
  identifier: number;
  port: number;
  fd: number;
  stamps: boolean;
  ownKeys: boolean;
}

export interface AddonTransport {
  add(socket: SocketRequest): void;
  send(n: number): number;
  drain(): number;
  setScheduled(isWanted: boolean): boolean;
  sockets(): SocketDescription[];
  close(): void;
}

export interface Addon {
  abi: number;
  recordBytes: number;
  setErrorClass(errorClass: typeof ProbeError): void;
  sourceAddress(
    family: 4 | 6,
    destination: Uint8Array,
    interfaceIndex: number,
    scopeId: number,
  ): Uint8Array | number;
  /** A datagram to a socket (`/path` or `@name`), without waiting: 0, or an errno. */
  notify(address: string, text: string): number;
  Transport: new (trays: {
    memory: ArrayBuffer;
    control: number;
    outbox: number;
    inbox: number;
    stamps: number;
  }) => AddonTransport;
}

const PLACES = ['build', `prebuilds/${process.platform}-${process.arch}`];
let addon: Addon | null = null;
let loadedPlace = PLACES[0] ?? '';

export function isAddonBuilt(): boolean {
  return PLACES.some((place) => existsSync(fileOf(place)));
}

/** Throws ERR_ADDON_MISSING, or ERR_ABI_MISMATCH where there is only one of another version. */
export function loadAddon(): Addon {
  if (addon !== null) return addon;
  const there = PLACES.filter((place) => existsSync(fileOf(place)));
  const failures: unknown[] = [];
  // One that was built elsewhere, for another machine, must not hide one that fits.
  for (const place of there.length > 0 ? there : PLACES.slice(0, 1)) {
    try {
      addon = loadFrom(place);
      loadedPlace = place;
      return addon;
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** Which one it is, once it is loaded, by its path from the root. */
export function addonFile(): string {
  return `${loadedPlace}/flint.node`;
}

function loadFrom(place: string): Addon {
  const found = requireFrom(place);
  if (found.abi !== ABI_VERSION) {
    throw new ProbeError(
      'ERR_ABI_MISMATCH',
      `${place}/flint.node has ABI ${found.abi}, expected ${ABI_VERSION}: ` +
        'rebuild with `npm run build`',
    );
  }
  found.setErrorClass(ProbeError);
  return found;
}

function requireFrom(place: string): Addon {
  const require = createRequire(import.meta.url);
  try {
    return require(fileOf(place)) as Addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new ProbeError(
      'ERR_ADDON_MISSING',
      `${place}/flint.node cannot be loaded (${why}): build it with \`npm run build\``,
      { cause },
    );
  }
}

function fileOf(place: string): string {
  return fileURLToPath(new URL(`../../${place}/flint.node`, import.meta.url));
}
