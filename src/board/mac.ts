const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import { parseMac } from '../core/wire.ts';

// The address that a board is registered by: that of its first wired network interface. Which one
// is first does not depend on the order in which drivers came up.

export interface MacRequest {
  /** As the operator gave it; rules. */
  mac: string | null;
  /** Must be there when it was given. */
  interface: string | null;
  /** Of the hardware profile; taken when the machine has it. */
  usual: string | null;
  /** Where the kernel tells of devices: /sys. */
  sys: string;
}

export interface FoundMac {
  mac: string;
  /** Null when the address itself was given. */
  interface: string | null;
}

/** Throws ERR_CONFIG_INVALID for a wrong address, ERR_USAGE when the machine has none. */
export function findMac(request: MacRequest): FoundMac {
  if (request.mac !== null) return { mac: givenMac(request.mac), interface: null };
  const devices = listDevices(request.sys);
  const { interface: named, usual } = request;
  if (named !== null) return addressOf(deviceNamed(devices, named));
  const physical = devices.filter(({ isPhysical }) => isPhysical).sort(byRank);
  const first = physical.find(({ name }) => name === usual) ?? physical[0];
  if (first !== undefined) return addressOf(first);
  throw new ProbeError(
    'ERR_USAGE',
    'this machine has no Ethernet interface that its driver knows an address of: name the ' +
      'address with --mac',
  );
}

interface Device {
  name: string;
  mac: string | null;
  isPhysical: boolean;
  /** Lower comes first. */
  rank: number;
}

// By net_device.addr_assign_type: made with it, set by somebody, taken from another device, and
// last of the wired ones what is different at each boot.
const ASSIGNED_RANK: Readonly<Record<string, number>> = { '0': 0, '3': 1, '2': 2, '1': 40 };
const PLUGGED_RANK = 10;
const RADIO_RANK = 100;
const ETHERNET = '1';

function listDevices(sys: string): Device[] {
  const root = path.join(sys, 'class/net');
  return namesIn(root).map((name) => readDevice(path.join(root, name), name));
}

function readDevice(directory: string, name: string): Device {
  // A bond gives its members the address of one of them; the member's own is kept beside.
  const written =
    readLine(path.join(directory, 'bonding_slave/perm_hwaddr')) ??
    readLine(path.join(directory, 'address')) ??
    '';
  const mac = parseMac(written);
  const isEthernet = readLine(path.join(directory, 'type')) === ETHERNET;
  const hasDevice = fs.existsSync(path.join(directory, 'device'));
  return { name, mac, isPhysical: isEthernet && hasDevice && mac !== null, rank: rank(directory) };
}

// Wired before radio, soldered before plugged in, and what stays before what changes.
function rank(directory: string): number {
  const isRadio = ['wireless', 'phy80211'].some((entry) =>
    fs.existsSync(path.join(directory, entry)),
  );
  const isPlugged = realPath(path.join(directory, 'device')).includes('/usb');
  const assigned = ASSIGNED_RANK[readLine(path.join(directory, 'addr_assign_type')) ?? '0'] ?? 3;
  return (isRadio ? RADIO_RANK : 0) + (isPlugged ? PLUGGED_RANK : 0) + assigned;
}

function byRank(a: Device, b: Device): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function deviceNamed(devices: readonly Device[], name: string): Device {
  const found = devices.find((device) => device.name === name);
  if (found !== undefined && found.mac !== null) return found;
  const others = devices.map((device) => device.name).join(', ');
  throw new ProbeError(
    'ERR_CONFIG_INVALID',
    `interface "${name}" ${found === undefined ? 'is not there' : 'has no MAC address'}: ` +
      `this machine has ${others === '' ? 'none' : others}`,
  );
}

function addressOf({ mac, name }: Device): FoundMac {
  return { mac: mac ?? '', interface: name };
}

function givenMac(text: string): string {
  const mac = parseMac(text);
  if (mac !== null) return mac;
  throw new ProbeError(
    'ERR_CONFIG_INVALID',
    `"${text.slice(0, 40)}" is no MAC address of one device, such as 02:00:5e:10:00:01`,
  );
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

function readLine(file: string): string | null {
  try {
    return fs.readFileSync(file, 'latin1').trim();
  } catch {
    return null;
  }
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return '';
  }
}
