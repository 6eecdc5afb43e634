import { resolve } from 'node:path';

const fs = process.getBuiltinModule('node:fs');

import { loadSettings } from '../../board/agent-config.ts';
import { hardwareFolders, readProfile } from '../../board/hardware-profile.ts';
import { findMac } from '../../board/mac.ts';
import {
  type Interface,
  planMac,
  readInterface,
  readSdSerial,
  type SdSerial,
} from '../../board/mac-set.ts';
import { ProbeError } from '../../core/error.ts';
import type { MAC_SOURCES } from '../../core/hardware.ts';
import { findProgram, lastWords, runCommand } from '../../host/command.ts';
import { configDirectory, ownPlaceRequest } from '../../host/places.ts';
import { EXIT } from '../command.ts';

// `flint mac`: which address a board has and should have, and how it gets it.

const SYS = '/sys';
const WAIT_MS_MAX = 20_000;
const WAIT_STEP_MS = 100;
const COMMAND_MS_MAX = 10_000;
const SYSTEM_PATH = '/usr/sbin:/sbin:/usr/bin:/bin';

interface Request {
  interface: string | null;
  device: string | null;
  /** Null where nothing says which. */
  source: (typeof MAC_SOURCES)[number] | null;
  isJson: boolean;
}

/** `flint mac`, `flint mac show`: with --device nothing but the address. */
export async function runMacShow(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const request = readRequest(options);
  if (request.device !== null) return showCard(request, readSdSerial(request.device, SYS));
  return showBoard(request, request.source === 'sd-serial' ? readSdSerial(null, SYS) : null);
}

/** `flint mac set`: what is right is not touched. */
export async function runMacSet(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const request = readRequest(options);
  const isBoot = options['boot'] === true;
  // Who says "set" means the card, unless the hardware has an address of its own.
  if (request.source === 'nic' && request.device === null) {
    return tell(request, { changed: false, text: 'this hardware has an address of its own' });
  }
  const name = interfaceOf(request);
  if (name === null) throw unavailable('no interface is named: say --interface NAME');
  const ready = await waitFor(name, request.device, isBoot ? WAIT_MS_MAX : 0);
  const { mac } = ready.serial;
  const plan = planMac(ready.found, mac);
  if (!plan.ok) throw unavailable(plan.reason);
  if (options['dryRun'] === true) {
    const lines = plan.commands.map((words) => `would run ip ${words.join(' ')}`);
    return tell(request, { changed: false, text: lines.join('\n') || `${name} has ${mac}` });
  }
  if (plan.commands.length === 0) {
    return tell(request, { changed: false, text: `${name} has ${mac} already` });
  }
  await runAll(plan.commands);
  if (readInterface(name, SYS)?.address !== mac) {
    throw new ProbeError('ERR_UNAVAILABLE', `${name} did not take the address ${mac}`);
  }
  return tell(request, { changed: true, text: `${name} has ${mac} now` });
}

function readRequest(options: Record<string, unknown>): Request {
  const textOf = (name: string): string | null => (options[name] as string | undefined) ?? null;
  const named = textOf('config');
  const file = resolve(named ?? `${configDirectory(ownPlaceRequest())}/agent.json`);
  const isRead = named !== null || fs.existsSync(file);
  const settings = isRead ? loadSettings(file, true) : null;
  const hardware = textOf('hardware') ?? settings?.hardware ?? null;
  const folders = hardwareFolders(file);
  const profile = hardware === null ? null : readProfile(hardware, folders);
  if (hardware !== null && profile === null) {
    const places = folders.join(' or ');
    const text = `there is no hardware profile "${hardware.slice(0, 40)}" in ${places}`;
    throw new ProbeError('ERR_USAGE', text);
  }
  return {
    interface: textOf('interface') ?? settings?.interface ?? profile?.interface ?? null,
    device: textOf('device'),
    source: profile?.mac ?? null,
    isJson: options['json'] === true,
  };
}

function interfaceOf(request: Request): string | null {
  if (request.interface !== null) return request.interface;
  try {
    return findMac({ mac: null, interface: null, usual: null, sys: SYS }).interface;
  } catch {
    return null;
  }
}

function showCard({ isJson }: Request, serial: SdSerial): number {
  if (!serial.ok) throw unavailable(serial.reason);
  if (isJson) printJson({ device: serial.device, serial: serial.serial, mac: serial.mac });
  else print(serial.mac);
  return EXIT.ok;
}

/** `serial` is null where the address is that of the interface. */
function showBoard(request: Request, serial: SdSerial | null): number {
  const name = interfaceOf(request);
  const address = name === null ? null : (readInterface(name, SYS)?.address ?? null);
  const wanted = serial?.ok === true ? serial.mac : null;
  if (request.isJson) {
    printJson({ interface: name, address, source: request.source ?? 'nic', wanted });
  } else {
    print(`interface  ${name ?? 'none'}`);
    print(`address    ${address ?? 'none'}`);
    print(`should be  ${wantedText(serial)}`);
  }
  return serial === null || (wanted !== null && wanted === address) ? EXIT.ok : EXIT.trouble;
}

function wantedText(serial: SdSerial | null): string {
  if (serial === null) return 'what its interface was made with';
  if (!serial.ok) return `unknown: ${serial.reason}`;
  return `${serial.mac} (serial number ${serial.serial} of ${serial.device})`;
}

// At a boot driver and card may come later than we do. Udev renames before others see the name.
async function waitFor(name: string, device: string | null, ms: number) {
  const endMs = performance.now() + ms;
  for (;;) {
    const found = readInterface(name, SYS);
    const serial = readSdSerial(device, SYS);
    if (found !== null && serial.ok) return { found, serial };
    if (performance.now() >= endMs) throw unavailable(missingText(name, found, serial));
    await new Promise((done) => setTimeout(done, WAIT_STEP_MS));
  }
}

function missingText(name: string, found: Interface | null, serial: SdSerial): string {
  if (found === null) return `there is no interface ${name}`;
  return serial.ok ? '' : serial.reason;
}

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  const ip = findProgram('ip', { PATH: `${process.env['PATH'] ?? ''}:${SYSTEM_PATH}` });
  if (ip === null) throw unavailable('there is no "ip" on this machine: install iproute2');
  const last = commands.at(-1) ?? [];
  for (const words of commands) {
    const result = await runCommand(ip, words, { timeoutMs: COMMAND_MS_MAX });
    if (result.code === 0) continue;
    // Whatever happens, what was up is up again.
    if (last.at(-1) === 'up') await runCommand(ip, last, { timeoutMs: COMMAND_MS_MAX });
    throw unavailable(`ip ${words.join(' ')}: ${lastWords(result)}`);
  }
}

function tell({ isJson }: Request, told: { changed: boolean; text: string }): number {
  if (isJson) printJson(told);
  else print(told.text);
  return EXIT.ok;
}

function unavailable(message: string): ProbeError {
  return new ProbeError('ERR_UNAVAILABLE', message);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printJson(value: unknown): void {
  print(JSON.stringify(value));
}
