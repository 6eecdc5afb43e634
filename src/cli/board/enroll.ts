import { enrollBoard, introduction } from '../../board/board.ts';
import { saveCredentials } from '../../board/credentials.ts';
import { ensureIdentity } from '../../board/identity.ts';
import { AGENT_LOCK, makeStateDirectory, openState } from '../../board/places.ts';
import { lockDirectory } from '../../host/lock.ts';
import { EXIT } from '../command.ts';
import {
  type BoardCommand,
  boardCommand,
  type IdleBoard,
  openIdleBoard,
  printPlan,
} from './options.ts';

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
  // Judged before anything is made, so that a slip of the pen leaves nothing behind.
  const opened = openIdleBoard(command);
  makeStateDirectory(command.places);
  const lock = await lockDirectory(command.places.state, AGENT_LOCK);
  try {
    return await enrollOnce(command, opened);
  } finally {
    await lock.release();
    command.log.flush();
  }
}

async function enrollOnce({ places, log }: BoardCommand, opened: IdleBoard): Promise<number> {
  const { board, clock } = opened;
  openState(places);
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
