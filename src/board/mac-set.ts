import { createHash } from 'node:crypto';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { parseMac } from '../core/wire.ts';

// A MAC for boards that the factory gave none: made of the serial number of the SD card, so that it
// is known before the board is ever switched on, and stays with the card.

/** `device` is a name such as mmcblk0. */
export type SdSerial =
  | { ok: true; device: string; serial: string; mac: string }
  | { ok: false; reason: string };

export interface Interface {
  name: string;
  address: string | null;
  isUp: boolean;
}

export type MacPlan =
  | { ok: true; commands: readonly (readonly string[])[] }
  | { ok: false; reason: string };

/** Locally administered, for one device. */
const PREFIX = 'aa:91:36';
const CARD = /^mmcblk[0-9]{1,2}$/;
const IFF_UP = 1;

/** `serial` as the kernel prints it, with the end of the line, which counts. */
export function sdMac(serial: string): string {
  const digits = createHash('md5').update(serial, 'latin1').digest('hex').slice(0, 6);
  return `${PREFIX}:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}`;
}

/** Of the card `device`; null: mmcblk0, or the first SD card where that is none. */
export function readSdSerial(device: string | null, sys: string): SdSerial {
  const name = device ?? firstCard(sys);
  if (name === null) {
    return { ok: false, reason: 'this machine has no SD card that shows its serial number' };
  }
  const block = path.join(sys, 'block', name);
  if (!CARD.test(name)) return { ok: false, reason: strangerReason(name, sys) };
  const serial = readText(path.join(block, 'device/serial'));
  if (serial === null) {
    const reason = fs.existsSync(block)
      ? `${name} shows no serial number`
      : `there is no ${name}: is the card in the reader?`;
    return { ok: false, reason };
  }
  return { ok: true, device: name, serial: serial.trim(), mac: sdMac(serial) };
}

/** Null while there is no such interface. */
export function readInterface(name: string, sys: string): Interface | null {
  const directory = path.join(sys, 'class/net', name);
  const flags = readText(path.join(directory, 'flags'));
  if (flags === null) return null;
  const address = readText(path.join(directory, 'address'));
  return {
    name,
    address: address === null ? null : parseMac(address.trim()),
    isUp: (Number(flags.trim()) & IFF_UP) !== 0,
  };
}

/**
 * The commands (words of `ip`) that give the interface the address. One that has it is not touched,
 * so that no lease is lost; one that is up is so afterwards.
 */
export function planMac({ name, address, isUp }: Interface, wanted: string): MacPlan {
  if (address === null) return { ok: false, reason: `${name} is no Ethernet interface` };
  if (address === wanted) return { ok: true, commands: [] };
  const set = ['link', 'set', 'dev', name, 'address', wanted];
  if (!isUp) return { ok: true, commands: [set] };
  const turn = (way: string): string[] => ['link', 'set', 'dev', name, way];
  return { ok: true, commands: [turn('down'), set, turn('up')] };
}

// An eMMC may have come first; its serial number is that of the board.
function firstCard(sys: string): string | null {
  const names = namesIn(path.join(sys, 'block')).filter((name) => CARD.test(name));
  const cards = names.filter((name) => {
    const type = readText(path.join(sys, 'block', name, 'device/type'))?.trim();
    return type === undefined || type === 'SD';
  });
  return cards.sort()[0] ?? null;
}

function strangerReason(name: string, sys: string): string {
  if (/^[\w-]{1,32}$/.test(name) && fs.existsSync(path.join(sys, 'block', name))) {
    return (
      `${name} does not show the serial number of a card: readers on USB keep it to themselves. ` +
      'Use a slot of the machine itself (its cards are called mmcblk0), or start the board and ' +
      'ask it: `flint mac`'
    );
  }
  return `there is no ${name.slice(0, 32)}: cards are called mmcblk0, mmcblk1`;
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
