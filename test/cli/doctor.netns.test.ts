// `flint doctor` where all is well, and where nothing is permitted. What it tries is tested with
// probe/diagnose; here it is the command: its two forms and its code.
import { equal, is, match, ok } from 'uvu/assert';
import type { Check } from '../../src/probe/diagnose.ts';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { flint, WITHOUT_RAW } from './flint.ts';

const missing = requireLab();
let lab: Namespace;

function parse(stdout: string): { ok: boolean; checks: Check[] } {
  return JSON.parse(stdout) as { ok: boolean; checks: Check[] };
}

suite('flint doctor', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(missing, 'says the same as JSON and as text, and 0 while nothing is bad', async () => {
    const [json, text] = await Promise.all([flint(lab, 'doctor --json'), flint(lab, 'doctor')]);
    const { ok: isGood, checks } = parse(json.stdout);

    equal([json.code, text.code, json.stderr, text.stderr], [0, 0, '', '']);
    is(isGood, true);
    is(json.stdout.trimEnd().includes('\n'), false);
    for (const { name } of checks) match(text.stdout, new RegExp(`^(ok|poor|bad) +${name}: `, 'm'));
    for (const { verdict } of checks) ok(verdict === 'good' || verdict === 'poor');
    equal(
      checks.filter(({ name }) => name === 'sockets').map(({ finding }) => finding),
      ['raw sockets; paths by icmp, udp, tcp'],
    );
  });

  s.testIf(missing, 'names what mends a lack of permission, and ends with 1', async () => {
    const { code, stdout } = await flint(lab, 'doctor', { before: WITHOUT_RAW });

    is(code, 1);
    match(stdout, /^bad {2}.*sockets: .*Operation not permitted/m);
    match(stdout, '→ sysctl -w net.ipv4.ping_group_range="0 2147483647"');
  });
});
