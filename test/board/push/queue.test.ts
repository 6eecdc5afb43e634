import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { equal, ok, throws } from 'uvu/assert';
import { adoptQueue, boundQueue, openQueue, queueName } from '../../../src/board/push/queue.ts';
import {
  ageOf,
  foldLook,
  MARKS_MAX,
  type QueueLook,
  type QueueMarks,
} from '../../../src/board/push/queue-age.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const OLD = 'http://old.example/w';
const NEW = 'http://new.example/w';
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function makeQueue(directory: string, url: string, waiting: number): string {
  const queue = join(directory, 'persistent-queue', queueName(url));
  mkdirSync(queue, { recursive: true });
  const meta = { Name: '1:secret-url', ReaderOffset: 100, WriterOffset: 100 + waiting };
  writeFileSync(join(queue, 'metainfo.json'), JSON.stringify(meta));
  writeFileSync(join(queue, '0000000000000000'), 'x'.repeat(waiting));
  return queue;
}

function names(directory: string): string[] {
  return readdirSync(join(directory, 'persistent-queue')).sort();
}

const LOOK: QueueLook = { nowMs: 0, startedS: 1, pendingBytes: 0, writtenBytes: 0, accepted: 0 };

function fold(looks: readonly Partial<QueueLook>[], before: QueueMarks | null = null): QueueMarks {
  let marks = before;
  for (const look of looks) marks = foldLook(marks, { ...LOOK, ...look });
  if (marks === null) throw new Error('no look');
  return marks;
}

