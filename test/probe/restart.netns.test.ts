// Ends that nobody planned, starts that cannot succeed, and what is left after each.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import { type DaemonLab, missingDaemonLab, openDaemonLab } from './daemon-lab.ts';

const missing = missingDaemonLab();
const TRAP_CHILD = fileURLToPath(new URL('./daemon-trap-child.ts', import.meta.url));

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
`;

interface Settings {
  port?: number;
  interval?: string;
  timeout?: string;
}

function config(targets: unknown[], settings: Settings = {}): unknown {
  const { port = 9740, interval = '200ms', timeout = '500ms' } = settings;
  const smokeping = { interval, round: '5s', timeout, targets };
  return { schema: 1, listen: { port }, measurements: { smokeping } };
}

function bytesIn(directory: string): number {
  const names = readdirSync(directory).filter((name) => name.endsWith('.seg'));
  return names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

/** Its line, without what came before it. */
function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

interface Writing {
  bytes: { before: number; killed: number };
  kept: Round[];
  health: string;
  errors: number;
}

/** Kills a daemon while its store grows, and looks what the next one finds. */
async function killWriting(lab: DaemonLab): Promise<Writing> {
  // So many that every round is more than the store keeps waiting.
  const targets = Array.from({ length: 700 }, (_, n) => `10.9.${100 + (n >> 8)}.${n & 255}`);
  const place = { state: 'many', port: 9750 };
  const file = lab.write('many.json', config(targets, { interval: '5s', port: place.port }));
  const rounds = join(lab.directory, 'many', 'rounds');
  const first = await lab.start(file, place);
  const size = async (): Promise<number> => bytesIn(rounds);
  const before = await first.until(size, (bytes) => bytes > 30_000, 20_000);
  for (let ms = 0; ms < 8000 && bytesIn(rounds) === before; ms += 2) await sleep(2);
  await first.stop('SIGKILL');
  const bytes = { before, killed: bytesIn(rounds) };
  const second = await lab.start(file, place);
  const kept = await second.rounds();
  const { body: health } = await second.get('/healthz');
  const { errors } = (await second.status()).store;
  await second.stop();
  return { bytes, kept, health, errors };
}

interface Down {
  downMs: number;
  upMs: number;
  begun: ProbeEvent | undefined;
  events: ProbeEvent[];
  log: string;
}

/** Kills a daemon while a target is down, and lets it answer again to the next one. */
async function killDown(lab: DaemonLab): Promise<Down> {
  const place = { state: 'down', port: 9751 };
  const file = lab.write('down.json', config(['10.9.0.1', '10.9.0.2'], { port: place.port }));
  const first = await lab.start(file, place);
  await first.until(
    () => first.status(),
    ({ targets }) => targets.every(({ lastRound }) => lastRound !== null),
  );
  const downMs = Date.now();
  await lab.reflector.command('dst 10.9.0.1/32 loss always');
  const open = () => first.events('outage');
  const [begun] = await first.until(open, (events) => events.length > 0);
  await sleep(1500);
  await first.stop('SIGKILL');
  const second = await lab.start(file, place);
  const state = async () => (await second.status()).targets[0]?.state;
  await second.until(state, (one) => one === 'down');
  await sleep(2000);
  const upMs = Date.now();
  await lab.reflector.command('dst 10.9.0.1/32 default delay 5ms');
  const events = await second.until(
    () => second.events('outage'),
    (all) => all.length > 0 && all.every(({ untilMs }) => untilMs !== null),
  );
  await second.stop();
  return { downMs, upMs, begun, events, log: second.log() };
}

function resultOf<T>(settled: PromiseSettledResult<T> | undefined): T {
  if (settled?.status === 'fulfilled') return settled.value;
  throw settled?.reason ?? new Error('it was not tried');
}

suite('restart', (s) => {
  let lab: DaemonLab;
  let writing: PromiseSettledResult<Writing> | undefined;
  let down: PromiseSettledResult<Down> | undefined;

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    // Both wait most of the time.
    [writing, down] = await Promise.allSettled([killWriting(lab), killDown(lab)]);
  });

  s.after(async () => {
    await lab?.close();
  });

  s.testIf(missing, 'kill -9 in mid-write costs nothing written, and locks nothing', () => {
    const { bytes, kept, health, errors } = resultOf(writing);

    ok(bytes.killed > bytes.before, 'it wrote when it was killed');
    equal(JSON.parse(health), { ok: true, reason: null });
    is(errors, 0);
    const byTarget = new Set(kept.map((round) => round.target));
    ok(byTarget.size >= 640, `rounds of ${byTarget.size} targets`);
    ok(kept.every(({ sent, received, lost, discarded }) => sent === received + lost + discarded));
  });

  s.testIf(missing, 'an outage that spans a kill -9 is one event', () => {
    const { downMs, upMs, begun, events, log } = resultOf(down);
    const [ended, ...more] = events;

    is(more.length, 0);
    equal([ended?.id, ended?.fromMs, ended?.target], [begun?.id, begun?.fromMs, '10.9.0.1']);
    ok(Math.abs((ended?.fromMs ?? 0) - downMs) < 1000);
    ok(Math.abs((ended?.untilMs ?? 0) - upMs) < 1000);
    match(log, 'outage of 10.9.0.1 (v4) is over');
  });

  s.testIf(missing, 'a port in use is one line and exit code 1, and leaves nothing', async () => {
    const file = lab.write('one.json', config(['10.9.0.3']));
    const first = await lab.start(file, { state: 'one' });
    const state = join(lab.directory, 'two');
    const second = lab.flint(['probe', '--config', file, '--state', state]);
    const { code } = await second.exited;
    const { stderr } = second.output();
    await first.stop();

    is(code, 1);
    is(stderr.trimEnd().split('\n').length, 1, stderr);
    match(stderr, /^flint: cannot listen on 127.0.0.1:9740 \(EADDRINUSE\): another program/);
    equal(readdirSync(join(state, 'rounds')), []);
  });

  s.testIf(missing, 'a second daemon on the same state directory is told whose it is', async () => {
    const first = await lab.start(lab.write('one.json', config(['10.9.0.3'])), { state: 'one' });
    const file = lab.write('other.json', config([], { port: 9741 }));
    const state = join(lab.directory, 'one');
    const second = lab.flint(['probe', '--config', file, '--state', state]);
    const { code } = await second.exited;
    await first.stop();

    is(code, 1);
    const { stderr } = second.output();
    is(stderr.trimEnd().split('\n').length, 1, stderr);
    match(stderr, `is in use by process ${first.process.pid}`);
    is((await first.process.exited).code, 0);
  });

  s.testIf(missing, 'a state directory that cannot be is one line and exit code 1', async () => {
    const file = lab.write('one.json', config([]));
    writeFileSync(join(lab.directory, 'a-file'), '');
    const closed = join(lab.directory, 'closed');
    mkdirSync(join(closed, 'with-something-else'), { recursive: true, mode: 0o700 });
    for (const [place, why] of [
      [join(lab.directory, 'a-file'), /^flint: the state directory \S+a-file cannot be prepared/],
      [closed, /^flint: the directory \S+closed\/rounds cannot be made \(EACCES\)/],
    ] as const) {
      const started = lab.flint(['probe', '--config', file, '--state', place]);
      const { code } = await started.exited;
      const { stderr } = started.output();

      is(code, 1, stderr);
      is(stderr.trimEnd().split('\n').length, 1, stderr);
      match(stderr, why);
    }
    // It may be somebody's home: it was not given away.
    is(statSync(closed).uid, 0);
  });

  s.testIf(missing, 'a wrong configuration at the start is one line and exit code 2', async () => {
    const file = lab.write('wrong.json', {
      schema: 1,
      measurements: { smokeping: { rond: '5s' } },
    });
    const started = lab.flint(['probe', '--config', file, '--state', join(lab.directory, 'none')]);
    const { code } = await started.exited;
    const { stderr } = started.output();

    is(code, 2);
    is(stderr.trimEnd().split('\n').length, 1, stderr);
    match(stderr, `flint: ${file}: measurements.smokeping.rond: unknown key: expected enable,`);
  });

  s.testIf(missing, 'a trap in the WebAssembly ends it with a line and exit code 1', async () => {
    const state = join(lab.directory, 'trap');
    const started = lab.namespace.spawn(process.execPath, ['--import', 'tsx', TRAP_CHILD, state], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    const { code } = await started.exited;
    const { stderr } = started.output();

    is(code, 1, stderr);
    match(lastLine(stderr), / error measuring failed: RuntimeError: unreachable/);
    const names = readdirSync(join(state, 'rounds'));
    not.ok(
      names.some((name) => name.startsWith('lock')),
      'the store was closed',
    );
    // Its start is an event, which was written.
    const segment = names.find((name) => name.endsWith('.seg')) ?? '';
    ok(readFileSync(join(state, 'rounds', segment)).includes('start'));
  });
});
