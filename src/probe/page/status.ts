import { html } from 'hono/html';
import { QUALITIES, type Quality } from '../../core/round.ts';
import type { ProbeSnapshot } from '../../core/snapshot.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatSigned,
} from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { type Text, timeTag } from '../../graph/text.ts';
import type { DaemonSnapshot, PolicySnapshot } from '../snapshot.ts';
import { partsOf } from './board-words.ts';
import type { PageInput } from './input.ts';
import type { Tone } from './notice.ts';

// The row about the probe itself: may its figures be trusted, and does it keep them.

interface Item {
  tone: Tone;
  name: string;
  value: Text;
  /** What a value that is not the best one means. */
  meaning: string;
}

/** What the words mean, wherever they appear. */
export const QUALITY_MEANING: Record<Quality, string> = {
  hardware: 'both stamps by the network card: wire time',
  kernel: 'both stamps by the kernel: wire time',
  mixed: 'one stamp by the kernel, one by this program: a busy machine adds to the time',
  user: 'both stamps by this program: a busy machine adds to the time',
};

/** A few samples without both stamps are ordinary; more of them are worth a look. */
const WIRE_PERCENT_LEAST = 95;

/** Clock, stamps, store, configuration, and the engine where it dropped something. */
export function statusRow({ snapshot }: PageInput): Markup {
  const items = [
    clockItem(snapshot),
    stampItem(snapshot),
    storeItem(snapshot),
    configItem(snapshot),
    ...controlItems(snapshot),
    ...policyItems(snapshot),
    ...boardItems(snapshot),
    ...engineItems(snapshot),
  ];
  return html`<ul class="status" aria-label="The probe itself">${items.map(
    ({ tone, name, value, meaning }) =>
      html`<li><span class="dot ${tone}"></span><strong>${name}</strong> ${value}${
        meaning !== '' && html` <span class="meaning">${meaning}</span>`
      }</li>`,
  )}</ul>`;
}

/** Shares of the samples by the origin of their stamps, best first; empty before the first. */
export function qualityShares(counts: Record<Quality, number>): Array<[Quality, number]> {
  const order: Quality[] = ['hardware', 'kernel', 'mixed', 'user'];
  const total = order.reduce((sum, quality) => sum + counts[quality], 0);
  return order
    .filter((quality) => counts[quality] > 0)
    .map((quality) => [quality, (100 * counts[quality]) / total]);
}

function clockItem({ clock }: ProbeSnapshot): Item {
  const offset = clock.offsetNs === null ? '' : ` ${formatSigned(clock.offsetNs)}`;
  if (clock.state === 'synced')
    return { tone: 'good', name: 'clock', value: `synchronised${offset}`, meaning: '' };
  return { tone: 'warn', name: 'clock', value: 'not synchronised', meaning: '' };
}

function stampItem(snapshot: ProbeSnapshot): Item {
  const counts: Record<Quality, number> = { kernel: 0, mixed: 0, user: 0, hardware: 0 };
  for (const { counters, current } of snapshot.series) {
    if (!current) continue;
    for (const quality of QUALITIES) counts[quality] += counters.quality[quality];
  }
  const shares = qualityShares(counts);
  const worst = shares.at(-1)?.[0];
  if (worst === undefined)
    return { tone: 'info', name: 'stamps', value: 'no sample yet', meaning: '' };
  const isBest = worst === 'kernel' || worst === 'hardware';
  const wire = shares.filter(([quality]) => quality === 'kernel' || quality === 'hardware');
  const percent = wire.reduce((sum, [, share]) => sum + share, 0);
  return {
    tone: percent >= WIRE_PERCENT_LEAST ? 'good' : 'warn',
    name: 'stamps',
    value: shares.map(([quality, percent]) => `${formatPercent(percent)} ${quality}`).join(', '),
    meaning: isBest ? '' : `${worst}: ${QUALITY_MEANING[worst]}`,
  };
}

function storeItem({ store, nowMs }: ProbeSnapshot): Item {
  const tone = store.errors > 0 ? 'bad' : 'good';
  const failed =
    store.errors > 0
      ? `, ${formatCount(store.errors)} ${store.errors === 1 ? 'write' : 'writes'} failed`
      : '';
  if (store.oldestMs === null) return { tone, name: 'store', value: `empty${failed}`, meaning: '' };
  const age = formatDuration(nowMs - store.oldestMs);
  return {
    tone,
    name: 'store',
    value: `goes back ${age}, ${formatBytes(store.bytes)}${failed}`,
    meaning: '',
  };
}

