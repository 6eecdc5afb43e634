import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { equal, match } from 'uvu/assert';
import { planMac, readInterface, readSdSerial, sdMac } from '../../src/board/mac-set.ts';
import { suite } from '../helper.ts';

function inSys(files: Record<string, string>, use: (sys: string) => void): void {
  const sys = mkdtempSync(join(tmpdir(), 'flint-sys-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(sys, file)), { recursive: true });
      writeFileSync(join(sys, file), text);
    }
    use(sys);
  } finally {
    rmSync(sys, { recursive: true, force: true });
  }
}

suite('board/mac-set', ({ test }) => {
  test('the address is that of `md5sum` of the file in sysfs, end of line included', () => {
    // printf '0x7a3b1c2d\n' | md5sum; printf '0x00000000\n' | md5sum
    equal(sdMac('0x7a3b1c2d\n'), 'aa:91:36:7c:a9:b5');
    equal(sdMac('0x00000000\n'), 'aa:91:36:ff:b1:3a');
    equal(sdMac('0x7a3b1c2d') === sdMac('0x7a3b1c2d\n'), false);
  });

  test('the card that was named counts, else the first SD card, not the eMMC before it', () => {
    const files = {
      'block/mmcblk0/device/serial': '0x11111111\n',
      'block/mmcblk0/device/type': 'MMC\n',
      'block/mmcblk1/device/serial': '0x7a3b1c2d\n',
      'block/mmcblk1/device/type': 'SD\n',
    };
    inSys(files, (sys) => {
      const [found, named] = [readSdSerial(null, sys), readSdSerial('mmcblk0', sys)];
      equal(found.ok && [found.device, found.serial, found.mac], [
        ...['mmcblk1', '0x7a3b1c2d', sdMac('0x7a3b1c2d\n')],
      ]);
      equal(named.ok && named.mac, sdMac('0x11111111\n'));
    });
  });

  test('a reader on USB, an empty one and a slip of the pen are told apart', () => {
    inSys({ 'block/sda/size': '1\n', 'block/mmcblk2/size': '1\n' }, (sys) => {
      const reasonOf = (device: string | null): string => {
        const serial = readSdSerial(device, sys);
        return serial.ok ? '' : serial.reason;
      };
      match(reasonOf('sda'), /readers on USB keep it to themselves/);
      match(reasonOf('mmcblk2'), /mmcblk2 shows no serial number/);
      match(reasonOf('mmcblk0'), /there is no mmcblk0: is the card in the reader\?/);
      match(reasonOf('../../etc'), /cards are called mmcblk0/);
      match(reasonOf('sdz'), /there is no sdz/);
    });
    inSys({}, (sys) => match(JSON.stringify(readSdSerial(null, sys)), /no SD card/));
  });

  test('an interface is down while its address changes, and as it was before and after', () => {
    const wanted = 'aa:91:36:00:00:01';
    const at = (address: string | null, isUp: boolean) =>
      planMac({ name: 'end0', address, isUp }, wanted);
    const set = ['link', 'set', 'dev', 'end0', 'address', wanted];
    const turn = (way: string) => ['link', 'set', 'dev', 'end0', way];
    equal(at('02:00:5e:10:00:01', false), { ok: true, commands: [set] });
    equal(at('02:00:5e:10:00:01', true), { ok: true, commands: [turn('down'), set, turn('up')] });
    // A lease that was taken under the right address is not put at risk.
    equal(at(wanted, true), { ok: true, commands: [] });
    equal(at(null, false), { ok: false, reason: 'end0 is no Ethernet interface' });
  });

  test('what sysfs says of an interface is read, and of none nothing', () => {
    const files = {
      'class/net/end0/flags': '0x1003\n',
      'class/net/end0/address': 'AA:91:36:00:00:01\n',
    };
    inSys({ ...files, 'class/net/enu1/flags': '0x1002\n' }, (sys) => {
      equal(readInterface('end0', sys), { name: 'end0', address: 'aa:91:36:00:00:01', isUp: true });
      equal(readInterface('enu1', sys), { name: 'enu1', address: null, isUp: false });
      equal(readInterface('eth9', sys), null);
    });
  });
});
