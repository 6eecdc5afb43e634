// timeout: 240 s
// waits
// Control, agent and probe as root on one machine, over plain HTTP on loopback, with one state
// directory and one run directory, as they have unless told: in whatever order they come.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { flint, startFlint } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import { type LabProcess, type Namespace, openNamespace } from '../lab/net.ts';
import { missingFleetLab, until } from './lab.ts';

const missing = missingFleetLab();
const MAC = '02:00:5e:10:00:01';
const NOBODY = 65_534;
type Part = 'control' | 'agent' | 'probe';
const ORDERS: readonly (readonly Part[])[] = [
  ['control', 'agent', 'probe'],
  ['probe', 'control', 'agent'],
  ['agent', 'probe', 'control'],
];

suite('fleet/one-machine', (s) => {
  let place: Namespace;
  let directory = '';

  function start(part: Part, root: string): LabProcess {
    const words: Record<Part, string> = {
      control: `control --state ${root}/state`,
      agent:
        `agent --state ${root}/state --run ${root}/run --control http://127.0.0.1:8740 ` +
        '--interface end0 --probe-user nobody',
      probe: `probe --state ${root}/state --run ${root}/run`,
    };
    return startFlint(place, words[part]);
  }

  const FIRST: Record<Part, string> = {
    control: ' info control ',
    agent: 'enrolling;',
    probe: ' measuring ',
  };

  async function tokenOf(root: string): Promise<string> {
    const state = `--state ${root}/state`;
    const input = 'a lab for the fleet\n';
    await flint(place, `control user add anna --password-stdin ${state}`, { input });
    const { stdout } = await flint(place, `control token add anna --label lab ${state}`);
    return stdout.trim();
  }

  s.before(async () => {
    if (missing !== null) return;
    place = await openNamespace();
    await place.ip(`link add end0 address ${MAC} type veth peer name end1`);
    directory = mkdtempSync(join(tmpdir(), 'flint-one-'));
    chmodSync(directory, 0o755);
  });
  s.after(async () => {
    await place?.close();
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  });

  for (const order of ORDERS) {
    s.testIf(
      missing,
      `first ${order.join(', then ')}: all of them find what they need`,
      async () => {
        const root = join(directory, order.join('-'));
        mkdirSync(root);
        const started: LabProcess[] = [];
        for (const part of order) {
          const one = start(part, root);
          started.push(one);
          await one.waitFor(FIRST[part], 10_000);
        }
        const env = { FLINT_CONTROL: 'http://127.0.0.1:8740', FLINT_TOKEN: await tokenOf(root) };
        const fleet = (words: string) => flint(place, `fleet ${words}`, { env });
        const added = await fleet(`add --mac ${MAC} --name here`);
        is(added.code, 0, added.stderr);
        const agent = started[order.indexOf('agent')];
        const printed = () => agent?.output().stderr ?? '';
        const digits = /fingerprint ((?:[0-9a-f]{4} ?){5})/
          .exec(printed())?.[1]
          ?.replaceAll(' ', '');
        await until(
          async () => {
            process.kill(agent?.pid ?? 0, 'SIGHUP');
            return (await fleet(`approve here --fingerprint ${digits}`)).code;
          },
          (code) => code === 0,
        );
        await until(
          async () => {
            process.kill(agent?.pid ?? 0, 'SIGHUP');
            return (await fleet('list')).stdout;
          },
          (text) => /here +well/.test(text),
        );

        const modes = ['state', 'state/agent', 'state/control', 'state/rounds'].map((name) => {
          const { uid, mode } = statSync(join(root, name));
          return [uid, (mode & 0o777).toString(8)];
        });
        equal(modes, [
          [0, '711'],
          [0, '700'],
          [0, '700'],
          [NOBODY, '700'],
        ]);
        await refusesNobody(root);
        for (const one of started) not.match(one.output().stderr, / error /);
        for (const one of started.reverse()) is((await one.stop()).code, 0, one.output().stderr);
      },
      30_000,
    );
  }

  /** The probe, were it taken over, neither reads the board's key nor puts another in its place. */
  async function refusesNobody(root: string): Promise<void> {
    for (const words of [
      ['cat', `${root}/state/agent/identity.pem`],
      ['mv', `${root}/state/agent`, `${root}/state/moved`],
      ['cat', `${root}/state/control/control.db`],
      ['touch', `${root}/run/agent/config.json`],
    ]) {
      const as = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', ...words];
      const { code, stderr } = await place.exec('setpriv', as);
      not.equal(code, 0, words.join(' '));
      match(stderr, 'Permission denied');
    }
  }
});
