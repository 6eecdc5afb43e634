// `/probes`: the whole fleet as a list, worst first, that can be searched, filtered and sorted.
import { html } from 'hono/html';
import {
  PROBE_HEALTHS,
  type ProbeHealth,
  type ProbeRow,
  type ProbesQuery,
} from '../../core/fleet.ts';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { field, formState } from './form.ts';
import { ago, HEALTH_WORDS, healthMark, probeHref } from './probe-words.ts';
import { canOperate, type Frame, type Page, RELOAD_SECONDS } from './shell.ts';
import { firstSteps } from './steps.ts';
import { pager, table } from './table.ts';

export interface ProbesInput {
  query: ProbesQuery;
  probes: readonly ProbeRow[];
  total: number;
  /** Of the whole fleet, for "none matches" against "there is none". */
  counts: Readonly<Record<ProbeHealth, number>>;
  groups: readonly string[];
  origin: string;
}

export function probesPage(frame: Frame, input: ProbesInput): Page {
  const { query, probes, total } = input;
  const whole = Object.values(input.counts).reduce((sum, count) => sum + count, 0);
  const isNarrowed = total !== whole;
  const heading = isNarrowed
    ? `${formatCount(total)} of ${formatCount(whole)} probes`
    : `${formatCount(whole)} ${whole === 1 ? 'probe' : 'probes'}`;
  return {
    place: 'probes',
    title: 'Probes',
    tone: 'info',
    heading: whole === 0 ? 'No probe yet' : heading,
    reloadSeconds: probes.length === 0 ? null : RELOAD_SECONDS,
    main:
      whole === 0
        ? firstSteps(frame, input.origin)
        : html`${canOperate(frame) && addLink()}${!frame.isStatic && filters(input)}${
            probes.length === 0 ? noMatch(query) : list(frame, input)
          }`,
  };
}

function addLink(): Markup {
  return html`<p class="actions lead"><a class="button" href="/probes/new">Add a probe</a></p>`;
}

function filters({ query, counts, groups }: ProbesInput): Markup {
  const state = formState({
    search: query.search,
    health: query.health ?? '',
    group: query.group ?? '',
  });
  const healths = PROBE_HEALTHS.filter((health) => counts[health] > 0 || health === query.health);
  return html`<form class="search" method="get" action="/probes" role="search"><div class="field
wide">${field(state, {
    name: 'search',
    label: 'Name, MAC, address, place, group or tag',
    type: 'search',
    isCode: true,
    maxLength: 200,
  })}</div>${field(state, {
    name: 'health',
    label: 'State',
    options: [
      { value: '', text: 'any' },
      ...healths.map((health) => ({
        value: health,
        text: `${HEALTH_WORDS[health]} (${formatCount(counts[health])})`,
      })),
    ],
  })}${
    (groups.length > 0 || query.group !== undefined) &&
    field(state, {
      name: 'group',
      label: 'Group',
      options: [
        { value: '', text: 'any' },
        ...[...new Set([...groups, ...(query.group === undefined ? [] : [query.group])])].map(
          (group) => ({ value: group, text: group }),
        ),
      ],
    })
  }<button>Show</button></form>`;
}

function noMatch(query: ProbesQuery): Markup {
  const words = query.search === '' ? '' : ` “${query.search}”`;
  return html`<p class="lead">No probe matches${words}. <a href="/probes">Show all</a>.</p>`;
}

function list(frame: Frame, { query, probes, total }: ProbesInput): Markup {
  const { sort, order, limit, offset } = query;
  const sorting = frame.isStatic
    ? undefined
    : { href: frame.href, sort, isDescending: order === 'desc' };
  const heads = [
    { text: 'probe', sort: 'name' },
    { text: 'state', sort: 'worst' },
    { text: 'why' },
    { text: 'place', sort: 'location' },
    { text: 'groups' },
    { text: 'version', sort: 'version' },
    { text: 'heard', sort: 'seen' },
  ];
  const rows = probes.map((row) => probeRow(row, frame.nowMs));
  const pages = pager({ href: frame.href, total, offset, limit, what: 'probes' });
  return html`<div class="card block">${table('Probes', heads, rows, sorting)}</div>${pages}`;
}

function probeRow(row: ProbeRow, nowMs: number): Markup {
  const { name, mac, address, groups, location, version, health, reason, seenMs } = row;
  return html`<tr><td><a class="name" href="${probeHref(name)}">${
    name
  }</a><br><span class="quiet">${address ?? mac}</span></td><td>${healthMark(
    health,
  )}</td><td class="whole">${reason}</td><td>${location}</td><td>${groups.join(', ')}</td><td>${
    version ?? ''
  }</td><td class="when">${seenMs === null ? '' : ago(seenMs, nowMs)}</td></tr>`;
}
