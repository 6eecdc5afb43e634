const { readFileSync } = process.getBuiltinModule('node:fs');

import { createHash } from 'node:crypto';
import { ProbeError } from '../../core/error.ts';
import { ownStateDirectory } from '../../host/places.ts';
import { EXIT } from '../command.ts';
import { leaveRoot } from '../leave-root.ts';
import { followSignals } from '../signals.ts';
import type { UpAgentWish } from './agent.ts';
import { type Child, type ChildEnd, startChild } from './children.ts';
import type { UpControlReady, UpControlWish } from './control.ts';
import { prepareUp, type UpPlaces } from './places.ts';
import type { UpProbeReady, UpProbeWish } from './probe.ts';

// `flint up`: one machine, no questions. A control, an agent and a probe as anywhere else, only
// that one command starts and ends them: the probe enrols by the same requests as a board.

const PORT = 8740;
const PROBE_PORT = 9740;
const READY_MS = 60_000;
/** A little longer than the control takes for requests that are under way. */
const END_MS = 7000;
const WISH_VARIABLE = 'FLINT_UP_PART';

interface UpOptions {
  port: number;
  probePort: number;
  state: string;
}

interface Started {
  places: UpPlaces;
  control: UpControlReady;
  probe: UpProbeReady;
}

export async function runUp(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const wish: UpOptions = {
    port: (options['port'] as number | undefined) ?? PORT,
    probePort: (options['probePort'] as number | undefined) ?? PROBE_PORT,
    state: (options['state'] as string | undefined) ?? ownStateDirectory(),
  };
  const signals = followSignals(false);
  const children: Child<unknown>[] = [];
  try {
    const started = await Promise.race([signals.ended, startAll(wish, children)]);
    if (typeof started === 'number') return started;
    leaveRoot();
    greet(started);
    const ends = children.map(async (child) => ({ child, end: await child.ended }));
    const first = await Promise.race([signals.ended, ...ends]);
    if (typeof first === 'number') return first;
    tell(farewell(first.child, first.end));
    return EXIT.trouble;
  } catch (error) {
    throw portHint(error, wish);
  } finally {
    await Promise.all(children.map((child) => child.end(END_MS)));
    signals.close();
  }
}

/** Puts the children into the list as they start, so that whatever happens they can be ended. */
async function startAll(
  { port, probePort, state }: UpOptions,
  children: Child<unknown>[],
): Promise<Started> {
  const places = prepareUp(state);
  const mac = ownMac(places.state);
  const { state: stateDirectory, run: runDirectory } = places;
  const controlWish = { stateDirectory, port, mac, claimTokenFile: places.claimToken };
  const probeWish = { port: probePort, stateDirectory, runDirectory, policyFile: places.policy };
  const control = start<UpControlReady, UpControlWish>('control', controlWish, children);
  const probe = start<UpProbeReady, UpProbeWish>('probe', probeWish, children);
  // Whichever fails first is the reason that is told.
  const [controlReady, probeReady] = await Promise.all([control.ready, probe.ready]);
  const claimTokenFile = controlReady.hasClaimToken ? places.claimToken : null;
  const wish = { control: controlReady.origin, stateDirectory, runDirectory, mac, claimTokenFile };
  await start<null, UpAgentWish>('agent', wish, children).ready;
  return { places, control: controlReady, probe: probeReady };
}

function start<Ready, Wish>(name: string, wish: Wish, children: Child<unknown>[]): Child<Ready> {
  // Beside this file, as source or as built.
  const module = new URL(import.meta.url.replace(/up\.(ts|js)$/, `${name}.$1`));
  const env = { [WISH_VARIABLE]: JSON.stringify(wish) };
  const child = startChild<Ready>({ name, module, args: [], env, readyMs: READY_MS }, tell);
  children.push(child);
  return child;
}

/**
 * An address that is never on a wire: a board's own might be registered already, and a machine
 * may have none. Locally administered (IEEE 802c), and the same at every start.
 */
function ownMac(state: string): string {
  const digest = createHash('sha256').update(`flint-up\n${machineId()}\n${state}`).digest('hex');
  return `02:${(digest.slice(0, 10).match(/../g) ?? []).join(':')}`;
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}

function farewell({ name }: Child<unknown>, { code, signal, lastLines }: ChildEnd): string {
  const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  return `the ${name} ${how}, so all of it ends: ${lastLines.at(-1) ?? 'it said nothing'}`;
}

function portHint(error: unknown, { probePort }: UpOptions): unknown {
  if (!(error instanceof ProbeError) || !/EADDRINUSE/.test(error.message)) return error;
  const isProbe = error.message.includes(`:${probePort} `);
  const what = isProbe ? '--probe-port' : '--port';
  const message = error.message.replace(/: .*$/s, '');
  return new ProbeError(
    error.code,
    `${message}: is another flint running? Stop it, or start this one with ${what}`,
    { cause: error, syscall: 'listen', errno: 'EADDRINUSE' },
  );
}

function greet({ places, control, probe }: Started): void {
  const { origin, loginLink } = control;
  const page = `http://${probe.address}:${probe.port}/`;
  const lines = [
    'flint is up: a control, an agent and a probe on this machine',
    loginLink === null ? '' : `log in   ${loginLink}   (works once, for 15 minutes)`,
    `pages    ${origin}/   (to read; the first graphs within a minute)`,
    `probe    ${page}   (its own page; metrics at ${page}metrics)`,
    `state    ${places.state}`,
    `stamps   ${STAMPS[probe.stamps]}`,
    probe.user === null ? '' : `root was given up; running as ${probe.user}`,
    'Ctrl-C ends all of it; the next start goes on where it was.',
  ];
  tell(lines.filter((line) => line !== '').join('\n'));
}

const STAMPS = {
  kernel: 'from the kernel, both ways: latency is wire time',
  'kernel-us': 'from the kernel on receipt only, in microseconds',
  user: 'none from the kernel: latency includes the delays of this process',
} as const;

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
