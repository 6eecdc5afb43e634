import { enrollBoard, introduction, openBoard } from '../board/board.ts';
import { openClock } from '../board/clock.ts';
import { isTimesyncDone } from '../board/clock-system.ts';
import { saveCredentials } from '../board/credentials.ts';
import { ensureIdentity } from '../board/identity.ts';
import { lockDirectory } from '../board/lock.ts';
import { makeStateDirectory, openState } from '../board/places.ts';
import { type BoardCommand, boardCommand, printPlan } from './board-options.ts';
import { EXIT } from './command.ts';
import { version } from './version.ts';

/** One enrolment: bound (0), or not, and why (1). May be repeated at will. */
export async function runEnroll(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const command = boardCommand(options);
  if (options['dryRun'] === true) {
    printPlan(command, false);
    return EXIT.ok;
  }
  // Before anything is made, so that a slip of the pen leaves nothing behind.
  command.settings();
  makeStateDirectory(command.places);
  const lock = await lockDirectory(command.places.state);
  try {
    return await enrollOnce(command);
  } finally {
    lock.release();
    command.log.flush();
  }
}

async function enrollOnce({ places, settings, log }: BoardCommand): Promise<number> {
  openState(places);
  const clock = openClock({
    file: places.clock,
    systemMs: Date.now,
    monotonicMs: () => performance.now(),
    isSynced: isTimesyncDone,
    setClock: null,
    log,
  });
  const board = openBoard(settings(), { version: version(), clock });
  const { identity } = ensureIdentity(places.identity);
  const enrolled = await enrollBoard({
    board,
    identity,
    clock,
    env: process.env,
    // A person waits, and Ctrl-C ends it: nothing is half done.
    signal: new AbortController().signal,
    warn: (message) => log.warn(message),
  });
  if (enrolled.ok) {
    saveCredentials(places.credentials, enrolled.credentials);
    const { probe, control } = enrolled.credentials;
    process.stdout.write(`this board is probe ${probe} of ${control}\n`);
    return EXIT.ok;
  }
  const { control } = board.settings;
  process.stderr.write(
    enrolled.kind === 'refused'
      ? `${control} does not accept this board (yet); what the operator must do: ` +
          `${introduction(board, identity)}\n`
      : `flint: cannot enrol at ${control}: ${enrolled.message}\n`,
  );
  return EXIT.trouble;
}
