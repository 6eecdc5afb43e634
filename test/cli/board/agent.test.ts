// `flint agent` as a process: words, signals, exit codes, and that no secret is ever printed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { CLAIM, startProcess } from '../../board/agent-process.ts';
import { MAC, until } from '../../board/agents.ts';
import { type BoardPlace, inPlace } from '../../board/place.ts';
import { type FakeControl, openFakeControl } from '../../fake/control.ts';
import { suite } from '../../helper.ts';

async function withControl(
  run: (control: FakeControl, place: BoardPlace) => Promise<void>,
): Promise<void> {
  const control = await openFakeControl();
  control.register(MAC, CLAIM);
  try {
    await inPlace((place) => run(control, place));
  } finally {
    await control.close();
  }
}

suite('cli/board/agent', ({ test }) => {
  test('one pass enrols, fetches and reports, and prints no secret', () =>
    withControl(async (control, place) => {
      const agent = startProcess(place, control.origin, { words: ['--once'] });

      is(await agent.ended, 0, agent.output.stderr);
      const { apiKey } = JSON.parse(readFileSync(place.places.credentials, 'utf8'));
      is(control.reports.length, 1);
      not.match(agent.output.stderr, CLAIM);
      not.match(agent.output.stderr, apiKey);
      not.match(agent.output.stderr, 'PRIVATE KEY');
      match(agent.output.stderr, /made the key of this board, fingerprint/);

      control.always('report', { kind: 'say', status: 500, body: '' });
      const again = startProcess(place, control.origin, { words: ['--once'] });
      is(await again.ended, 1);
    }));

  test('judges a file without a network, and says what it asks for or what is wrong', () =>
    inPlace(async (place) => {
      const file = join(place.directory, 'agent.json');
      const push = { url: 'http://[fd8f:89ae:ca73:2::1]/remote_write' };
      const judge = (more: Record<string, unknown>) => {
        writeFileSync(file, JSON.stringify({ schema: 1, control: 'https://c.example', ...more }));
        return startProcess(place, 'https://c.example', { words: ['--check', '--config', file] });
      };
      const good = judge({ push, lockdown: {} });
      is(await good.ended, 0, good.output.stderr);
      match(good.output.stdout, `${file}: valid, control https://c.example, lockdown, push to`);
      const bad = judge({ push: { url: 'ftp://x' } });
      is(await bad.ended, 2);
      match(bad.output.stderr, /agent.json: push.url: expected an http or https URL/);
      is(existsSync(place.state), false);
    }));

  test("a kind of board of the fleet's own lies beside agent.json", () =>
    inPlace(async (place) => {
      const file = join(place.directory, 'agent.json');
      const folder = join(place.directory, 'hardware/odd');
      mkdirSync(folder, { recursive: true });
      const judge = async (hardware: string) => {
        writeFileSync(file, JSON.stringify({ schema: 1, hardware }));
        const one = startProcess(place, 'https://c.example', { words: ['--check'] });
        return [await one.ended, one.output.stdout, one.output.stderr].join(' ');
      };
      const profile = { schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', models: [] };
      writeFileSync(
        join(folder, 'profile.json'),
        JSON.stringify({ ...profile, interface: 'enu1', note: '' }),
      );
      match(await judge('odd'), /^0 .*valid, .*, hardware odd \(Odd\)/);
      writeFileSync(join(folder, 'profile.json'), JSON.stringify({ ...profile, note: '' }));
      match(await judge('odd'), /^2 .*hardware.odd.profile\.json: interface: /);
      match(await judge('r2s'), /^0 .*hardware r2s \(NanoPi R2S\)/);
      match(await judge('none'), /^0 .*hardware none, of which there is no profile here/);
    }));

  test('SIGTERM ends it within a second, whatever it waits for', () =>
    withControl(async (control, place) => {
      const agent = startProcess(place, control.origin);
      await control.until('report', 1);
      let startedMs = performance.now();
      agent.child.kill('SIGTERM');
      is(await agent.ended, 0);
      ok(performance.now() - startedMs < 1_000);

      control.always('config', { kind: 'stall', when: 'before' });
      const stalled = startProcess(place, control.origin);
      await control.until('config', control.count('config') + 1);
      startedMs = performance.now();
      stalled.child.kill('SIGTERM');
      is(await stalled.ended, 0);
      ok(performance.now() - startedMs < 1_000);
      not.match(stalled.output.stderr, 'warn');
    }));

  test('SIGHUP reads agent.json again, and a bad one changes nothing', () =>
    withControl(async (control, place) => {
      const file = join(place.directory, 'agent.json');
      const agent = startProcess(place, control.origin);
      await control.until('report', 1);
      writeFileSync(file, '{"schema":1,"colour":"red"}');
      agent.child.kill('SIGHUP');
      await until(() => /settings refused.*colour: unknown key/.test(agent.output.stderr));

      writeFileSync(file, '{"schema":1,"hardware":"r2s"}');
      agent.child.kill('SIGHUP');
      await until(() => control.reports.at(-1)?.agent.hardware === 'r2s');
      agent.child.kill('SIGTERM');
      is(await agent.ended, 0);
    }));

  test('a second one in the same place says so and ends', () =>
    withControl(async (control, place) => {
      const first = startProcess(place, control.origin);
      await control.until('report', 1);
      const second = startProcess(place, control.origin);
      const enroll = startProcess(place, control.origin, { command: 'enroll' });

      is(await second.ended, 1);
      is(await enroll.ended, 1);
      for (const { output } of [second, enroll]) {
        match(output.stderr, new RegExp(`in use by process ${first.child.pid}: an agent`));
      }
      first.child.kill('SIGTERM');
      is(await first.ended, 0);
    }));

  test('a dry run says what it would do, and does nothing', () =>
    withControl(async (control, place) => {
      const agent = startProcess(place, control.origin, { words: ['--dry-run'] });

      is(await agent.ended, 0);
      match(agent.output.stdout, 'would send POST /api/v1/enroll');
      match(agent.output.stdout, `claimToken: (that of ${join(place.directory, 'claim-token')})`);
      not.match(agent.output.stdout, CLAIM);
      is(control.asked.length, 0);
      is(existsSync(place.state), false);
      is(existsSync(place.run), false);
    }));

  test('wrong use is one line and 2', () =>
    withControl(async (control, place) => {
      for (const [words, pattern] of [
        [['--mac', 'x'], /flint: "x" is no MAC address/],
        [['--control', 'http://control.example'], /must be https/],
        [['--config', '/none/agent.json'], /\/none\/agent.json cannot be read/],
        [['--interface', 'nope0', '--mac', ''], /flint: /],
      ] as const) {
        const agent = startProcess(place, control.origin, { words });
        is(await agent.ended, 2, agent.output.stderr);
        match(agent.output.stderr, pattern);
        is(agent.output.stderr.trimEnd().split('\n').length, 1);
      }
      is(existsSync(place.places.identity), false);
    }));

  test('a key that cannot be read stops it with what to do', () =>
    withControl(async (control, place) => {
      const first = startProcess(place, control.origin, { words: ['--once'] });
      is(await first.ended, 0);
      writeFileSync(place.places.identity, '');
      const second = startProcess(place, control.origin, { words: ['--once'] });

      is(await second.ended, 1);
      match(second.output.stderr, /No new one is made in its place: restore/);
    }));
});
