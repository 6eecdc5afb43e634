import { networkInterfaces } from 'node:os';
import { closed } from '../../board/lockdown/boot.ts';
import { infraCount, type Keeper } from '../../board/lockdown/keeper.ts';
import { keptFile, loadKept, saveKept } from '../../board/lockdown/kept.ts';
import { type Nft, NO_NFT } from '../../board/lockdown/nft.ts';
import { renderRemoval, TABLE } from '../../board/lockdown/rules.ts';
import { ProbeError } from '../../core/error.ts';
import { EXIT } from '../command.ts';
import { print, refused } from './lockdown.ts';
import { isConfirmed } from './lockdown-confirm.ts';
import { sshFault } from './lockdown-guard.ts';
import {
  type LockdownPlace,
  learnedKeeper,
  lockdownPlace,
  NO_LOCKDOWN,
  requireNft,
  type Shut,
} from './lockdown-place.ts';

/** Loads the rules. At boot, whatever the settings are, the board ends up shut, or it says 3. */
export async function runApply(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const isBoot = options['boot'] === true;
  const place = lockdownPlace(options);
  const basis = place.basis(isBoot);
  if (basis.kind === 'off') {
    // A board that is not to be shut starts as it is; a person who asks for it is told.
    if (!isBoot) throw new ProbeError('ERR_UNAVAILABLE', NO_LOCKDOWN);
    print(NO_LOCKDOWN);
    return EXIT.ok;
  }
  if (options['dryRun'] === true) return await dryRun(place, basis, options);
  const nft = await requireNft();
  if (!isBoot) requireWayIn(basis, options);
  if (isBoot) return await loadAtBoot(place, basis, { nft, isJson: options['json'] === true });
  const keeper = await learnedKeeper(place, basis, { nft, isBoot });
  const confirmMs = options['confirm'] as number | undefined;
  const done =
    confirmMs === undefined
      ? await load(keeper)
      : await loadOnTrial({ keeper, nft, confirmMs, place });
  tell(keeper, basis, { isJson: options['json'] === true, done });
  // Shut, but not as it should be: who looks at the unit shall see it.
  return done && basis.kind === 'settings' ? EXIT.ok : EXIT.trouble;
}

// Rules that the kernel does not take leave it open, while nobody looks: then those that name
// nobody are better than none.
async function loadAtBoot(
  place: LockdownPlace,
  basis: Shut,
  { nft, isJson }: { nft: Nft; isJson: boolean },
): Promise<number> {
  const keeper = await learnedKeeper(place, basis, { nft, isBoot: true });
  const first = await keeper.apply();
  if (first.ok) {
    tell(keeper, basis, { isJson, done: true });
    return basis.kind === 'settings' ? EXIT.ok : EXIT.trouble;
  }
  const shut = closed(first.reason);
  const other = await learnedKeeper(place, shut, { nft, isBoot: true });
  const second = await other.apply();
  if (!second.ok) throw refused(first.reason);
  tell(other, shut, { isJson, done: true });
  return EXIT.trouble;
}

async function dryRun(
  place: LockdownPlace,
  basis: Shut,
  options: Record<string, unknown>,
): Promise<number> {
  const keeper = await learnedKeeper(place, basis, { nft: NO_NFT, isBoot: true });
  const rules = keeper.whole();
  const file = keptFile(place.stateDirectory);
  if (options['json'] === true) {
    print(JSON.stringify({ wouldLoad: rules, wouldWrite: [file] }));
    return EXIT.ok;
  }
  const text = rules.trimEnd().split('\n');
  print(['would run: nft -f -', ...text.map((line) => `  ${line}`)].join('\n'));
  print(`would run: nft --stateless list table ${TABLE}`);
  print(`would write ${file} (0600): what was loaded, and whom the board must reach`);
  return EXIT.ok;
}

/** Throws ERR_USAGE when the session that asks would be cut, unless that is wanted. */
function requireWayIn({ settings, wanted }: Shut, options: Record<string, unknown>): void {
  if (options['yes'] === true || options['confirm'] !== undefined) return;
  const fault = sshFault({
    connection: process.env['SSH_CONNECTION'],
    settings,
    wanted,
    interfaces: networkInterfaces(),
  });
  if (fault === null) return;
  throw new ProbeError(
    'ERR_USAGE',
    `${fault}; say --yes if that is meant, or --confirm 60s to have it undone by itself`,
  );
}

async function load(keeper: Keeper): Promise<boolean> {
  const done = await keeper.apply();
  if (!done.ok) throw refused(done.reason);
  return true;
}

interface Trial {
  keeper: Keeper;
  nft: Nft;
  confirmMs: number;
  place: LockdownPlace;
}

/** False when nobody said that all is well: then everything is as before. */
async function loadOnTrial({ keeper, nft, confirmMs, place }: Trial): Promise<boolean> {
  const before = await nft.list();
  if (!before.ok) throw refused(before.reason);
  const { kept } = loadKept(place.stateDirectory);
  // The end of the session must not end us before we have put it back.
  process.on('SIGHUP', () => undefined);
  await load(keeper);
  if (await isConfirmed(process.stdin, process.stderr, confirmMs)) return true;
  const done = await nft.load(`${renderRemoval()}${before.text ?? ''}`);
  if (!done.ok) throw refused(done.reason);
  saveKept(place.stateDirectory, kept);
  return false;
}

function tell(
  keeper: Keeper,
  { kind, reason }: Shut,
  { isJson, done }: { isJson: boolean; done: boolean },
): void {
  const infra = infraCount(keeper.sets());
  if (isJson) {
    print(JSON.stringify({ applied: done, basis: kind, reason, infra }));
    return;
  }
  if (reason !== null) process.stderr.write(`flint: ${WORDS[kind]}: ${reason}\n`);
  print(done ? `the lockdown is in force; ${infra} addresses in infra` : 'everything is as before');
}

const WORDS = {
  settings: '',
  kept: 'shut by the settings of before',
  closed: 'shut to all',
} as const;
