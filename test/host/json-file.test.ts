import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, match, throws } from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { readJsonFile } from '../../src/host/json-file.ts';
import { suite } from '../helper.ts';

suite('host/json-file', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-json-file-'));
  const file = join(directory, 'a.json');
  s.after(() => rmSync(directory, { recursive: true }));

  function refusal(text: string): string {
    writeFileSync(file, text);
    try {
      readJsonFile(file);
    } catch (error) {
      if (error instanceof ProbeError && error.code === 'ERR_CONFIG_INVALID') return error.message;
      throw error;
    }
    throw new Error('it was taken');
  }

  s.test('a document is read as it is', () => {
    writeFileSync(file, '{"a":[1,null]}');
    equal(readJsonFile(file), { a: [1, null] });
  });

  s.test('a mistake is told with its file, line and column', () => {
    match(refusal('{\n  "a": 1,\n  ]\n}'), /a\.json: not JSON: .*\(line 3,? column 3\)$/);
    match(refusal(''), /a\.json: not JSON: /);
  });

  s.test('one that is too large is not read', () => {
    match(refusal(' '.repeat(1_048_577)), 'cannot be read: 1048577 bytes are more than 1048576');
  });

  s.test('one that is not there can be told from one that is bad', () => {
    throws(
      () => readJsonFile(join(directory, 'none.json')),
      (error: ProbeError) => (error.cause as NodeJS.ErrnoException).code === 'ENOENT',
    );
    throws(() => readJsonFile(directory), /cannot be read: EISDIR/);
  });
});
