import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import {
  type BoardRead,
  boardFile,
  openBoardReader,
  STALE_MS,
} from '../../src/probe/mesh-state.ts';
import { BOARD_NOW_MS, fakeBoard, fakeMesh } from '../fake/board.ts';
import { suite } from '../helper.ts';

const ME = process.getuid?.() ?? 0;

suite('probe/mesh-state', (s) => {
  const run = mkdtempSync(join(tmpdir(), 'flint-board-'));
  const file = boardFile(run);
  const time = { nowMs: BOARD_NOW_MS, monoMs: 0 };
  mkdirSync(dirname(file), { recursive: true });
  s.after(() => rmSync(run, { recursive: true }));

  const open = (owners = [ME]) =>
    openBoardReader({ file, owners, nowMs: () => time.nowMs, monoMs: () => time.monoMs });

  function write(content: unknown): void {
    rmSync(file, { force: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    chmodSync(file, 0o644);
  }

  function reason(read: BoardRead): string {
    return read.kind === 'unknown' ? read.reason : `not unknown: ${read.kind}`;
  }

  s.test('a machine without an agent has no state, and one with an agent has that', () => {
    rmSync(file, { force: true });
    const reader = open();
    equal(reader.look(), { kind: 'none' });

    write(fakeBoard());

    equal(reader.look(), { kind: 'known', state: fakeBoard() });
  });

  s.test('what changes is read again, and what goes is gone', () => {
    write(fakeBoard());
    const reader = open();
    reader.look();

    write(fakeBoard({ mesh: fakeMesh({ address: null }) }));
    const read = reader.look();
    is(read.kind === 'known' && read.state.mesh?.address, null);

    rmSync(file);
    equal(reader.look(), { kind: 'none' });
  });

  s.test('an agent that is silent for three minutes is not believed any more', () => {
    write(fakeBoard({ writtenMs: time.nowMs }));
    const reader = open();
    is(reader.look().kind, 'known');

    time.nowMs += STALE_MS;
    is(reader.look().kind, 'known');
    time.nowMs += 1;
    match(reason(reader.look()), /has said nothing for more than three minutes/);
    time.nowMs = BOARD_NOW_MS;
  });

  s.test('a clock that is set back makes an old file no younger', () => {
    write(fakeBoard({ writtenMs: time.nowMs }));
    const reader = open();
    is(reader.look().kind, 'known');

    time.nowMs -= 60_000;
    time.monoMs += STALE_MS + 1;
    is(reader.look().kind, 'unknown');

    time.nowMs -= 86_400_000;
    write(fakeBoard({ writtenMs: BOARD_NOW_MS }));
    is(reader.look().kind, 'unknown', 'of a time to come');
    Object.assign(time, { nowMs: BOARD_NOW_MS, monoMs: 0 });
  });

  s.test('only what its owner alone may write is believed', () => {
    write(fakeBoard());
    chmodSync(file, 0o666);
    match(reason(open().look()), /others may write it/);
    chmodSync(file, 0o644);
    match(reason(open([ME + 1]).look()), /only \d+ is believed/);

    rmSync(file);
    writeFileSync(`${file}.real`, JSON.stringify(fakeBoard()));
    symlinkSync(`${file}.real`, file);
    match(reason(open().look()), /cannot be read/);
  });

  s.test('what is no state is told as such, in one line', () => {
    const bad = ['', '{', '[]', '7', 'x'.repeat(70_000), JSON.stringify({ schema: 2 })];
    const peers = Array.from({ length: 33 }, () => fakeMesh().peers[0]);
    bad.push(JSON.stringify(fakeBoard({ mesh: fakeMesh({ address: 'no' }) })));
    bad.push(JSON.stringify({ ...fakeBoard(), mesh: { ...fakeMesh(), peers } }));
    bad.push(JSON.stringify(fakeBoard({ mesh: fakeMesh({ reason: 'a\nb' }) })));
    for (const text of bad) {
      write(text);
      match(reason(open().look()), /^what the agent says of this board cannot be read: [ -~]+$/);
    }
    write({ ...fakeBoard(), mesh: { ...fakeMesh(), readers: ['x'] } });
    match(reason(open().look()), 'mesh.readers.0: expected an IP address');
  });

  s.test('keys of a newer agent are no fault', () => {
    write({ ...fakeBoard(), update: { state: 'idle' } });
    is(open().look().kind, 'known');
  });
});
