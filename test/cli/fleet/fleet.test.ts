// `flint fleet` from words to exit code, against a control that is a script.
import { statSync } from 'node:fs';
import { equal, is, match, ok } from 'uvu/assert';
import { HEALTHS, SORTS, STATES } from '../../../src/cli/fleet/table.ts';
import { PROBE_HEALTHS, PROBE_SORTS, PROBE_STATES } from '../../../src/core/fleet.ts';
import { fakeBoard, fakeMesh, fakePush } from '../../fake/board.ts';
import { suite } from '../../helper.ts';
import {
  type Home,
  openHome,
  openRig,
  probeDetail,
  probeRow,
  type Rig,
  runHere,
} from '../fleet-rig.ts';

const TOKEN = 'flint_pat_abcdefghijklmnop';
const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202etext\nnext';
const STEERS = /[^\P{Cc}\n]|\p{Cf}/u;

suite('cli/fleet', (s) => {
  let rig: Rig;
  let home: Home;
  s.before(async () => {
    rig = await openRig();
    home = openHome();
  });
  s.after(async () => {
    await rig.close();
    home.remove();
  });

  function run(...words: string[]) {
    return home.run(words, { env: { FLINT_CONTROL: rig.origin, FLINT_TOKEN: TOKEN } });
  }

  s.test('words of options are those of the API', () => {
    equal([...HEALTHS], [...PROBE_HEALTHS]);
    equal([...STATES], [...PROBE_STATES]);
    equal([...SORTS], [...PROBE_SORTS]);
  });

  s.test('without a login it says how to log in, and that it is not permitted', async () => {
    const { code, stderr } = await home.run(['list']);

    is(code, 3);
    match(stderr, /^flint: no control is known: log in with flint fleet login https/);
  });

  s.test('a token from standard input is proved and kept, and logging out forgets it', async () => {
    rig.script = () => ({ body: { name: 'anna', role: 'operator', kind: 'token', csrf: '' } });
    const words = ['login', rig.origin, '--token-stdin'];
    const { code, stdout } = await home.run(words, { stdin: `${TOKEN}\n` });

    is(code, 0);
    match(stdout, /^logged in at http.* as anna \(operator\); .*fleet\.json keeps it\n$/);
    is(statSync(home.file).mode & 0o777, 0o600);
    is(rig.asked.at(-1)?.headers.authorization, `Bearer ${TOKEN}`);
    const out = await home.run(['logout']);
    is(out.code, 0);
    match(out.stderr, /the token was made elsewhere and lives on/);
    is(home.kept(), null);
  });

  s.test('a password is asked on a terminal alone, and never taken from words', async () => {
    const { code, stderr } = await home.run(['login', rig.origin, '--name', 'anna']);

    is(code, 2);
    match(stderr, /there is no terminal to ask for a password on.*--token-stdin/);
    is((await home.run(['login', rig.origin, '--password', 'x'])).code, 2);
  });

  s.test('the list is a table, worst first as the control sorts it', async () => {
    const probes = [probeRow('probe07', { health: 'silent', reason: 'for 3 h' }), probeRow('a')];
    rig.script = () => ({ body: { probes, total: 2 } });
    const { code, stdout } = await run('list', 'ulm', 'cellar', '--health', 'silent');
    const [head, first] = stdout.split('\n');

    is(code, 0);
    match(head ?? '', /^NAME {5}HEALTH {2}SEEN/);
    match(first ?? '', /^probe07 {2}silent {2}\d.* ago .*for 3 h/);
    is(rig.asked.at(-1)?.url, '/api/v1/probes?search=ulm+cellar&health=silent&limit=100');
  });

  s.test('as many pages are fetched as are asked for', async () => {
    const all = Array.from({ length: 2345 }, (_, i) => probeRow(`probe${i}`));
    rig.script = ({ url }) => {
      const query = new URL(url, rig.origin).searchParams;
      const from = Number(query.get('offset') ?? 0);
      const probes = all.slice(from, from + Math.min(1000, Number(query.get('limit'))));
      return { body: { probes, total: all.length, more: true } };
    };
    const before = rig.asked.length;
    const whole = await run('list', '--limit', '0', '--json');
    const pages = rig.asked.length - before;
    const some = await run('list', '--limit', '1200', '--json');
    const table = await run('list');

    is(pages, 3);
    const read = JSON.parse(whole.stdout) as { probes: unknown[]; total: number; more: boolean };
    equal([read.probes.length, read.total, read.more], [2345, 2345, true]);
    is((JSON.parse(some.stdout) as { probes: unknown[] }).probes.length, 1200);
    match(table.stdout, /\n100 of 2.345 probes; --limit 0 shows all\n$/);
  });

  s.test('a list that never ends does not either', async () => {
    rig.script = () => ({ body: { probes: [], total: 1e9 } });
    is((await run('list', '--limit', '0', '--json')).code, 0);
  });

  s.test('rows that cannot be read are told of, and hide no others', async () => {
    const odd = probeRow('b', { health: 'levitating', future: { a: 1 } });
    rig.script = () => ({ body: { probes: [probeRow('a', { future: 1 }), odd], total: 2 } });
    const { code, stdout, stderr } = await run('list');

    is(code, 0);
    match(stdout, /\na +well/);
    match(stderr, /^flint: 1.row of probes left out.*health: .*older than the control\?\n$/);
  });

  s.test('how a board stands is told, with what is wrong and what to do', async () => {
    const board = fakeBoard({
      mesh: fakeMesh(),
      lockdown: null,
      push: fakePush({ state: 'stalled', reason: 'no answer' }),
    });
    rig.script = () => ({ body: { ...probeDetail('a', {}), board } });
    const { code, stdout } = await run('show', 'a');
    is(code, 0);
    match(stdout, /mesh +WireGuard, joined, fd57::a\n/);
    match(stdout, /push +stalled: the metrics server does not take .*: no answer\. See whether/);
    is(/lockdown/.test(stdout), false);
  });

  s.test('what an agent fails at is told, since when, and what it measures by', async () => {
    const message = 'the new configuration cannot be kept: ENOSPC';
    const agent = { message, sinceMs: Date.now() - 9_000_000, isBehind: true };
    rig.script = () => ({ body: { ...probeDetail('a', {}), agent } });
    const { stdout } = await run('show', 'a');
    match(stdout, /agent +the board measures by an older configuration.*ENOSPC \(heard first 2.h/);
  });

  s.test('what probes and controls say steers no terminal', async () => {
    const row = { location: HOSTILE, note: HOSTILE, reason: HOSTILE, seenFrom: HOSTILE };
    const detail = probeDetail('a', row);
    rig.script = ({ url }) => ({
      body: url.includes('?') ? { probes: [probeRow('a', row)], total: 1 } : detail,
    });
    for (const words of [['list'], ['list', '--json'], ['show', 'a'], ['show', 'a', '--json']]) {
      const { code, stdout, stderr } = await run(...words);

      equal([code, stderr], [0, ''], words.join(' '));
      is(STEERS.test(stdout), false, words.join(' '));
      ok(stdout.includes('text'));
    }
  });

  s.test(
    'wrong use is told before anything is asked',
    async () => {
      const before = rig.asked.length;
      for (const [words, says] of [
        ['add', /--mac <mac>: expected the MAC address.*and there is none/],
        ['add --mac 01:00:5e:00:00:01', /--mac <mac>: expected .* got "01:00/],
        ['show ../users', /expected the name of a probe of 1 to 63/],
        ['edit probe05', /nothing to change: flint fleet edit --help/],
        ['remove probe05', /would be gone.*add --yes/],
        ['approve probe05 --fingerprint 12', /--fingerprint: expected 20 hexadecimal digits/],
        ['assign basics', /expected exactly one of --all, --group NAME and --probe NAME/],
        ['assign basics --all --group a', /expected exactly one of/],
        ['claim add', /option --label <text> is missing/],
        ['claim revoke x', /expected the id of a claim token, a whole number/],
        ['claim add --label a --for 2', /option --for <duration>: expected a duration from/],
        ['maintenance add --all --from noon', /--from <time>: expected now, 14:00/],
        ['set save nowhere.json', /nowhere\.json cannot be read: ENOENT/],
        ['list --health ill', /option --health <health>: expected well, trouble/],
        ['list --control control.example', /did you mean https:\/\/control\.example\?/],
        ['list --control http://192.0.2.1', /not encrypted.*--insecure-http/],
      ] as const) {
        const env = { FLINT_CONTROL: rig.origin, FLINT_TOKEN: TOKEN };
        const { code, stdout, stderr } = await runHere(['fleet', ...words.split(' ')], env);

        equal([code, stdout], [2, ''], `${words}: ${stderr}`);
        match(stderr, says);
        is(stderr.includes('    at '), false);
      }
      is(rig.asked.length, before);
    },
    19_000,
  );
});