function configItem({ config, nowMs }: ProbeSnapshot): Item {
  const name = `config ${config.etag.replaceAll('"', '').slice(0, 8)}`;
  const applied = `applied ${formatDuration(nowMs - config.appliedMs)} ago`;
  if (config.error !== null)
    return { tone: 'warn', name, value: `${applied}; a newer one was refused`, meaning: '' };
  if (!config.readable) {
    const file = config.file ?? 'its file';
    const meaning = `${file} cannot be read again since root was given up: restart to change it`;
    return { tone: 'warn', name, value: applied, meaning };
  }
  return { tone: 'good', name, value: applied, meaning: '' };
}

/** Only where there is a control: most of those who look have none. */
function controlItems({ control, nowMs }: DaemonSnapshot): Item[] {
  if (control == null || (control.etag === null && control.error === null)) return [];
  const { etag, appliedMs, error, unsupported } = control;
  const name = etag === null ? 'control' : `control ${etag.replaceAll('"', '').slice(0, 8)}`;
  const applied =
    appliedMs === null ? 'nothing in force' : `applied ${formatDuration(nowMs - appliedMs)} ago`;
  if (error !== null)
    return [{ tone: 'warn', name, value: `${applied}; a newer one was refused`, meaning: error }];
  const count = unsupported.length;
  if (count === 0) return [{ tone: 'good', name, value: applied, meaning: '' }];
  const value = `${applied}; ${count} ${count === 1 ? 'key' : 'keys'} not supported`;
  return [{ tone: 'warn', name, value, meaning: unsupported.slice(0, 3).join(', ') }];
}

/** What the policy changed, and its limits while it rules anything. */
function policyItems({ policy }: DaemonSnapshot): Item[] {
  if (policy === undefined || policy.ruled.length === 0) return [];
  const { capped, heldBack } = policy;
  const held = heldBack.smokeping + heldBack.path;
  const told = [limitsOf(policy)];
  if (capped.length > 0)
    told.push(`${formatCount(capped.length)} ${capped.length === 1 ? 'limit' : 'limits'} reached`);
  if (held > 0) told.push(`${formatCount(held)} packets held back`);
  const tone = capped.length + held > 0 ? 'warn' : 'good';
  const meaning = capped.slice(0, 3).join('; ');
  return [{ tone, name: 'policy', value: told.join(', '), meaning }];
}

/** Only where there is an agent, and only the parts that the board has. */
function boardItems({ board, nowMs }: DaemonSnapshot): Item[] {
  if (board == null) return [];
  if (board.state === null) {
    return [{ tone: 'bad', name: 'board', value: 'not known', meaning: board.reason ?? '' }];
  }
  return partsOf(board, nowMs).map(({ part, tone, short, why }) => {
    return { tone, name: part, value: short, meaning: why };
  });
}

function limitsOf({ packetsPerSecond, packetsPerSecondPerDestination: one }: PolicySnapshot) {
  return `${formatCount(packetsPerSecond)} packets/s, ${formatCount(one)} to one destination`;
}

function engineItems({ engine, nowMs, startedMs }: ProbeSnapshot): Item[] {
  const drops = Object.values(engine.drops).reduce((sum, count) => sum + count, 0);
  const told: string[] = [];
  if (drops > 0) told.push(`${formatCount(drops)} dropped by full tables`);
  if (engine.overflows > 0)
    told.push(`${formatCount(engine.overflows)} packets lost in a full socket`);
  if (engine.clockSteps > 0)
    told.push(
      `${formatCount(engine.clockSteps)} clock ${engine.clockSteps === 1 ? 'step' : 'steps'}`,
    );
  if (told.length === 0) return [];
  const value = html`${told.join(', ')} since the start ${timeTag(startedMs, nowMs)} UTC`;
  const tone = drops + engine.overflows > 0 ? 'warn' : 'info';
  return [{ tone, name: 'engine', value, meaning: '' }];
}
