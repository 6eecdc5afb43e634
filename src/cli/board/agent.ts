import { startAgent } from '../../board/agent.ts';
import { partOpeners } from '../../board/agent-openers.ts';
import { clockCommand, clockSetter } from '../../board/clock-system.ts';
import { readProfile } from '../../board/hardware-profile.ts';
import { notify } from '../../engine/notify.ts';
import { openServiceManager } from '../../host/notify.ts';
import { EXIT } from '../command.ts';
import { followSignals, type Signals } from '../signals.ts';
import { version } from '../version.ts';
import { type BoardCommand, boardCommand, printPlan } from './options.ts';

/** What may still be under way after the end, a look-up of a name for example, is left behind. */
const END_MS_MAX = 500;
/** Every step has deadlines of its own; one that takes so long has none that works. */
const STEP_MS_MAX = 600_000;

/** The agent of a board: until it is told to stop, or for one pass with --once. */
export async function runAgent(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const command = boardCommand(options);
  if (options['check'] === true) return check(command);
  if (options['dryRun'] === true) {
    printPlan(command, true);
    return EXIT.ok;
  }
  const signals = followSignals(true);
  try {
    return await live(command, signals, options['once'] === true);
  } finally {
    signals.close();
    command.log.flush();
    endSoon();
  }
}

/** Judges agent.json without this machine: what an image is built with, for example. */
function check({ file, factPlaces, settings }: BoardCommand): number {
  const { control, hardware, tailnet, lockdown, push } = settings();
  const parts = [
    ...(hardware === null ? [] : [hardwareText(hardware, factPlaces.hardware)]),
    ...(tailnet?.enable === true ? [`mesh by ${tailnet.kind}`] : []),
    ...(lockdown?.enable === true ? ['lockdown'] : []),
    ...(push?.enable === true ? [`push to ${push.url}`] : []),
  ];
  process.stdout.write(`${[`${file}: valid, control ${control}`, ...parts].join(', ')}\n`);
  return EXIT.ok;
}

// An image may be judged on a machine that lacks the profile: that is told, and no fault.
function hardwareText(slug: string, folders: readonly string[]): string {
  const profile = readProfile(slug, folders);
  return profile === null
    ? `hardware ${slug}, of which there is no profile here`
    : `hardware ${slug} (${profile.name})`;
}

async function live(command: BoardCommand, signals: Signals, isOnce: boolean): Promise<number> {
  const { places, partPlaces, factPlaces, settings, log } = command;
  const stop = new AbortController();
  const agent = await startAgent({
    loadSettings: settings,
    places,
    version: version(),
    log,
    env: process.env,
    setClock: settings().setClock ? clockSetter(clockCommand(process.env)) : null,
    stop: stop.signal,
    isOnce,
    openers: partOpeners(partPlaces),
    factPlaces,
  });
  const { env, pid } = process;
  const manager = openServiceManager({ env, pid, send: notify, log });
  const status = `this board asks ${settings().control}`;
  signals.onReload(() =>
    manager.reload(() => {
      agent.reload();
      return status;
    }),
  );
  manager.ready(status);
  manager.watch(() => agent.busyMs() < STEP_MS_MAX, 'a step of the agent does not end');
  const passed = agent.ended.then((isWell) => (isWell ? EXIT.ok : EXIT.trouble));
  const code = await Promise.race([signals.ended, passed]);
  manager.stopping();
  stop.abort();
  await agent.ended;
  manager.close();
  return code;
}

function endSoon(): void {
  setTimeout(() => process.exit(), END_MS_MAX).unref();
}
