// Each check of `flint doctor` where it finds nothing wrong, and where the test broke something.
// Most of its two seconds it waits for echoes, so that all run side by side.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { loadFallback } from '../../src/engine/fallback.ts';
import type { Check } from '../../src/probe/diagnose.ts';
import { suite } from '../helper.ts';
import {
  type Namespace,
  openNamespace,
  openVeth,
  type RunOptions,
  requireLab,
} from '../lab/net.ts';
import { openCopy } from '../native/copy.ts';
import { MAIN, WITHOUT_RAW } from './flint.ts';

const missing = requireLab();
const fallback = loadFallback();
const noFallback = 'module' in fallback ? null : `npm raw-socket: ${fallback.reason}`;

interface Verdicts {
  code: number | null;
  ok: boolean;
  checks: Check[];
  /** The check of that name; fails when there is none. */
  of(name: string): Check;
}

interface Doctor extends RunOptions {
  before?: readonly string[];
  main?: string;
}

async function doctor(place: Namespace, options: Doctor = {}): Promise<Verdicts> {
  const { main = MAIN, before = [], ...rest } = options;
  const [command = '', ...words] = [...before, process.execPath, main, 'doctor', '--json'];
  const env = { ...process.env, STATE_DIRECTORY: tmpdir(), ...options.env };
  const { code, stdout } = await place.exec(command, words, { ...rest, env });
  const { ok: isOk, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  const of = (name: string): Check => {
    const found = checks.find((check) => check.name === name);
    if (found === undefined) throw new Error(`no check ${name} in ${stdout}`);
    return found;
  };
  return { code, ok: isOk, checks, of };
}

/** In a namespace of its own, which the test may break first. */
async function inPlace<T>(run: (place: Namespace) => Promise<T>): Promise<T> {
  const place = await openNamespace();
  try {
    return await run(place);
  } finally {
    await place.close();
  }
}

async function behindGateway(): Promise<Verdicts> {
  const far = await openNamespace();
  const verdicts = inPlace(async (near) => {
    const { far: end } = await openVeth(near, far);
    await near.ip(`route add default via ${end.v4}`);
    return await doctor(near);
  });
  return await verdicts.finally(() => far.close());
}

/** As it is on a board, which has nothing of a control; here without the addon as well. */
async function onBoard(): Promise<Verdicts> {
  const copy = openCopy({ code: 'dist', addon: 'none', without: ['kysely', 'better-sqlite3'] });
  const main = join(copy.root, 'dist/main.js');
  return await inPlace((place) => doctor(place, { main })).finally(() => copy.remove());
}

suite('doctor/checks', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-doctor-'));
  let well: Verdicts;
  let broken: Record<
    'gateway' | 'down' | 'silent' | 'forbidden' | 'ping' | 'made' | 'never' | 'bare',
    Verdicts
  >;

  s.before(async () => {
    if (missing !== null) return;
    const silent = { 'net/ipv4/icmp_echo_ignore_all': '1' };
    const ping = { 'net/ipv4/ping_group_range': '0 2147483647' };
    const stateIn = (place: string): Doctor => ({ env: { STATE_DIRECTORY: place } });
    const runs = [
      behindGateway(),
      inPlace(async (place) => {
        await place.ip('link set lo down');
        return doctor(place);
      }),
      inPlace(async (place) => {
        await place.sysctl(silent);
        return doctor(place);
      }),
      inPlace((place) => doctor(place, { before: WITHOUT_RAW })),
      inPlace(async (place) => {
        await place.sysctl(ping);
        return doctor(place, { before: WITHOUT_RAW });
      }),
      inPlace((place) => doctor(place, stateIn(join(directory, 'a', 'b')))),
      inPlace((place) => doctor(place, stateIn(`${MAIN}/state`))),
      onBoard(),
      inPlace((place) => doctor(place)),
    ] as const;
    const [gateway, down, quiet, forbidden, sockets, made, never, bare, whole] =
      await Promise.all(runs);
    well = whole;
    broken = { gateway, down, silent: quiet, forbidden, ping: sockets, made, never, bare };
  });

  s.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  s.testIf(missing, 'find nothing bad where all is well', () => {
    const { code, ok: isOk, checks, of } = well;

    equal([code, isOk], [0, true]);
    const names = ['node', 'addon', 'fallback', 'sockets', 'loopback', 'stamps', 'clock', 'state'];
    equal(
      checks.map(({ name }) => name),
      [...names, '@gateway', '@resolver', 'database'],
    );
    for (const name of ['node', 'addon', 'sockets', 'loopback', 'stamps', 'state', 'database']) {
      equal([of(name).verdict, of(name).mend], ['good', null], name);
    }
    match(of('node').finding, process.versions.node);
    is(of('sockets').finding, 'raw sockets; paths by icmp, udp, tcp');
    match(of('loopback').finding, /^\d+ of \d+ echoes to 127.0.0.1 answered, median \d+ µs$/);
    match(of('state').finding, /^\/.*, \d+ MiB free$/);
  });

  s.testIf(missing, 'find a gateway that is not there poor, one that is there good', () => {
    is(well.of('@gateway').verdict, 'poor');
    match(well.of('@gateway').finding, 'no default route for IPv4; IPv6: no default route');
    is(broken.gateway.of('@gateway').verdict, 'good');
    match(broken.gateway.of('@gateway').finding, 'IPv4 known; IPv6: no default route');
  });

  s.testIf(missing, 'find loopback bad when it is down, and end with 1', () => {
    const { code, ok: isOk, checks, of } = broken.down;

    equal([code, isOk], [1, false]);
    is(of('loopback').verdict, 'bad');
    match(of('loopback').finding, '0 of');
    match(of('loopback').mend ?? '', 'ip link set lo up');
    not.ok(
      checks.some(({ name }) => name === 'stamps'),
      'without samples nobody knows',
    );
  });

  s.testIf(missing, 'find loopback bad when it does not answer', () => {
    const { verdict, finding, mend } = broken.silent.of('loopback');

    is(verdict, 'bad');
    match(finding, /^0 of 1\d echoes/);
    match(mend ?? '', 'icmp_echo_ignore_all=0');
  });

  s.testIf(missing, 'find no permission for any socket bad, with the line that gives it', () => {
    const { code, of } = broken.forbidden;

    is(code, 1);
    for (const name of ['sockets', 'loopback']) is(of(name).verdict, 'bad');
    is(of('sockets').mend, 'sysctl -w net.ipv4.ping_group_range="0 2147483647"');
    is(of('addon').verdict, 'good');
  });

  s.testIf(missing, 'are right about that line: ping sockets measure, but less well', () => {
    const { code, of } = broken.ping;

    is(code, 0);
    equal([of('sockets').verdict, of('sockets').finding], ['poor', 'ping sockets; paths by icmp']);
    match(of('sockets').mend ?? '', 'run as root');
    is(of('loopback').verdict, 'good');
  });

  s.testIf(missing, 'find a state directory that cannot be bad, and make none', () => {
    const { made, never } = broken;

    is(made.of('state').verdict, 'good');
    match(made.of('state').finding, `${directory}/a/b (will be made), `);
    equal([never.code, never.of('state').verdict], [1, 'bad']);
    match(never.of('state').finding, `${MAIN} is not a directory`);
    match(never.of('state').mend ?? '', '--state');
    // It would belong to root, and be closed to who the probe is then.
    equal(readdirSync(directory), []);
  });

  s.testIf(missing ?? noFallback, 'find that without the addon npm raw-socket measures', () => {
    const { code, of } = broken.bare;

    is(code, 0);
    is(of('addon').verdict, 'poor');
    // No tree of npm, in which anything could be built.
    match(of('addon').mend ?? '', 'flint install');
    is(of('fallback').mend, null);
    is(of('sockets').verdict, 'poor');
    is(of('loopback').verdict, 'good');
    is(of('stamps').verdict, 'poor');
    match(of('stamps').finding, '0 % of the samples');
    equal([of('database').verdict, of('database').mend], ['good', null]);
    match(of('database').finding, 'only a control needs one');
  });
});
