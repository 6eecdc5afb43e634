// What a set would do if it were saved: to one probe, to all of them, to the destinations.
import { html } from 'hono/html';
import type { Cost, SetPreview } from '../../core/fleet-sets.ts';
import { formatBytes, formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { noticeList } from './overview.ts';
import { probeLink } from './probe-words.ts';
import { table } from './table.ts';

export function previewCard(preview: SetPreview | null): Markup | null {
  if (preview === null) return null;
  const { probes, example, most, fleet, destinations, warnings } = preview;
  const notices = warnings.map((text) => ({ tone: 'warn' as const, title: text, detail: '' }));
  const heads = [{ text: 'destination' }, { text: 'packets per second, all probes', class: 'num' }];
  const rows = destinations.map(
    ({ host, packetsPerSecond }) =>
      html`<tr><td class="code">${host}</td><td class="num">${rate(packetsPerSecond)}</td></tr>`,
  );
  return html`${noticeList(notices, 'Warnings')}<section class="card block"
aria-label="Preview"><h2>If you save this</h2>
<p>${
    probes === 0
      ? 'No probe runs it: assign it below.'
      : html`${formatCount(probes)} ${probes === 1 ? 'probe runs' : 'probes run'} it. The dearest
sends and receives ${costWords(most)}; all together ${costWords(fleet)}.`
  }</p>${
    example !== null &&
    html`<p>For example ${probeLink(example.probe)}: now ${costWords(example.before)},
then ${costWords(
      example.after,
    )}.</p><details class="fold"><summary>What ${example.probe} will run</summary><pre
tabindex="0">${JSON.stringify(example.document, null, 2)}</pre></details>`
  }${rows.length > 0 && table('Destinations', heads, rows)}</section>`;
}

/** `2 packets a second, 31.4 MiB a day`. */
export function costWords({ packetsPerSecond, bytesPerDay }: Cost): string {
  return `${rate(packetsPerSecond)} packets a second, ${formatBytes(
    Math.round(bytesPerDay),
  )} a day`;
}

function rate(packetsPerSecond: number): string {
  return packetsPerSecond >= 100
    ? formatCount(packetsPerSecond)
    : String(Number(packetsPerSecond.toPrecision(2)));
}