suite('push-queue', ({ test }) => {
  test('what waited for the former URL waits for the new one', async () => {
    await inPlace(({ directory }) => {
      makeQueue(directory, OLD, 500);
      equal(adoptQueue(directory, NEW), 500);
      equal(names(directory), [queueName(NEW)]);
      equal(adoptQueue(directory, NEW), null);
    });
  });

  test('an empty queue steps aside, and nothing is removed', async () => {
    await inPlace(({ directory }) => {
      makeQueue(directory, OLD, 500);
      makeQueue(directory, NEW, 0);
      equal(adoptQueue(directory, NEW), 500);
      equal(names(directory), [queueName(NEW), queueName(OLD)].sort());
    });
  });

  test('a kill in the middle is made up for, whenever it came', async () => {
    await inPlace(({ directory }) => {
      const [old, fresh] = [makeQueue(directory, OLD, 500), makeQueue(directory, NEW, 0)];
      renameSync(fresh, `${old}.aside`);
      equal(adoptQueue(directory, NEW), 500);
      adoptQueue(directory, NEW);
      equal(names(directory), [queueName(NEW), queueName(OLD)].sort());
      // And with one in the way, whose own name is taken.
      for (const suffix of ['.aside', '.aside1']) {
        mkdirSync(`${fresh}${suffix}`);
        writeFileSync(join(`${fresh}${suffix}`, 'metainfo.json'), '{}');
      }
      equal(adoptQueue(directory, OLD), 500);
      ok(names(directory).includes(queueName(NEW)));
    });
  });

  test('a queue that holds something keeps its name', async () => {
    await inPlace(({ directory }) => {
      makeQueue(directory, OLD, 500);
      makeQueue(directory, NEW, 1);
      equal(adoptQueue(directory, NEW), null);
    });
  });

  test('rubbish in the directory is left alone', async () => {
    await inPlace(({ directory }) => {
      mkdirSync(join(directory, 'persistent-queue', '1_0123456789ABCDEF'), { recursive: true });
      mkdirSync(join(directory, 'persistent-queue', 'other'));
      equal(adoptQueue(directory, NEW), null);
      equal(adoptQueue(join(directory, 'nowhere'), NEW), null);
    });
  });

  test('a pipe or a link in the place of a file holds nobody, and leads nowhere', async () => {
    await inPlace(({ directory }) => {
      const meta = join(makeQueue(directory, OLD, 500), 'metainfo.json');
      renameSync(meta, join(directory, 'elsewhere.json'));
      execFileSync('mkfifo', [meta]);
      equal(adoptQueue(directory, NEW), null);
      rmSync(meta);
      symlinkSync(join(directory, 'elsewhere.json'), meta);
      equal(adoptQueue(directory, NEW), null);
    });
  });

  test('a link in the place of the directory is refused, wherever it leads', async () => {
    await inPlace(({ state, directory }) => {
      mkdirSync(join(state, 'push'), { recursive: true });
      const queue = join(state, 'push', 'queue');
      for (const target of [directory, join(directory, 'nowhere')]) {
        symlinkSync(target, queue);
        throws(() => openQueue(queue, owner), /is not a directory/);
        rmSync(queue);
      }
    });
  });

  test('the queue never asks for more than half of the disk', async () => {
    await inPlace(({ directory }) => {
      equal(boundQueue(64 << 20, directory), 64 << 20);
      const bound = boundQueue(1e18, directory);
      ok(bound < 1e18 && bound % (64 << 20) === 0, `${bound}`);
    });
  });

  test('its directory is for vmagent alone', async () => {
    await inPlace(({ state }) => {
      const queue = join(state, 'push', 'queue');
      openQueue(queue, owner);
      openQueue(queue, owner);
      equal(statSync(queue).mode & 0o777, 0o700);
      writeFileSync(join(state, 'file'), '');
      throws(() => openQueue(join(state, 'file', 'queue'), owner));
    });
  });

  test('samples that flow are not old', () => {
    const marks = fold([
      { nowMs: 0, accepted: 1 },
      { nowMs: 10_000, accepted: 2 },
      { nowMs: 20_000, accepted: 3 },
    ]);
    equal(ageOf(marks, 25_000, 45_000), 0);
  });

  test('one block that is tried again and again grows old', () => {
    const marks = fold([
      { accepted: 1 },
      ...[1, 2, 3].map((one) => ({ nowMs: one * 60_000, accepted: 1 })),
    ]);
    equal(ageOf(marks, 180_000, 45_000), 180_000);
  });

  test('the age is that of the head of the queue, while new samples come in behind', () => {
    const stuck = [1, 2, 3, 4].map((minute) => ({
      ...{ nowMs: minute * 60_000, accepted: 1 },
      ...{ pendingBytes: minute * 100, writtenBytes: minute * 100 },
    }));
    const marks = fold([{ accepted: 1 }, ...stuck]);
    equal(ageOf(marks, 240_000, 45_000), 240_000);

    // 250 of 400 bytes went: the head came in after the second minute.
    const moving = fold(
      [{ nowMs: 300_000, accepted: 2, pendingBytes: 150, writtenBytes: 400 }],
      marks,
    );
    equal(ageOf(moving, 300_000, 45_000), 300_000 - 120_000);

    const over = fold([{ nowMs: 310_000, accepted: 3, writtenBytes: 400 }], moving);
    equal(ageOf(over, 310_000, 45_000), 0);
  });

  test('another start of vmagent does not make the queue young', () => {
    const marks = fold([
      { accepted: 1 },
      { nowMs: 60_000, accepted: 1, pendingBytes: 100, writtenBytes: 100 },
      { nowMs: 120_000, startedS: 2, accepted: 0, pendingBytes: 110, writtenBytes: 10 },
    ]);
    equal(ageOf(marks, 120_000, 45_000), 120_000);
  });

  test('days of a queue need few marks', () => {
    const looks = Array.from({ length: 20_000 }, (_, index) => ({
      ...{ nowMs: index * 10_000, accepted: 1 },
      ...{ pendingBytes: index, writtenBytes: index },
    }));
    const marks = fold(looks);
    ok(marks.marks.length <= MARKS_MAX, `${marks.marks.length}`);
    equal(ageOf(marks, 199_990_000, 45_000), 199_990_000);
  });

  test('a clock that was set back makes no negative age', () => {
    equal(ageOf(fold([{ nowMs: 1e12, pendingBytes: 5 }]), 0, 45_000), 0);
  });
});
