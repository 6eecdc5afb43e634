import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { isJournal, type Log, openLog } from '../../src/host/log.ts';
import { suite } from '../helper.ts';

const START_MS = Date.parse('2026-11-22T10:00:00.000Z');

suite('log', ({ test }) => {
  test('plain text has time, level, message and fields on one line', () => {
    const { log, lines } = open();
    log.info('listening', { address: '127.0.0.1:9740', targets: 3, note: 'two words', etag: null });

    const expected =
      '2026-11-22T10:00:00.000Z info listening ' +
      'address=127.0.0.1:9740 targets=3 note="two words" etag=null';
    assert.equal(lines, [expected]);
  });

  test('the journal gets JSON behind the priority', () => {
    const { log, lines } = open({ journal: true });
    log.info('a', { message: 'not the message' });
    log.warn('b');
    log.error('c');

    assert.equal(lines, [
      '<6>{"level":"info","message":"a","fields":{"message":"not the message"}}',
      '<4>{"level":"warn","message":"b","fields":{}}',
      '<3>{"level":"error","message":"c","fields":{}}',
    ]);
  });

  test('what is said again within a minute is told once, with its count', () => {
    const { log, lines, advance } = open();
    for (let time = 0; time < 13; time++) {
      log.warn('name not found', { host: 'x.example' });
      advance(5_000);
    }

    assert.equal(lines, [
      '2026-11-22T10:00:00.000Z warn name not found host=x.example',
      '2026-11-22T10:01:00.000Z warn name not found (repeated 11 times in 60 s) host=x.example',
      '2026-11-22T10:01:00.000Z warn name not found host=x.example',
    ]);
  });

  test('a repeat is told when something else is said, and at the end', () => {
    const { log, lines, advance } = open();
    log.warn('a');
    log.warn('a');
    advance(61_000);
    log.info('b');
    log.info('b');
    log.flush();
    log.flush();

    assert.equal(
      lines.map((line) => line.slice(25)),
      ['warn a', 'warn a (repeated 1 times in 61 s)', 'info b', 'info b (repeated 1 times in 1 s)'],
    );
  });

  test('other fields or another level are not a repeat', () => {
    const { log, lines } = open();
    log.warn('a', { host: 'x' });
    log.warn('a', { host: 'y' });
    log.error('a', { host: 'x' });

    assert.is(lines.length, 3);
  });

  test('a flood of different messages does not fill the memory', () => {
    const { log, lines } = open();
    for (let index = 0; index < 5_000; index++) log.warn(`message ${index}`);
    for (let index = 0; index < 5_000; index++) log.warn(`message ${index}`);

    assert.is(lines.length, 10_000 - 256);
  });

  test('a wall clock that is set back does not hold repeats for ever', () => {
    const { log, lines, advance } = open();
    log.warn('a');
    log.warn('a');
    advance(-86_400_000);
    log.info('b');

    assert.is(lines.length, 3);
    assert.match(lines[1] ?? '', 'repeated 1 times');
  });

  test('queries of URLs, credentials and secrets never reach the line', () => {
    for (const text of [
      'GET https://x.example/a?private_token=hunter2 failed',
      'GET /api/v1/rounds?target=hunter2',
      'https://user:hunter2@x.example/',
      'https://hunter2@x.example/',
      'Authorization: Bearer hunter2.hunter2',
      'api-key=hunter2',
      'password: "hunter2"',
      'metrics_token = hunter2',
      'ftp://u:hunter2@x/?hunter2',
      '{"token":"hunter2"}',
    ]) {
      const { log, lines } = open();
      log.error(text, { url: text });
      assert.not.match(lines.join(), 'hunter2', text);
      assert.is(lines.length, 1);
    }
  });

  test('fields with the name of a secret are hidden, others are not', () => {
    const { log, lines } = open();
    const fields = { apiKey: 'k', token: 't', password: 'p', etag: 'e', target: 'x?y', key: 'z' };
    log.info('a', fields);

    const expected =
      'apiKey="[hidden]" token="[hidden]" password="[hidden]" etag=e target="x?y" key=z';
    assert.match(lines[0] ?? '', expected);
  });

  test('nothing that is logged can make a second line or steer a terminal', async () => {
    const any = fc.string({ unit: 'binary', maxLength: 60 });
    await fc.assert(
      fc.property(any, any, fc.boolean(), (message, value, journal) => {
        const { log, lines } = open({ journal });
        log.info(message, { value });
        return lines.length === 1 && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(lines[0] ?? '');
      }),
      { numRuns: 1_000, seed: 4 },
    );
  });

  test('a very long message is cut', () => {
    const { log, lines } = open();
    log.info('x'.repeat(100_000));

    assert.ok((lines[0] ?? '').length < 1_100);
  });

  test('a stream that is gone does not end the process', () => {
    const write = (): never => {
      throw new Error('EPIPE');
    };
    openLog({ stream: { write }, nowMs: () => START_MS, journal: false }).info('a');
  });

  test('the journal is known by device and inode of standard error', () => {
    assert.is(isJournal({}), false);
    assert.is(isJournal({ JOURNAL_STREAM: '1:1' }), false);
    const { dev, ino } = process.getBuiltinModule('node:fs').fstatSync(2);
    assert.is(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }), true);
  });
});

function open(change: { journal?: boolean } = {}): {
  log: Log;
  lines: string[];
  advance(ms: number): void;
} {
  const lines: string[] = [];
  let nowMs = START_MS;
  const stream = {
    write(text: string) {
      assert.is(text.at(-1), '\n');
      lines.push(text.slice(0, -1));
      assert.not.match(text.slice(0, -1), '\n');
    },
  };
  const log = openLog({ stream, nowMs: () => nowMs, journal: change.journal ?? false });
  return {
    log,
    lines,
    advance(ms) {
      nowMs += ms;
    },
  };
}
