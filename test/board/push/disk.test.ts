import { equal } from 'uvu/assert';
import { diskFault, judgeRoom } from '../../../src/board/push/disk.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const ROOM = { blocks: 1_000_000, bavail: 500_000, bsize: 4096, files: 65_536, ffree: 60_000 };

suite('push-disk', ({ test }) => {
  test('a disk with room is none of the trouble', () => {
    equal(judgeRoom(ROOM), null);
    equal(judgeRoom({ ...ROOM, bavail: 256 }), null);
  });

  test('what root alone could still take is full', () => {
    equal(judgeRoom({ ...ROOM, bavail: 0 }), 'full');
    equal(judgeRoom({ ...ROOM, bavail: 255 }), 'full');
  });

  test('so is one without inodes, but not one that makes them as it needs them', () => {
    equal(judgeRoom({ ...ROOM, ffree: 0 }), 'no inodes');
    equal(judgeRoom({ ...ROOM, files: 0, ffree: 0 }), null);
    equal(judgeRoom({ ...ROOM, blocks: 0, bavail: 0 }), null);
  });

  test('a directory that is not there says nothing', async () => {
    equal(diskFault('/nonexistent/queue'), null);
    await inPlace(({ directory }) => equal(diskFault(directory), null));
  });
});
