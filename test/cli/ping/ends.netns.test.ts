// How `flint ping` ends: by Ctrl-C, by a reader that goes away, on a terminal; and as whom it runs.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { type LabProcess, requireLab, sleep, threads } from '../../lab/net.ts';
import { openPlaces, type Places } from '../../native/places.ts';
import { flint, MAIN, parseLines, startFlint, untilOpens } from '../flint.ts';

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst 10.9.5.0/24 loss always
  dst 10.9.7.0/24 loss every 3
`;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CTRL_C = '\u0003';
const NONE = '0000000000000000';

const missing = requireLab();
let places: Places;

/** `flint` on a terminal of its own; what is written to it are keys. */
function onTerminal(words: string, columns = 80): LabProcess {
  const command = `stty cols ${columns} rows 24; exec ${process.execPath} ${MAIN} ${words}`;
  return places.near.spawn('script', ['-q', '-e', '-c', command, '/dev/null']);
}

async function press(terminal: LabProcess, key: string): Promise<number | null> {
  terminal.child.stdin.write(key);
  const { code } = await terminal.exited;
  return code;
}

suite('flint ping ends', (s) => {
  s.before(async () => {
    if (missing === null) places = await openPlaces(SCENARIO);
  });
  s.after(async () => {
    if (missing === null) await places.close();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    s.testIf(missing, `${signal}: with a summary, and 0 where there were answers`, async () => {
      const ping = startFlint(places.near, 'ping --json -i 20ms 10.9.0.1 fd09::1');
      await ping.waitFor(/"seq":9,/);
      const { code } = await ping.stop(signal);
      const { lines, summaries } = parseLines(ping.output().stdout);

      is(code, 0);
      is(ping.output().stderr, '');
      equal(
        summaries.map(({ ip, sent, received, lost }) => [ip, sent - received, lost]),
        [
          ['10.9.0.1', 0, 0],
          ['fd09::1', 0, 0],
        ],
      );
      is(
        lines.length,
        summaries.reduce((sum, { received }) => sum + received, 0),
      );
    });
  }

  s.testIf(missing, 'SIGINT: with 1 where nothing answered, and at once', async () => {
    const ping = startFlint(places.near, 'ping --json -i 10s 10.9.5.1 198.51.100.1');
    await ping.waitFor('no route');
    const beforeMs = Date.now();
    const { code } = await ping.stop('SIGINT');

    is(code, 1);
    ok(Date.now() - beforeMs < 1500, `${Date.now() - beforeMs} ms`);
    is(parseLines(ping.output().stdout).summaries.length, 2);
  });

  s.testIf(missing, 'SIGINT twice: without waiting for what is on its way', async () => {
    const ping = startFlint(places.near, 'ping --json -i 10s 10.9.5.1');
    await untilOpens(ping);
    await sleep(200);
    ping.child.kill('SIGINT');
    await sleep(5);
    const { code } = await ping.stop('SIGINT');

    is(code, 1);
    is(parseLines(ping.output().stdout).summaries.length, 1);
  });

  for (const [name, words] of [
    ['lines of JSON', 'ping --json -i 10ms 10.9.0.1'],
    ['lines of text', 'ping -i 10ms 10.9.0.1'],
  ] as const) {
    s.testIf(missing, `quietly, when the reader of its ${name} goes away`, async () => {
      const script = `{ ${process.execPath} ${MAIN} ${words}; echo "code $?" >&2; } | head -1`;

      const { code, stdout, stderr } = await places.near.exec('sh', ['-c', script]);

      is(code, 0);
      is(stdout.split('\n').length, 2);
      is(stderr, 'code 0\n');
    });
  }

  const noScript = missing ?? requireLab('script', 'stty');

  s.testIf(noScript, 'Ctrl-C on a terminal: a live line, a summary, the cursor back', async () => {
    const terminal = onTerminal('ping -i 20ms 10.9.0.1');
    await terminal.waitFor(/[▁▂▃▄▅▆▇█]{8}/);
    const code = await press(terminal, CTRL_C);
    const { stdout } = terminal.output();

    is(code, 0);
    const hidden = stdout.indexOf(HIDE_CURSOR);
    const shown = stdout.lastIndexOf(SHOW_CURSOR);
    ok(hidden >= 0 && shown > hidden);
    is(stdout.split(HIDE_CURSOR).length, 2);
    const summary = stdout.slice(0, shown).split('\n').slice(-2).join();
    match(summary, /10\.9\.0\.1: \d+ sent, \d+ received, loss 0\s%; min 5\.\d+\sms/);
    is(stdout.slice(shown + SHOW_CURSOR.length).trim(), '');
  });

  s.testIf(noScript, 'Ctrl-C while a name is looked up leaves the cursor alone', async () => {
    const terminal = onTerminal('ping host.invalid');
    await sleep(150);
    await press(terminal, CTRL_C);
    const { stdout } = terminal.output();

    is(stdout.split(HIDE_CURSOR).length, stdout.split(SHOW_CURSOR).length);
  });

  s.testIf(noScript, 'a terminal shows losses as crosses, within its width', async () => {
    const terminal = onTerminal('ping -c 12 -i 10ms -W 100ms 10.9.7.1', 60);
    const { code } = await terminal.exited;
    const { stdout } = terminal.output();

    is(code, 0);
    match(stdout, '×');
    match(stdout, /10\.9\.7\.1: 12 sent, 8 received, loss 33/);
    const live = stdout.split('\n').filter((line) => line.includes('×'));
    for (const line of live) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
      const text = line.replace(/\u001b\[[0-9?]*[A-Za-z]/g, '').trim();
      ok([...text].length < 60, text);
    }
  });

  s.testIf(missing, 'text without a terminal has neither colours nor cursor play', async () => {
    const { code, stdout } = await flint(
      places.near,
      'ping -c 3 -i 10ms -W 50ms 10.9.7.1 198.51.100.1',
    );

    is(code, 1);
    is(stdout.includes('\u001b'), false);
    match(stdout, /^10\.9\.7\.1 seq 0: 5\.\d+\sms, ttl 64$/m);
    match(stdout, /^10\.9\.7\.1 seq 2: lost$/m);
    match(stdout, /^198\.51\.100\.1 seq 0: no route \(ENETUNREACH\)$/m);
  });

  s.testIf(missing, 'started as root it measures as somebody else', async () => {
    const ping = startFlint(places.near, 'ping --json -i 20ms 10.9.0.1');
    await ping.waitFor(/"seq":3,/);
    const all = threads(ping.pid);
    await ping.stop('SIGINT');

    ok(all.length >= 5);
    for (const { uids, gids, groups, capabilities } of all) {
      equal(uids.includes(0) || gids.includes(0), false);
      equal(groups, []);
      equal([capabilities.Prm, capabilities.Eff, capabilities.Amb], [NONE, NONE, NONE]);
    }
  });
});
