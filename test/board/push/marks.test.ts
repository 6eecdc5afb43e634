import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { forgetMarks, loadMarks, saveMarks } from '../../../src/board/push/marks-file.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

suite('push-marks', ({ test }) => {
  test('what is kept comes back', async () => {
    await inPlace(({ directory }) => {
      const file = join(directory, 'marks.json');
      const marks = {
        ...{ startedS: 1.5, writtenBytes: 2, accepted: 3, totalBytes: 4 },
        marks: [{ totalBytes: -4, timeMs: 5 }],
      };
      equal(loadMarks(file), null);
      saveMarks(file, marks);
      equal(loadMarks(file), marks);
      forgetMarks(file);
      equal(loadMarks(file), null);
      forgetMarks(file);
    });
  });

  test('a damaged file says nothing', async () => {
    await inPlace(({ directory }) => {
      const file = join(directory, 'marks.json');
      for (const text of ['', '{', '{"schema":1,"marks":[]}', 'null']) {
        writeFileSync(file, text);
        equal(loadMarks(file), null, text);
      }
    });
  });
});
