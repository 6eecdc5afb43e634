import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { is, throws } from 'uvu/assert';
import { loadPolicy, NO_POLICY, policyFiles } from '../../src/probe/policy-file.ts';
import { suite } from '../helper.ts';

suite('probe/policy-file', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-policy-'));
  const file = join(directory, 'policy.json');
  const write = (text: string, mode = 0o644): void => {
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  s.after(() => rmSync(directory, { recursive: true }));

  s.test('a machine without a policy has the built-in one', () => {
    is(loadPolicy(null, [join(directory, 'absent.json')]), NO_POLICY);
  });

  s.test('the first file that there is counts, also behind a link', () => {
    write('{"schema":1,"packetsPerSecond":7}');
    const link = join(directory, 'link.json');
    symlinkSync(file, link);
    const loaded = loadPolicy(null, [join(directory, 'absent.json'), link, file]);
    is(loaded.file, link);
    is(loaded.policy.packetsPerSecond, 7);
  });

  s.test('one that was named and is absent, wrong or open to others is an error', () => {
    throws(() => loadPolicy(join(directory, 'absent.json')), /cannot be read: ENOENT/);
    write('{"schema":1,"packetPerSecond":7}');
    throws(() => loadPolicy(file), /policy\.json: "packetPerSecond": unknown key/);
    write('{"schema":1');
    throws(() => loadPolicy(file), /cannot be read/);
    write('{"schema":1}', 0o666);
    throws(() => loadPolicy(file), /others may write it/);
  });

  s.test('a link that leads nowhere was meant to be a policy', () => {
    const lost = join(directory, 'lost.json');
    symlinkSync(join(directory, 'nowhere'), lost);
    throws(() => loadPolicy(null, [lost]), /cannot be read: ENOENT/);
  });

  s.test("the system's file is looked for whoever asks", () => {
    is(policyFiles().at(-1), '/etc/flint/policy.json');
  });
});
