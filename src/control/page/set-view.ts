// A set as those read it who may not change it: a line for each target, as the form would have it.
import { html } from 'hono/html';
import type { MeasurementSet } from '../../core/fleet-sets.ts';
import type { Markup } from '../../graph/smoke.ts';
import { printTargets } from './set-targets.ts';

const KINDS: Readonly<Record<string, string>> = {
  smokeping: 'Latency and loss',
  path: 'Paths',
};

export function setView({ assignments, note, measurements }: MeasurementSet): Markup {
  const who = assignments.map(({ scope, value }) => (scope === 'all' ? 'all probes' : value));
  const kinds = Object.entries(measurements).map(([kind, value]) => kindView(kind, value));
  return html`<p class="lead">Assigned to: ${who.length === 0 ? 'nobody' : who.join(', ')}. ${
    note
  }</p>${kinds.length === 0 ? html`<p class="lead">It measures nothing yet.</p>` : kinds}`;
}

function kindView(kind: string, value: unknown): Markup {
  const { targets, ...settings } = isObject(value) ? value : { targets: undefined };
  const { text, isWhole } = printTargets(Array.isArray(targets) ? targets : []);
  const title = html`<h2>${KINDS[kind] ?? kind}</h2>`;
  // What a line cannot say, and kinds of a later version, are shown as they are.
  if (!isWhole || !Object.hasOwn(KINDS, kind)) {
    return html`${title}<pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const list = html`<ul class="lines">${lines.map(
    (line) => html`<li><code>${line}</code></li>`,
  )}</ul>`;
  return html`${title}${settingsLine(settings)}${
    lines.length === 0 ? html`<p class="lead">No target.</p>` : list
  }`;
}

function settingsLine(settings: Record<string, unknown>): Markup | null {
  const words = Object.entries(settings).map(([name, value]) => `${name} ${String(value)}`);
  return words.length === 0 ? null : html`<p class="lead">${words.join(', ')}</p>`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
