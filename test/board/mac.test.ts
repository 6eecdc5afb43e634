import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, throws } from 'uvu/assert';
import { findMac } from '../../src/board/mac.ts';
import { suite } from '../helper.ts';

interface Device {
  address: string;
  type?: number;
  assigned?: number;
  /** Below which bus; null for a virtual one. */
  bus?: string | null;
  entries?: Record<string, string>;
}

function withDevices(devices: Record<string, Device>, use: (sys: string) => void): void {
  const sys = mkdtempSync(join(tmpdir(), 'flint-sys-'));
  try {
    for (const [name, device] of Object.entries(devices)) addDevice(sys, name, device);
    use(sys);
  } finally {
    rmSync(sys, { recursive: true, force: true });
  }
}

function addDevice(sys: string, name: string, device: Device): void {
  const directory = join(sys, 'class/net', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'address'), `${device.address}\n`);
  writeFileSync(join(directory, 'type'), `${device.type ?? 1}\n`);
  writeFileSync(join(directory, 'addr_assign_type'), `${device.assigned ?? 0}\n`);
  const { bus = 'platform' } = device;
  if (bus !== null) {
    mkdirSync(join(sys, 'devices', bus, name), { recursive: true });
    symlinkSync(join(sys, 'devices', bus, name), join(directory, 'device'));
  }
  for (const [entry, text] of Object.entries(device.entries ?? {})) {
    mkdirSync(join(directory, entry, '..'), { recursive: true });
    writeFileSync(join(directory, entry), text);
  }
}

function mac(n: number): string {
  return `02:00:5e:10:00:0${n}`;
}

const NOTHING = { mac: null, interface: null, usual: null };

suite('board/mac', ({ test }) => {
  test('is that of the first wired interface which is a device', () =>
    withDevices(
      {
        br0: { address: mac(1), bus: null },
        eth10: { address: mac(2) },
        eth9: { address: mac(3) },
        lo: { address: '00:00:00:00:00:00', type: 772, bus: null },
        can0: { address: mac(4), type: 280 },
      },
      (sys) => equal(findMac({ ...NOTHING, sys }), { mac: mac(3), interface: 'eth9' }),
    ));

  test('prefers wire to radio, what is built in to what is plugged in, and what stays', () => {
    const radio = { address: mac(1), entries: { 'wireless/status': '' } };
    const plugged = { address: mac(2), bus: 'platform/usb2' };
    const random = { address: mac(3), assigned: 1 };
    const derived = { address: mac(4), assigned: 3 };
    const all = { aa0: radio, ab0: random, ac0: plugged, ad0: derived };
    const order: string[] = [];
    const left: Record<string, Device> = { ...all };
    while (Object.keys(left).length > 0) {
      withDevices(left, (sys) => {
        const { interface: name } = findMac({ ...NOTHING, sys });
        order.push(name ?? '');
        delete left[name ?? ''];
      });
    }

    equal(order, ['ad0', 'ac0', 'ab0', 'aa0']);
  });

  test('a member of a bond has its own address', () =>
    withDevices(
      { eth0: { address: mac(1), entries: { 'bonding_slave/perm_hwaddr': `${mac(2)}\n` } } },
      (sys) => is(findMac({ ...NOTHING, sys }).mac, mac(2)),
    ));

  test('the interface of the profile is taken when the machine has it', () =>
    withDevices({ end0: { address: mac(1) }, enu1: { address: mac(2) } }, (sys) => {
      is(findMac({ ...NOTHING, usual: 'enu1', sys }).mac, mac(2));
      is(findMac({ ...NOTHING, usual: 'eth7', sys }).mac, mac(1));
    }));

  test('one that was named must be there, and the error says which are', () =>
    withDevices({ end0: { address: mac(1) }, bad0: { address: '00:00:00:00:00:00' } }, (sys) => {
      is(findMac({ ...NOTHING, interface: 'end0', usual: 'x', sys }).mac, mac(1));
      throws(() => findMac({ ...NOTHING, interface: 'eth0', sys }), /not there.*has bad0, end0/);
      throws(() => findMac({ ...NOTHING, interface: 'bad0', sys }), /has no MAC address/);
    }));

  test('an address that was given rules, in any spelling, when it is that of one device', () => {
    const given = { ...NOTHING, sys: '/none' };

    equal(findMac({ ...given, mac: '0200.5E10.0001' }), { mac: mac(1), interface: null });
    for (const wrong of ['', 'x', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '0'.repeat(500)]) {
      throws(() => findMac({ ...given, mac: wrong }), /is no MAC address/);
    }
  });

  test('a machine without any says what to do', () => {
    throws(() => findMac({ ...NOTHING, sys: '/none' }), /--mac/);
  });
});
