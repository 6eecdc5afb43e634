import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok, throws } from 'uvu/assert';
import { controlFile } from '../../src/probe/control-config.ts';
import { followControl, readLocal, readSources } from '../../src/probe/sources.ts';
import { suite } from '../helper.ts';

suite('probe/sources', (s) => {
  const run = mkdtempSync(join(tmpdir(), 'flint-sources-'));
  const absent = join(run, 'probe.json');
  const put = (text: string): void => {
    mkdirSync(join(run, 'agent'), { recursive: true });
    writeFileSync(controlFile(run), text);
  };
  const envelope = (etag: string): string =>
    JSON.stringify({ schema: 1, etag, document: { schema: 1, measurements: { path: {} } } });
  s.after(() => rmSync(run, { recursive: true }));

  s.test('a file that is optional may be absent, another may not', () => {
    equal(readLocal({ file: absent, isOptional: true }).measurements.smokeping.targets, []);
    throws(() => readLocal({ file: absent }), /cannot be read: ENOENT/);
  });

  s.test('a document of the caller knows neither control nor policy', () => {
    const { sources, controlError } = readSources({ document: { schema: 1 } }, null);
    equal([sources.controlFile, sources.policy.file, controlError], [null, null, null]);
    is(followControl(sources), null);
  });

  s.test('believes root, who it is and who it will be', () => {
    const { sources } = readSources({ document: { schema: 1 }, runDirectory: run }, 4711);
    ok([0, process.getuid?.() ?? 0, 4711].every((uid) => sources.owners.includes(uid)));
  });

  s.test('reads what the agent kept, and again only when it is another', () => {
    put(envelope('"one"'));
    const { sources, settings } = readSources({ document: { schema: 1 }, runDirectory: run }, null);
    equal([sources.control?.etag, [...settings.ruled]], ['"one"', ['path']]);
    is(followControl(sources), null);
    put(`${envelope('"two"')} `);
    is(followControl(sources)?.state, 'document');
    is(sources.control?.etag, '"two"');
    put('{');
    is(followControl(sources)?.state, 'refused');
    is(sources.control?.etag, '"two"');
    rmSync(controlFile(run));
    is(followControl(sources)?.state, 'none');
    is(sources.control, null);
  });

  s.test('a kept document that is wrong stops no start', () => {
    put('{');
    const first = readSources({ document: { schema: 1 }, runDirectory: run }, null);
    match(first.controlError ?? '', "the control's configuration: ");
    is(first.sources.control, null);
  });
});
