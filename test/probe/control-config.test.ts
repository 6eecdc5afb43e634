import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { equal, is, match, not, ok } from 'uvu/assert';
import {
  controlFile,
  controlVersion,
  judgeControl,
  readControl,
} from '../../src/probe/control-config.ts';
import { suite } from '../helper.ts';

const ME = process.getuid?.() ?? 0;

function judged(document: unknown, envelope: object = {}) {
  return judgeControl({ schema: 1, etag: '"a"', receivedMs: 1, document, ...envelope });
}

function accepted(document: unknown) {
  const read = judged(document);
  if (read.state !== 'document') throw new Error(JSON.stringify(read));
  return read.control;
}

function refusal(read: ReturnType<typeof judgeControl>): string {
  return read.state === 'refused' ? read.error : `not refused: ${read.state}`;
}

suite('probe/control-config', (s) => {
  const run = mkdtempSync(join(tmpdir(), 'flint-control-'));
  const file = controlFile(run);
  s.after(() => rmSync(run, { recursive: true }));

  s.test('names what it rules, and only that', () => {
    equal([...accepted({ schema: 1 }).kinds], []);
    const both = accepted({ schema: 1, measurements: { path: {}, smokeping: {} } });
    equal([...both.kinds].sort(), ['path', 'smokeping']);
    is(accepted({ schema: 1, hostname: 'p7' }).hostname, 'p7');
    is(accepted({ schema: 1 }).hostname, null);
  });

  s.test('what is local is left out, right or wrong', () => {
    const { unsupported } = accepted({ schema: 1, listen: { address: '0.0.0.0' }, store: 7, x: 1 });
    equal(unsupported, ['listen', 'store', 'x']);
  });

  s.test('there are at most as many unsupported keys as a report takes', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}\n\u202e`, n]));
    const { unsupported } = accepted({ schema: 1, listen: {}, store: {}, ...many });
    ok(unsupported.length <= 65);
    ok(unsupported.every((key) => !/[\n\u202e]/.test(key)));
  });

  s.test('refuses a newer schema, of the file and of the document', () => {
    match(refusal(judged({ schema: 1 }, { schema: 2 })), 'schema: expected 1 but got 2');
    match(refusal(judged({ schema: 2 })), 'document "a": schema: expected 1 but got 2');
    match(refusal(judged(undefined)), 'document "a"');
    match(refusal(judged({ schema: 1 }, { etag: 7 })), 'etag: expected an ETag');
  });

  s.test('whatever it is, it is judged and never thrown', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (envelope, document) => {
        for (const read of [judgeControl(envelope), judged(document)]) {
          ok(read.state !== 'refused' || read.error.length <= 2000);
        }
      }),
    );
  });

  s.test('there is none before there is an agent', () => {
    equal(readControl(file, [ME]), { state: 'none' });
    is(controlVersion(file), '');
  });

  s.test('believes the owner alone, and no link', () => {
    mkdirSync(join(run, 'agent'));
    writeFileSync(file, '{"schema":1,"etag":"a","document":{"schema":1}}');
    is(readControl(file, [ME]).state, 'document');
    match(refusal(readControl(file, [ME + 1])), `belongs to user ${ME}`);
    chmodSync(file, 0o666);
    match(refusal(readControl(file, [ME])), 'others may write it');
    rmSync(file);
    symlinkSync('/etc/passwd', file);
    match(refusal(readControl(file, [ME, 0])), 'ELOOP');
    rmSync(file);
  });

  s.test('takes no more than a mebibyte', () => {
    writeFileSync(file, `{"schema":1,"etag":"a","document":{"schema":1}}${' '.repeat(1 << 20)}`);
    match(refusal(readControl(file, [ME])), 'are more than 1048576');
  });

  s.test('a file that was written again is another', () => {
    writeFileSync(file, '1');
    const before = controlVersion(file);
    writeFileSync(file, '12');
    not.equal(controlVersion(file), before);
  });
});
