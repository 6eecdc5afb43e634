import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openSegmentReader } from '../../../src/probe/store/segment-reader.ts';
import { suite } from '../../helper.ts';
import { inDirectory } from '../store-place.ts';

suite('probe/store/segment-reader', ({ test }) => {
  test('shows the first bytes of a file, and no more than are asked for', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'file');
      writeFileSync(path, 'abcdef');
      const reader = openSegmentReader(() => assert.unreachable());
      for (const [bytes, text] of [
        [3, 'abc'],
        [6, 'abcdef'],
        [1000, 'abcdef'],
        [0, ''],
      ] as const) {
        assert.is(await reader.use({ path, bytes }, textOf), text);
      }
    }));

  test('lets one at a time have the buffer, and the next after a failure', () =>
    inDirectory(async (directory) => {
      const reader = openSegmentReader(() => assert.unreachable());
      const answers = Array.from({ length: 20 }, (_, index) => {
        const path = join(directory, `file${index}`);
        writeFileSync(path, `content ${index}`);
        return reader.use({ path, bytes: 100 }, async (bytes, length) => {
          const before = await textOf(bytes, length);
          await new Promise((resolve) => setImmediate(resolve));
          assert.is(await textOf(bytes, length), before);
          if (index % 2 === 1) throw new Error('failed');
          return before;
        });
      });
      const settled = await Promise.allSettled(answers);

      assert.equal(
        settled.map((each) => each.status === 'fulfilled' && each.value),
        Array.from({ length: 20 }, (_, index) => index % 2 === 0 && `content ${index}`),
      );
    }));

  test('takes a missing file for nothing and tells of an unreadable one', () =>
    inDirectory(async (directory) => {
      const errors: unknown[] = [];
      const reader = openSegmentReader((error) => errors.push(error));

      assert.is(await reader.use({ path: join(directory, 'none'), bytes: 9 }, textOf), null);
      assert.is(errors.length, 0);
      assert.is(await reader.use({ path: directory, bytes: 9 }, textOf), null);
      assert.is((errors[0] as NodeJS.ErrnoException).code, 'EISDIR');
    }));
});

async function textOf(bytes: Uint8Array, length: number): Promise<string> {
  return Buffer.from(bytes.subarray(0, length)).toString();
}
