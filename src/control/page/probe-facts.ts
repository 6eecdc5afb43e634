// What is known of a probe beside its graphs: what it is, what it should run and runs, and what
// happened.
import { html } from 'hono/html';
import type { ProbeDetail } from '../../core/fleet.ts';
import type { FleetEvent } from '../../core/fleet-journal.ts';
import type { ProbeEvent } from '../../core/round.ts';
import {
  familyName,
  formatCount,
  formatDuration,
  formatInstant,
  formatRtt,
  formatSigned,
  isoTime,
} from '../../graph/format.ts';
import { eventName } from '../../graph/mark.ts';
import type { Markup } from '../../graph/smoke.ts';
import { sentence, type Text } from '../../graph/text.ts';
import type { Notice } from './overview-words.ts';
import { ago } from './probe-words.ts';
import type { Frame } from './shell.ts';
import { card, factList, table } from './table.ts';

export const EVENTS_SHOWN = 50;

/** What hurts, of this probe alone. */
export function probeNotices({ config, clock, state }: ProbeDetail): Notice[] {
  const notices: Notice[] = [];
  if (config.error !== null) {
    const title = 'It refused the newest configuration.';
    notices.push({
      tone: 'warn',
      title,
      detail: `The one before goes on. ${sentence(config.error)}`,
    });
  }
  if (config.unsupported.length > 0) {
    const title = 'Not all of its configuration is in force.';
    const detail = html`Left out: <span class="code">${config.unsupported.join(', ')}</span>. A
newer version may know what has no reason beside it.`;
    notices.push({ tone: 'info', title, detail });
  }
  for (const text of config.capped.slice(0, 5)) {
    notices.push({ tone: 'info', title: 'Held back by its own policy.', detail: sentence(text) });
  }
  if (config.capped.length > 5) {
    const detail = `And ${config.capped.length - 5} more like it.`;
    notices.push({ tone: 'info', title: 'Held back by its own policy.', detail });
  }
  if (clock?.state === 'unsynced' && state === 'bound') {
    const detail = 'Times of its events may be wrong; round-trip times are not affected.';
    notices.push({ tone: 'warn', title: 'Its clock is not synchronised.', detail });
  }
  return notices;
}

export function probeFacts(frame: Frame, probe: ProbeDetail): Markup {
  const { nowMs } = frame;
  const facts: Array<readonly [string, Text | null]> = [
    ['MAC address', html`<span class="code">${probe.mac}</span>`],
    ['address', probe.address],
    ['hardware', probe.model === null ? probe.hardware : `${probe.model} (${probe.hardware})`],
    ['version', probe.version],
    [
      'heard',
      probe.seenMs === null
        ? 'never'
        : html`${ago(probe.seenMs, nowMs)} from ${probe.seenFrom ?? '?'}`,
    ],
    ['clock', clockText(probe)],
    ['location', probe.location],
    ['contact', probe.contact],
    ['groups', probe.groups.join(', ')],
    ['tags', probe.tags.join(', ')],
    ['note', probe.note],
    ['registered', ago(probe.createdMs, nowMs)],
    ['bound', probe.boundMs === null ? null : ago(probe.boundMs, nowMs)],
    [
      'key',
      probe.fingerprint === null
        ? null
        : html`<span class="fingerprint">${probe.fingerprint}</span>`,
    ],
    [
      'SSH host key',
      probe.sshHostKey === null ? null : html`<span class="code">${probe.sshHostKey}</span>`,
    ],
  ];
  return card('What it is', factList(facts.filter(isKnown)));
}

