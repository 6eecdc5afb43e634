// What a set would cost, in words, before it is saved.
import type { Cost, SetPreview } from '../../core/fleet-sets.ts';
import { formatBytes, formatCount } from '../../graph/format.ts';
import { printable } from '../../graph/terminal.ts';
import { counted } from './text.ts';

/** Lines for a terminal, warnings last, where they are read. */
export function previewLines(preview: SetPreview): string[] {
  const { probes, example, most, fleet, destinations, warnings } = preview;
  const lines = [`${counted(probes, 'probe')} would run it`];
  if (example !== null) {
    lines.push(`${example.probe} now:   ${costText(example.before)}`);
    lines.push(`${example.probe} then:  ${costText(example.after)}`);
  }
  if (probes > 0) {
    lines.push(`dearest probe: ${costText(most)}`, `whole fleet:   ${costText(fleet)}`);
  }
  for (const { host, packetsPerSecond } of destinations) {
    lines.push(`  ${host} gets ${rateText(packetsPerSecond)} from all probes together`);
  }
  lines.push(...warnings.map((warning) => `warning: ${warning}`));
  return lines.map(printable);
}

/** `4.2 packets/s, 362 880 packets and 29.1 MiB a day` */
export function costText({ packetsPerSecond, packetsPerDay, bytesPerDay }: Cost): string {
  const day = `${formatCount(packetsPerDay)} packets and ${formatBytes(bytesPerDay)} a day`;
  return `${rateText(packetsPerSecond)}, ${day}`;
}

function rateText(packetsPerSecond: number): string {
  const digits = packetsPerSecond < 10 ? 2 : packetsPerSecond < 100 ? 1 : 0;
  return `${Number(packetsPerSecond.toFixed(digits))} packets/s`;
}
