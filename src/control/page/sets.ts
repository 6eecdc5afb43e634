// `/sets`: all sets of measurements, and who runs them.
import { html } from 'hono/html';
import { isRecord } from '../../core/config-value.ts';
import type { MeasurementSet } from '../../core/fleet-sets.ts';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { ago } from './probe-words.ts';
import { canOperate, type Frame, type Page } from './shell.ts';
import { card, table } from './table.ts';

export function setsPage(frame: Frame, sets: readonly MeasurementSet[]): Page {
  const add = canOperate(frame) && html`<a class="button" href="/sets/new">Make a set</a>`;
  return {
    place: 'sets',
    title: 'Measurements',
    tone: 'info',
    heading: 'Measurements',
    lead:
      'A set says what is measured and which probes do it. A probe that several sets are ' +
      'assigned to runs them all together.',
    reloadSeconds: null,
    main: html`<p class="actions lead">${add}</p>${
      sets.length === 0
        ? html`<p class="lead">There is no set yet: probes measure only what is configured on their
own machines.</p>`
        : card('Sets', setTable(sets, frame.nowMs))
    }`,
  };
}

function setTable(sets: readonly MeasurementSet[], nowMs: number): Markup {
  const heads = ['set', 'what', 'who runs it', 'probes', 'changed'].map((text) => ({ text }));
  return table(
    'Sets',
    heads,
    sets.map(
      (set) =>
        html`<tr><td><a class="name" href="/sets/${set.id}">${set.id}</a><br><span class="quiet">${
          set.title
        }</span></td><td class="whole">${whatWords(set)}</td><td>${whoWords(
          set,
        )}</td><td>${formatCount(
          set.probes,
        )}<span class="hidden"> probes</span></td><td class="when">${ago(
          set.changedMs,
          nowMs,
        )}</td></tr>`,
    ),
  );
}

function whatWords({ measurements }: MeasurementSet): string {
  const kinds = Object.entries(measurements).flatMap(([kind, part]) => {
    if (!isRecord(part) || part['enable'] === false) return [];
    const count = Array.isArray(part['targets']) ? part['targets'].length : 0;
    return [`${KIND_WORDS[kind] ?? kind} to ${count} ${count === 1 ? 'target' : 'targets'}`];
  });
  return kinds.length === 0 ? 'nothing' : kinds.join(', ');
}

const KIND_WORDS: Readonly<Record<string, string>> = { smokeping: 'echoes', path: 'paths' };

function whoWords({ assignments }: MeasurementSet): string {
  if (assignments.length === 0) return 'nobody';
  if (assignments.some(({ scope }) => scope === 'all')) return 'all probes';
  const groups = assignments.filter(({ scope }) => scope === 'group').map(({ value }) => value);
  const probes = assignments.length - groups.length;
  const told = groups.length > 0 ? [`group ${groups.join(', ')}`] : [];
  return [...told, ...(probes > 0 ? [`${probes} by name`] : [])].join(' and ');
}
