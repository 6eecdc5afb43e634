import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { trackPath } from '../../src/core/path-identity.ts';
import type { KeptPath } from '../../src/measure/paths-entry.ts';
import { readKeptPaths, writeKeptPaths } from '../../src/probe/path-memory.ts';
import { suite } from '../helper.ts';

suite('path-memory', ({ test, testIf }) => {
  test('gives back what was written, and leaves nothing else behind', () =>
    inDirectory(async (directory) => {
      const paths = Array.from({ length: 50 }, (_, i) => keptPath(i));
      assert.equal(await writeKeptPaths(directory, paths), { written: 50, leftOut: 0 });
      assert.equal(read(directory), { paths, faults: [] });
      assert.equal(readdirSync(directory), ['paths.json']);
      assert.is(statSync(join(directory, 'paths.json')).mode & 0o777, 0o600);
      await writeKeptPaths(directory, paths.slice(1));
      assert.is(read(directory).paths.length, 49);
    }));

  test('a new probe has none, and that is no fault', () =>
    inDirectory(async (directory) => {
      assert.equal(read(directory), { paths: [], faults: [] });
    }));

  test('a torn file is left aside wherever it was torn, and said once', () =>
    inDirectory(async (directory) => {
      await writeKeptPaths(directory, [keptPath(1), keptPath(2)]);
      const file = join(directory, 'paths.json');
      const { size } = statSync(file);
      for (let length = size - 3; length >= 0; length -= 37) {
        truncateSync(file, length);
        const { paths, faults } = read(directory);
        assert.equal([paths, faults.length], [[], 1], `${length}`);
        assert.match(faults[0] ?? '', /paths\.json is left aside, paths are learnt anew: /);
      }
    }));

  test('what another program or a newer version wrote is left aside', () =>
    inDirectory(async (directory) => {
      const foreign = [
        '',
        'null',
        '[]',
        '{"version":2,"paths":[]}',
        '\u0000\u0001',
        '{"paths":{}}',
      ];
      for (const text of [...foreign, '['.repeat(100_000), `"${'x'.repeat(1000)}"`]) {
        writeFileSync(join(directory, 'paths.json'), text);
        const { paths, faults } = read(directory);
        assert.equal([paths, faults.length], [[], 1], text.slice(0, 40));
      }
    }));

  test('one wrong value anywhere in it is enough', () =>
    inDirectory(async (directory) => {
      await writeKeptPaths(directory, [keptPath(1)]);
      const text = readFileSync(join(directory, 'paths.json'), 'utf8');
      const wrongs: [string, string][] = [
        ['"firstTtl":1', '"firstTtl":-1'],
        ['"currentSeen":2', '"currentSeen":"2"'],
        ['"traces":2', '"traces":null'],
        ['"reached":true', '"reached":1'],
        ['{"ttl":2,', '{"ttl":1e9,'],
        ['{"ttl":2,', '{"ttl":3,'],
        ['"10.0.0.2!"', '"\\u001b[2Jhello"'],
        ['"10.0.0.2"', '"<script>"'],
        ['"alternates":[]', '"alternates":[null]'],
        ['"candidate":null', '"candidate":{"token":"10.0.0.1"}'],
        ['"pending":null', '"pending":{}'],
        ['"hash":"', '"hash":"<'],
        ['"sinceMs":5', '"sinceMs":1e999'],
        ['"ip":"10.0.0.1"}', '"ip":{}}'],
        ['{"ttl":1,"ip":"10.0.0.1"}', 'null'],
      ];
      for (const [right, wrong] of wrongs) {
        assert.ok(text.includes(right), right);
        writeFileSync(join(directory, 'paths.json'), text.replace(right, wrong));
        assert.equal([read(directory).paths, read(directory).faults.length], [[], 1], wrong);
      }
    }));

  test('whatever is taken is fit for the tracker', () =>
    inDirectory(async (directory) => {
      await writeKeptPaths(directory, [keptPath(1)]);
      const text = readFileSync(join(directory, 'paths.json'), 'utf8');
      const place = fc.nat(text.length - 1);
      const change = fc.constantFrom('0', '9', '-', 'null', '"', '{', '[', ',', 'e', '!', '.');
      fc.assert(
        fc.property(fc.array(fc.tuple(place, change), { minLength: 1, maxLength: 3 }), (edits) => {
          let edited = text;
          for (const [at, what] of edits)
            edited = edited.slice(0, at) + what + edited.slice(at + 1);
          writeFileSync(join(directory, 'paths.json'), edited);
          for (const { memory } of read(directory).paths) {
            const tracker = trackPath(memory);
            for (let turn = 0; turn < 3; turn++) tracker.add(runOf(['10.9.9.9', '10.0.0.9'], turn));
          }
        }),
        { numRuns: 500 },
      );
    }));

  test('a huge file is not read', () =>
    inDirectory(async (directory) => {
      const file = join(directory, 'paths.json');
      writeFileSync(file, '');
      truncateSync(file, 3 * 1024 ** 3);
      assert.match(read(directory).faults.join(), 'larger than');
    }));

  test('a directory or a pipe in its place is no file', () =>
    inDirectory(async (directory) => {
      mkdirSync(join(directory, 'paths.json'));
      assert.match(read(directory).faults.join(), 'no file');
      let fault = '';
      await writeKeptPaths(directory, [keptPath(1)]).catch((error: Error) => {
        fault = error.message;
      });
      assert.ok(fault);
      assert.equal(readdirSync(directory), ['paths.json']);
    }));

  test('what there is no room for is left out, and the rest can be read', () =>
    inDirectory(async (directory) => {
      const many = (function* () {
        for (let i = 0; i < 9000; i++) yield keptPath(i);
      })();
      const { written, leftOut } = await writeKeptPaths(directory, many);
      assert.is(written + leftOut, 9000);
      assert.ok(leftOut > 0 && statSync(join(directory, 'paths.json')).size <= 8 * 1024 ** 2);
      assert.equal([read(directory).paths.length, read(directory).faults], [written, []]);
    }));

  test('a full disk leaves the file that was there, and nothing half-written', () =>
    inDirectory(async (directory) => {
      await writeKeptPaths(directory, [keptPath(1)]);
      // Whatever is written there finds no room.
      symlinkSync('/dev/full', join(directory, 'paths.json.new'));
      let code = '';
      await writeKeptPaths(directory, [keptPath(2)]).catch((error: NodeJS.ErrnoException) => {
        code = error.code ?? '';
      });
      assert.is(code, 'ENOSPC');
      assert.equal(readdirSync(directory), ['paths.json']);
      assert.equal(read(directory).paths, [keptPath(1)]);
    }));

  testIf(
    process.getuid?.() === 0 ? 'root may write everywhere' : null,
    'a directory that is not ours is an error of the kernel',
    () =>
      inDirectory(async (directory) => {
        chmodSync(directory, 0o500);
        let code = '';
        await writeKeptPaths(directory, [keptPath(1)]).catch((error: NodeJS.ErrnoException) => {
          code = error.code ?? '';
        });
        chmodSync(directory, 0o700);
        assert.is(code, 'EACCES');
        assert.not.ok(existsSync(join(directory, 'paths.json.new')));
      }),
  );
});

function keptPath(number: number): KeptPath {
  const tracker = trackPath();
  for (let turn = 0; turn < 2; turn++) tracker.add(runOf(['10.0.0.1', '10.0.0.2'], turn));
  const key = JSON.stringify([`t${number}`, 'v4', 'a'.repeat(number === 1 ? 1 : 500)]);
  return { key, ip: '10.0.0.2', sinceMs: 5, memory: tracker.memory() };
}

function runOf(ips: readonly string[], turn: number) {
  const probes = ips.map((ip, i) => {
    const kind = i === ips.length - 1 ? ('echo-reply' as const) : ('time-exceeded' as const);
    return { ttl: i + 1, flow: 0, attempt: 0, kind, ip, code: 0, rttNs: 1e6, mpls: [] };
  });
  return { fromMs: turn * 1000, untilMs: turn * 1000 + 10, end: 'target' as const, probes };
}

function read(directory: string): { paths: KeptPath[]; faults: string[] } {
  const faults: string[] = [];
  return { paths: readKeptPaths(directory, (reason) => faults.push(reason)), faults };
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-paths-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
