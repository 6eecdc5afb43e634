// `flint probe` as a command: judging a configuration, and what keeps it from starting.
import { existsSync, writeFileSync } from 'node:fs';
import { equal, is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { scratchFile } from '../lab/namespace.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { flint, WITHOUT_RAW } from './flint.ts';

const missing = requireLab();
let lab: Namespace;

function configFile(document: unknown): string {
  const file = scratchFile('json');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return file;
}

const LISTEN = { address: '127.0.0.1', port: 0 };
const GOOD = {
  schema: 1,
  listen: LISTEN,
  measurements: { smokeping: { targets: ['127.0.0.1', '::1'] } },
};

suite('flint probe', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(missing, 'probe --check judges a configuration and touches nothing', async () => {
    const file = configFile(GOOD);
    const state = scratchFile('state');

    const good = await flint(lab, `probe --check --config ${file} --state ${state}`);
    const bad = await flint(lab, `probe --check --config ${configFile({ ...GOOD, colour: 1 })}`);
    const torn = await flint(lab, `probe --check --config ${configFile('{ "schema": 1, ')}`);

    equal([good.code, good.stderr], [0, '']);
    match(good.stdout, /: valid, 2 targets, etag \S+\n$/);
    is(existsSync(state), false);
    equal([bad.code, bad.stdout, torn.code], [2, '', 2]);
    match(bad.stderr, /^flint: .*colour.*\n$/);
    match(torn.stderr, /^flint: .*\n$/);
  });

  s.testIf(missing, 'probe says what keeps it from starting', async () => {
    const config = configFile(GOOD);
    const state = scratchFile('state');
    const missingFile = await flint(lab, `probe --config ${config}.not`);
    const forbidden = await flint(lab, `probe --config ${config} --state ${state}`, {
      before: WITHOUT_RAW,
    });

    is(missingFile.code, 2);
    match(missingFile.stderr, /^flint: .*\.json\.not.*\n$/);
    is(forbidden.code, 3);
    match(forbidden.stderr, /^flint: .*net\.ipv4\.ping_group_range.*\n$/);
    is(existsSync(state), false);
  });
});
