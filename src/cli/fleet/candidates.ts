// Boards that ask to be a probe: shown with the fingerprint of their key, which a person compares
// with what the board itself says on its console. Nothing else tells a board from its thief.
import { UNKNOWN_BOARD } from '../../core/fleet-boards.ts';
import { printable } from '../../graph/terminal.ts';
import { EXIT, UsageError } from '../command.ts';
import { optionText } from './account.ts';
import { askLine, askYes, canAsk } from './ask.ts';
import {
  boardTable,
  type Candidate,
  candidateTable,
  type UnknownBoard,
} from './candidate-table.ts';
import { aboutOf, probeSentence } from './edit.ts';
import {
  change,
  type Fleet,
  type Options,
  openFleet,
  type Reading,
  readList,
  rowId,
  slug,
} from './fleet.ts';
import { readProbe } from './show.ts';

/** `flint fleet boards`: those whose MAC nobody registered. */
export async function runBoards(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const { value, raw, nowMs } = await readBoards(fleet);
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('no unknown board has asked');
  else boardTable(fleet, value, nowMs);
  return EXIT.ok;
}

/** `flint fleet register ID`: makes a probe of an unknown board. */
export async function runRegister(words: readonly string[], options: Options): Promise<number> {
  const id = rowId(words[0], 'the id of a board');
  const name = optionText(options, 'name');
  const hardware = optionText(options, 'hardware');
  const fleet = openFleet(options);
  const { value, nowMs } = await readBoards(fleet);
  const board = value.filter((one) => String(one.id) === id);
  if (!(await isCompared(fleet, options, board, nowMs))) return EXIT.trouble;
  const call = {
    method: 'POST',
    path: `/boards/${id}/register`,
    body: {
      ...(name === null ? {} : { name: slug(name, 'option --name: a name') }),
      ...(hardware === null ? {} : { hardware: slug(hardware, 'option --hardware: a name') }),
      ...aboutOf(options),
    },
    what: `register board ${id}`,
  } as const;
  await change(fleet, call, (body) => {
    return `${probeSentence(body)}; its board is bound when it asks next`;
  });
  return EXIT.ok;
}

/** `flint fleet forget ID`: an unknown board that is none of ours. */
export async function runForget(words: readonly string[], options: Options): Promise<number> {
  const id = rowId(words[0], 'the id of a board');
  const call = { method: 'DELETE', path: `/boards/${id}`, what: `forget board ${id}` } as const;
  await change(openFleet(options), call, () => `board ${id} is forgotten, until it asks again`);
  return EXIT.ok;
}

/** `flint fleet approve NAME`: binds the board whose key has this fingerprint. */
export async function runApprove(words: readonly string[], options: Options): Promise<number> {
  return await decide(words, options, 'approve');
}

/** `flint fleet refuse NAME`: forgets the request of a key. */
export async function runRefuse(words: readonly string[], options: Options): Promise<number> {
  return await decide(words, options, 'refuse');
}

const DONE = {
  approve: 'is approved: its board is bound when it asks next, within minutes',
  refuse: 'is not bound to that key',
} as const;

async function decide(
  words: readonly string[],
  options: Options,
  verb: 'approve' | 'refuse',
): Promise<number> {
  const name = slug(words[0], 'the name of a probe');
  const given = optionText(options, 'fingerprint');
  const fleet = openFleet(options);
  const fingerprint =
    given === null ? await chooseCandidate(fleet, name, verb) : parseFingerprint(given);
  if (fingerprint === null) return EXIT.trouble;
  const call = {
    method: 'POST',
    path: `/probes/${name}/${verb}`,
    body: { fingerprint },
    what: `${verb} ${name}`,
  } as const;
  await change(fleet, call, () => `${name} ${DONE[verb]}`);
  return EXIT.ok;
}

/** A fingerprint as people type it: in any case, with or without its gaps. */
export function parseFingerprint(written: string): string {
  const digits = written.replace(/[\s:-]/g, '').toLowerCase();
  if (/^[0-9a-f]{20}$/.test(digits)) return (digits.match(/.{4}/g) ?? []).join(' ');
  throw new UsageError(
    'option --fingerprint: expected 20 hexadecimal digits, as "1a2b 3c4d 5e6f 7081 92a3", ' +
      `got "${written}"`,
  );
}

async function chooseCandidate(
  fleet: Fleet,
  name: string,
  verb: 'approve' | 'refuse',
): Promise<string | null> {
  const { value, nowMs } = await readProbe(fleet, name);
  const { candidates } = value;
  if (candidates.length === 0) {
    process.stderr.write(
      `flint: no board waits to be ${name} (MAC ${value.mac}, ${value.state}); ` +
        'flint fleet boards shows boards with other MACs\n',
    );
    return null;
  }
  if (!canAsk()) {
    const known = candidates.map(({ fingerprint }) => `--fingerprint "${fingerprint}"`);
    const wanted = printable(known.join(' or '));
    throw new UsageError(`compare with what the board shows, then add ${wanted}`);
  }
  candidateTable(fleet, candidates, nowMs);
  const chosen = candidates.length === 1 ? candidates[0] : await pick(candidates);
  if (chosen === undefined) return null;
  const question = verb === 'approve' ? 'Does the board show' : 'Refuse the board with';
  if (await askYes(`${question} ${chosen.fingerprint}?`)) return chosen.fingerprint;
  process.stderr.write('flint: nothing was changed\n');
  return null;
}

async function pick(candidates: readonly Candidate[]): Promise<Candidate | undefined> {
  const answer = await askLine(`Which one, 1 to ${candidates.length}?`);
  const chosen = candidates[Number(answer) - 1];
  if (chosen === undefined) process.stderr.write('flint: nothing was changed\n');
  return chosen;
}

/** Registering approves the key that asked, so it is compared here, too. */
async function isCompared(
  fleet: Fleet,
  options: Options,
  [board]: readonly UnknownBoard[],
  nowMs: number,
): Promise<boolean> {
  if (options['yes'] === true || board === undefined) return true;
  const given = optionText(options, 'fingerprint');
  if (given !== null) {
    if (parseFingerprint(given) === board.fingerprint) return true;
    const other = printable(board.fingerprint);
    throw new UsageError(`board ${board.id} has another fingerprint: ${other}`);
  }
  if (!canAsk()) {
    const wanted = printable(`--fingerprint "${board.fingerprint}"`);
    throw new UsageError(`compare with what the board shows, then add ${wanted}`);
  }
  boardTable(fleet, [board], nowMs);
  if (await askYes(`Does the board show ${board.fingerprint}?`)) return true;
  process.stderr.write('flint: nothing was changed\n');
  return false;
}

async function readBoards(fleet: Fleet): Promise<Reading<UnknownBoard[]>> {
  const call = { method: 'GET', path: '/boards', what: 'list the unknown boards' } as const;
  return await readList(fleet, call, { key: 'boards', schema: UNKNOWN_BOARD });
}
