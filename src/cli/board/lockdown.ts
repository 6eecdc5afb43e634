import type { Inspection } from '../../board/lockdown/inspection.ts';
import { infraCount } from '../../board/lockdown/keeper.ts';
import { isKeeping, keptFile, loadKept, saveKept } from '../../board/lockdown/kept.ts';
import { NO_NFT } from '../../board/lockdown/nft.ts';
import { renderRemoval, TABLE } from '../../board/lockdown/rules.ts';
import { ProbeError } from '../../core/error.ts';
import { EXIT } from '../command.ts';
import { learnedKeeper, lockdownPlace, requireNft } from './lockdown-place.ts';

// The rules on paper, in the kernel, and gone. Loading them is in lockdown-apply.ts.

/** What would be loaded; changes nothing, needs neither root nor nft. */
export async function runRender(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const place = lockdownPlace(options);
  const keeper = await learnedKeeper(place, place.shut(), { nft: NO_NFT, isBoot: false });
  const rules = keeper.whole();
  print(
    options['json'] === true ? JSON.stringify({ rules, sets: keeper.sets() }) : rules.trimEnd(),
  );
  return EXIT.ok;
}

/** 0 when the kernel has what it should have, 1 with the differences when not. */
export async function runVerify(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const place = lockdownPlace(options);
  const shut = place.shut();
  const nft = await requireNft();
  // As it was loaded: whether the network is another one since is the agent's matter.
  const keeper = await learnedKeeper(place, shut, { nft, isBoot: true });
  const inspection = await keeper.inspect();
  if (!inspection.ok) throw refused(inspection.reason);
  const found = foundBy(inspection, isKeeping(place.stateDirectory));
  const { differences } = found;
  if (options['json'] === true) {
    const state = differences.length > 0 ? 'drifted' : 'in-force';
    const infra = infraCount(keeper.sets());
    const { outdated } = found;
    print(JSON.stringify({ state, differences, outdated, infra, appliedMs: keeper.appliedMs() }));
  } else {
    print(wordsOf(found).join('\n'));
  }
  return differences.length > 0 ? EXIT.trouble : EXIT.ok;
}

interface Found {
  differences: readonly string[];
  /** Sets that are not what they should be now, or not what was kept. */
  outdated: readonly string[];
  /** Why less was compared than usual; null where all was. */
  limit: string | null;
}

// Where nothing can be kept, the agent goes by its own memory: that the kernel's sets are others
// than those of the disk, or that the disk knows of no rules, is then nobody's doing.
function foundBy({ table, drift, stale }: Compared, isKept: boolean): Found {
  const inRules = isKept ? drift : drift.filter((line) => !line.startsWith('set '));
  const isUnproved = table === 'unproved' && !isKept;
  const differences = inRules.length > 0 || isUnproved ? inRules : WHOLE[table];
  const limit = isKept || table === 'missing' ? null : READ_ONLY;
  return { differences, outdated: differences.length > 0 || isUnproved ? [] : stale, limit };
}

type Compared = Extract<Inspection, { ok: true }>;

function wordsOf({ differences, outdated, limit }: Found): string[] {
  const notes = limit === null ? [] : [limit];
  if (differences.length > 0) return [...differences, ...notes];
  const sets = outdated.map((name) => `set ${name} is of an earlier network`);
  return ['the lockdown is in force', ...sets, ...notes];
}

const READ_ONLY =
  'note: the disk is read-only, so what was loaded last may not be known here: the rules were ' +
  'compared as far as they are, the sets not';

const OTHERS = [`the table ${TABLE} is of other settings or another nft: flint lockdown apply`];

const WHOLE: Readonly<Record<Compared['table'], readonly string[]>> = {
  ours: [],
  missing: [`there is no table ${TABLE}: flint lockdown apply`],
  foreign: OTHERS,
  unproved: OTHERS,
};

/** Takes the table away, and only that. */
export async function runRemove(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { stateDirectory } = lockdownPlace(options);
  const isJson = options['json'] === true;
  if (options['dryRun'] === true) {
    const lines = ['would run: nft -f -', ...renderRemoval().trimEnd().split('\n').map(indented)];
    const all = [...lines, `would write ${keptFile(stateDirectory)} (0600)`];
    print(isJson ? JSON.stringify({ wouldLoad: renderRemoval() }) : all.join('\n'));
    return EXIT.ok;
  }
  const nft = await requireNft();
  const done = await nft.load(renderRemoval());
  if (!done.ok) throw refused(done.reason);
  const { kept } = loadKept(stateDirectory);
  if (kept.applied !== null) saveKept(stateDirectory, { ...kept, applied: null });
  print(isJson ? JSON.stringify({ removed: true }) : 'this machine is open');
  return EXIT.ok;
}

/** What nft refused: a right that is missing (3), or anything else (1). */
export function refused(reason: string): ProbeError {
  const isRight = /EPERM/.test(reason);
  return new ProbeError(isRight ? 'ERR_UNAVAILABLE' : 'ERR_STATE_IO', reason);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function indented(line: string): string {
  return `  ${line}`;
}
