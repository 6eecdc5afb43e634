// `flint control` and what is below it, as typed. The commands work beside a control that runs.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { CONTROL_COMMAND } from '../../../src/cli/control/table.ts';
import { suite } from '../../helper.ts';
import { MAIN } from '../flint.ts';

const NODE = [MAIN, 'control'];

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

suite('cli/control/control', (s) => {
  let directory = '';
  let state: string[] = [];
  s.before(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-cli-control-'));
    writeFileSync(`${directory}/control.json`, '{"schema":1,"listen":{"port":0}}');
    state = ['--config', `${directory}/control.json`, '--state', `${directory}/state`];
  });
  s.after(() => rmSync(directory, { recursive: true, force: true }));

  function flint(words: string, input = ''): Ended {
    const args = [...NODE, ...words.split(' '), ...state];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      input,
      timeout: 15_000,
    });
    return { code: status, stdout, stderr };
  }

  s.test('every command has a text and an example of itself', () => {
    const all = [CONTROL_COMMAND, ...(CONTROL_COMMAND.commands ?? [])];
    for (const { usage, text, examples } of [...all, ...all.flatMap((one) => one.commands ?? [])]) {
      match(text, /^[a-z]/, usage);
      ok(
        examples.every((example) => example.startsWith('flint control')),
        usage,
      );
      ok(examples.length > 0, usage);
    }
  });

  s.test('users come by password and by link; the first one is administrator', () => {
    const added = flint('user add anna --password-stdin', 'correct horse 9\n');
    equal([added.code, added.stdout, added.stderr], [0, '', 'anna is admin now\n']);
    const linked = flint('user add bob --link');
    is(linked.code, 0);
    match(linked.stdout, /^http:\/\/127\.0\.0\.1:0\/login\/link\/flint_login_[\w-]{43}\n$/);
    const listed = JSON.parse(flint('user list --json').stdout) as { users: { role: string }[] };
    equal(
      listed.users.map(({ role }) => role),
      ['admin', 'viewer'],
    );
    is(statSync(`${directory}/state/control/control.db`).mode & 0o077, 0);
  });

  s.test('wrong use says what was expected, and exits 2', () => {
    for (const [words, says] of [
      ['user add Anna --link', /^flint: expected a name of 1 to 64 of a-z 0-9/],
      ['user add x --role chief --link', /option --role <role>: expected viewer, operator, admin/],
      [
        'user add carl',
        /^flint: no terminal to ask for a password: use --password-stdin or --link/,
      ],
      ['user add carl --password-stdin', /^flint: password: expected 10 to 256 characters/],
      ['token add anna', /^flint: option --label <text>: expected what the token is for/],
      ['user fly', /unknown command 'fly'/],
    ] as const) {
      const { code, stderr } = flint(words, 'short\n');
      equal([words, code], [words, 2]);
      match(stderr, says);
    }
    const gone = flint('user remove nobody');
    equal([gone.code, gone.stderr], [1, 'flint: there is no user nobody\n']);
    const last = flint('user role anna viewer');
    match(last.stderr, /^flint: anna is the last administrator: make another one first\n$/);
  });

  s.test(
    'beside a control that runs: users, links, tokens, backups, but no restoring',
    async () => {
      const running = await start(state);
      const token = flint('token add anna --label ci --role viewer').stdout.trim();
      match(token, /^flint_pat_[\w-]{43}$/);
      const headers = { authorization: `Bearer ${token}` };
      const session = await fetch(`${running.origin}/api/v1/session`, { headers });
      equal(await session.json(), { name: 'anna', role: 'viewer', kind: 'token', csrf: '' });

      match(flint('link anna').stdout, /\/login\/link\/flint_login_/);
      is(flint('user password bob --password-stdin', 'another good one\n').code, 0);
      is(flint(`backup ${directory}/b.db`).code, 0);
      is(statSync(`${directory}/b.db`).mode & 0o777, 0o600);
      const restored = flint(`restore ${directory}/b.db`);
      is(restored.code, 1);
      match(restored.stderr, /^flint: another flint control uses .*: stop that one/);

      const id = (JSON.parse(flint('token list --json').stdout) as { tokens: { id: number }[] })
        .tokens[0]?.id;
      is(flint(`token remove ${id}`).code, 0);
      is((await fetch(`${running.origin}/api/v1/session`, { headers })).status, 401);
      running.child.kill('SIGTERM');
      is(await running.ended, 0);
    },
  );

  s.test('a backup goes to standard output and comes back', () => {
    const args = [...NODE, 'backup', '-', ...state];
    const { stdout, status } = spawnSync(process.execPath, args, { timeout: 15_000 });
    is(status, 0);
    is(stdout.subarray(0, 15).toString(), 'SQLite format 3');
    writeFileSync(`${directory}/c.db`, stdout);
    is(flint('user remove bob').code, 0);
    const { code, stderr } = flint(`restore ${directory}/c.db`);
    is(code, 0, stderr);
    match(stderr, /^the database that was there is .*before-restore-20.* now\n$/);
    match(flint('user list').stdout, /^bob /m);
  });

  s.test('pages are exported for a web server of another user', () => {
    const { code, stderr } = flint(`export ${directory}/www`);
    is(code, 0, stderr);
    match(stderr, /^[1-9]\d* pages are in .*\/www now\n$/);
    is(statSync(`${directory}/www/index.html`).mode & 0o444, 0o444);
  });

  s.test('the description of the API is printed without a state', () => {
    const { stdout, code } = flint('openapi');
    is(code, 0);
    is((JSON.parse(stdout) as { openapi: string }).openapi, '3.0.3');
  });

  s.test('a configuration is judged without running it', () => {
    const file = `${directory}/bad.json`;
    writeFileSync(file, '{"schema":1,"listen":{"address":"0.0.0.0"}}');
    const judge = (path: string) => {
      const args = [...NODE, '--check', '--config', path];
      return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 15_000 });
    };
    const bad = judge(file);
    is(bad.status, 2);
    match(
      bad.stderr,
      /bad\.json: listen\.address: 0\.0\.0\.0 can be reached by others: give "tls"/,
    );
    is(judge(`${directory}/control.json`).status, 0);
    is(judge(`${directory}/none.json`).status, 2);
    writeFileSync(file, '{"schema":1,"hardwareDirectory":"/nowhere/at/all"}');
    match(judge(file).stderr, /the hardware profile \/nowhere\/at\/all: cannot be read/);
    ok(readFileSync(file, 'utf8').length > 0);
  });
});

async function start(
  state: readonly string[],
): Promise<{ child: ChildProcess; origin: string; ended: Promise<number | null> }> {
  const child = spawn(process.execPath, [...NODE, ...state], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const origin = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const found = /origin=(\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(text)));
  });
  return { child, origin, ended };
}
