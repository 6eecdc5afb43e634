// `/maintenance`: spans of time in which silence and outages are expected and nobody is alarmed.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { MAINTENANCE } from '../../core/fleet-maintenance.ts';
import { formatDuration } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { type Text, timeRange } from '../../graph/text.ts';
import { buttonForm, errorList, type FormState, field, form, submit } from './form.ts';
import { probeLink } from './probe-words.ts';
import { canOperate, type Frame, type Page } from './shell.ts';
import { card, table } from './table.ts';

export type Window = InferOutput<typeof MAINTENANCE>;

export function maintenancePage(
  frame: Frame,
  input: { windows: readonly Window[]; state: FormState; groups: readonly string[] },
): Page {
  const { windows, state } = input;
  return {
    place: 'maintenance',
    title: 'Maintenance',
    tone: 'info',
    heading: 'Maintenance',
    lead:
      'While a window is open its probes count neither as silent nor as in trouble. They go ' +
      'on measuring.',
    reloadSeconds: null,
    main: html`${card(
      'Windows',
      windows.length === 0
        ? html`<p class="note">There is none, now or later.</p>`
        : windowTable(frame, windows),
    )}${canOperate(frame) && card('Set a window', windowForm(frame, state, input.groups), 'set')}`,
  };
}

/** `2026-11-22T14:30` in UTC, as the field of a form has it. */
export function fieldTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16);
}

/** Unix milliseconds of such a text; null when it is no time. */
export function parseFieldTime(text: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2})?$/.exec(text.trim());
  const timeMs = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}:00Z`);
  return Number.isNaN(timeMs) || timeMs < 0 ? null : timeMs;
}

function windowForm(frame: Frame, state: FormState, groups: readonly string[]): Markup {
  const scopes = [
    { value: 'all', text: 'all probes' },
    { value: 'group', text: 'a group' },
    { value: 'probe', text: 'one probe' },
  ];
  const known = groups.length === 0 ? '' : ` Groups: ${groups.slice(0, 30).join(', ')}.`;
  return html`${errorList(state)}${form('/maintenance', frame.csrf, [
    html`<div class="row">${[
      field(state, { name: 'scope', label: 'For', options: scopes }),
      field(state, {
        name: 'value',
        label: 'Which',
        hint: `Name of the group or probe; empty for all.${known}`,
        isCode: true,
      }),
    ]}</div>`,
    html`<div class="row">${[
      field(state, { name: 'from', label: 'From (UTC)', type: 'datetime-local', isRequired: true }),
      field(state, {
        name: 'until',
        label: 'Until (UTC)',
        type: 'datetime-local',
        isRequired: true,
      }),
    ]}</div>`,
    field(state, { name: 'reason', label: 'Reason', maxLength: 200 }),
    submit('Set the window'),
  ])}`;
}

function windowTable(frame: Frame, windows: readonly Window[]): Markup {
  const { nowMs } = frame;
  const heads = ['when', 'for', 'why', 'state', ''].map((text) => ({ text }));
  const rows = windows.map((window) => {
    const { id, fromMs, untilMs, reason, createdBy } = window;
    const isOver = untilMs <= nowMs;
    return html`<tr><td class="when">${timeRange(window, nowMs)}</td><td>${scopeWords(
      window,
    )}</td><td class="whole">${reason} <span class="quiet">by ${
      createdBy
    }</span></td><td>${stateWords({ fromMs, untilMs }, nowMs)}</td><td class="do">${
      canOperate(frame) &&
      !isOver &&
      buttonForm(`/maintenance/${id}/end`, frame.csrf, {
        text: fromMs > nowMs ? 'Cancel it' : 'End now',
        about: reason,
      })
    }</td></tr>`;
  });
  return table('Maintenance windows', heads, rows);
}

function scopeWords({ scope, value }: Window): Text {
  if (scope === 'all') return 'all probes';
  return scope === 'probe' ? probeLink(value) : `group ${value}`;
}

function stateWords(
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
  nowMs: number,
): string {
  if (untilMs <= nowMs) return 'over';
  if (fromMs > nowMs) return `in ${formatDuration(fromMs - nowMs)}`;
  return `open, ${formatDuration(untilMs - nowMs)} left`;
}
