const fs = process.getBuiltinModule('node:fs');

import { desiredSets, namesOf } from './desired.ts';
import { faultOf, type Inspection, judgeTable } from './inspection.ts';
import { type Applied, type Kept, loadKept, saveKept } from './kept.ts';
import { forgetNames, type Learned, learnLease, learnNames, type NameAnswer } from './learned.ts';
import type { Lease } from './lease.ts';
import { compareSets, parseListing } from './listing.ts';
import type { Nft, NftAnswer } from './nft.ts';
import { RULES_MARK, type RulesRequest, renderRules, renderSets, renderWhole } from './rules.ts';
import type { LockdownSets, SetName } from './sets.ts';
import type { LockdownSettings } from './settings.ts';
import type { LockdownWanted } from './wanted.ts';

// What should be, what the kernel has, and the way from the one to the other. Who calls decides
// when.

export interface Keeper {
  /** What should be in the kernel now. */
  whole(): string;
  sets(): LockdownSets;
  /** Takes in what the network says. True when the sets are others now. */
  learn(lease: Lease | null, names: readonly NameAnswer[]): boolean;
  /** Loads everything anew; on failure the earlier rules stay in force. */
  apply(): Promise<NftAnswer>;
  /** Fills the sets that the kernel has otherwise. */
  fill(names: readonly SetName[]): Promise<NftAnswer>;
  inspect(): Promise<Inspection>;
  appliedMs(): number | null;
}

export interface KeeperOptions {
  settings: LockdownSettings;
  wanted: LockdownWanted;
  /** Nobody is let in by the interface that is said to be the mesh. */
  isMeshShut?: boolean;
  stateDirectory: string;
  nft: Nft;
  nowMs(): number;
  /** That state cannot be read or written is no reason to stay open. */
  warn(message: string): void;
}

export function rulesRequest(settings: LockdownSettings, wanted: LockdownWanted): RulesRequest {
  const { mesh } = wanted;
  return {
    mesh: mesh === null ? null : { interface: mesh.interface, port: mesh.port },
    sshPort: settings.sshPort,
    pagePort: settings.pagePort,
  };
}

export function openKeeper(options: KeeperOptions): Keeper {
  const { settings, wanted, stateDirectory, nft, nowMs, warn } = options;
  const own = rulesRequest(settings, wanted);
  const request = options.isMeshShut === true ? { ...own, mesh: null } : own;
  const rules = renderRules(request);
  const mark = markOf(rules);
  const loaded = loadKept(stateDirectory);
  if (loaded.trouble !== null) warn(loaded.trouble);
  const hosts = new Set(namesOf(settings, wanted));
  let kept: Kept = { ...loaded.kept, basis: { settings, wanted } as Kept['basis'] };
  let learned: Learned = forgetNames(kept.learned, hosts);
  let sets = desiredSets(settings, wanted, learned);

  function save(applied: Applied | null): void {
    kept = { ...kept, applied, learned: learned as Kept['learned'] };
    try {
      saveKept(stateDirectory, kept);
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  }

  async function apply(): Promise<NftAnswer> {
    const done = await nft.load(renderWhole(request, sets));
    if (!done.ok) return done;
    const listed = await nft.list();
    if (!listed.ok) return listed;
    const listing = parseListing(listed.text ?? '');
    const fault = faultOf(rules, listing.structure) ?? compareSets(sets, listing.sets)[0];
    if (fault !== undefined) return { ok: false, reason: `nft took the rules otherwise: ${fault}` };
    const { structure } = listing;
    save({
      ...{ atMs: Math.max(0, nowMs()), bootId: bootId(), version: nft.version },
      ...{ mark, structure, sets },
    } as Applied);
    return { ok: true };
  }

  async function inspect(): Promise<Inspection> {
    const listed = await nft.list();
    if (!listed.ok) return listed;
    const meant = { mark, rules, version: nft.version, sets, bootId: bootId() };
    return judgeTable(listed.text, kept.applied, meant);
  }

  return {
    whole: () => renderWhole(request, sets),
    sets: () => sets,
    learn(lease, names) {
      const before = JSON.stringify(sets);
      if (lease !== null) learned = learnLease(learned, lease);
      learned = learnNames(learned, names, Math.max(0, nowMs()));
      sets = desiredSets(settings, wanted, learned);
      return JSON.stringify(sets) !== before;
    },
    apply,
    async fill(names) {
      if (names.length === 0) return { ok: true };
      const done = await nft.load(renderSets(names, sets));
      if (done.ok && kept.applied !== null) save({ ...kept.applied, sets } as Applied);
      return done;
    },
    inspect,
    appliedMs: () => kept.applied?.atMs ?? null,
  };
}

function markOf(rules: string): string {
  const at = rules.indexOf(RULES_MARK) + RULES_MARK.length;
  return rules.slice(at, rules.indexOf('"', at));
}

function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

/** For people: how many addresses the board may reach in private networks. */
export function infraCount(sets: LockdownSets): number {
  return sets.infra4.length + sets.infra6.length;
}