export function configFacts({ config, sets, agent }: ProbeDetail): Markup {
  const short = (etag: string | null): string => (etag ?? 'none').replaceAll('"', '').slice(0, 8);
  const isUpToDate = config.etag === config.wantedEtag;
  const names = sets.map(
    (set, index) => html`${index > 0 && ', '}<a href="/sets/${set}">${set}</a>`,
  );
  return card(
    'What it runs',
    factList([
      [
        'sets',
        sets.length === 0
          ? 'none: it measures only what is configured on the machine itself'
          : html`${names}`,
      ],
      ['should run', html`<span class="code">${short(config.wantedEtag)}</span>`],
      [
        'runs',
        html`<span class="code">${short(config.etag)}</span>${
          isUpToDate
            ? ', as it should'
            : config.error !== null
              ? ', it refused the newer one'
              : agent?.isBehind === true
                ? ', an older one: it does not take the newer one'
                : ', it fetches the newer one with its next report'
        }`,
      ],
    ]),
  );
}

/** Newest first. */
export function eventCard(probe: ProbeDetail, nowMs: number): Markup {
  const newest = [...probe.events].sort((a, b) => b.fromMs - a.fromMs);
  const shown = newest.slice(0, EVENTS_SHOWN);
  const more = newest.length - shown.length;
  if (shown.length === 0) {
    return card('Events', html`<p class="note">None was reported yet.</p>`);
  }
  const heads = ['from', 'what', 'target', 'lasted', 'more'].map((text) => ({ text }));
  const rows = shown.map((event) => eventRow(event, nowMs));
  return card(
    'Events',
    html`${table('Events', heads, rows)}${
      more > 0 && html`<p class="note">And ${formatCount(more)} older ones.</p>`
    }`,
  );
}

function eventRow(event: FleetEvent, nowMs: number): Markup {
  const { fromMs, target, family, untilMs } = event;
  const isOutage = event.kind === 'outage';
  const lasted = isOutage ? formatDuration((untilMs ?? nowMs) - fromMs) : '';
  const goesOn = isOutage && untilMs === null ? ', goes on' : '';
  const where =
    target === null ? '' : `${target}${family === null ? '' : ` (${familyName(family)})`}`;
  return html`<tr><td class="when"><time datetime="${isoTime(fromMs)}">${formatInstant(
    fromMs,
    nowMs,
  )}</time></td><td>${kindWords(event)}</td><td>${where}</td><td>${lasted}${goesOn}</td><td
class="whole">${eventDetail(event)}</td></tr>`;
}

function kindWords(event: FleetEvent): string {
  if (event.kind === 'foreign-key') return 'another key asked';
  return eventName(event as ProbeEvent) ?? event.kind;
}

function eventDetail({ kind, detail, scope }: FleetEvent): string {
  const { beforeNs, afterNs, stepNs, lost, ttl } = detail;
  if (kind === 'shift' && typeof beforeNs === 'number' && typeof afterNs === 'number') {
    return `median ${formatRtt(beforeNs)} → ${formatRtt(afterNs)}`;
  }
  if (kind === 'clock-step' && typeof stepNs === 'number') return formatSigned(stepNs);
  if (kind === 'outage') {
    const told = typeof lost === 'number' ? [`${formatCount(lost)} echoes lost`] : [];
    return [...told, ...(scope === 'uplink' ? ['the whole line was down'] : [])].join(', ');
  }
  if (kind === 'path' && typeof ttl === 'number') return pathDetail(ttl, detail);
  if (kind === 'start') return '';
  return Object.entries(detail)
    .slice(0, 8)
    .map(([name, value]) => `${name}: ${value ?? 'none'}`)
    .join(', ');
}

function pathDetail(ttl: number, { before, after }: ProbeEvent['detail']): string {
  const at = (text: unknown): string => {
    const hop = typeof text === 'string' ? text.split(' ')[ttl - 1] : undefined;
    return hop === '*' ? 'silent' : (hop ?? 'none');
  };
  return `hop ${ttl}: ${at(before)} → ${at(after)}`;
}

function clockText({ clock }: ProbeDetail): string | null {
  if (clock === null) return null;
  const offset = clock.offsetNs === null ? '' : ` ${formatSigned(clock.offsetNs)}`;
  return clock.state === 'synced' ? `synchronised${offset}` : 'not synchronised';
}

function isKnown(fact: readonly [string, Text | null]): fact is readonly [string, Text] {
  return fact[1] !== null && fact[1] !== '';
}
