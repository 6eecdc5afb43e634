import { html } from 'hono/html';
import { type Text, timeTag } from '../../graph/text.ts';
import type { Glance } from './glance.ts';
import { familyName, type PageInput } from './input.ts';
import { lossPercentOf, pathFacts, type Reach, reachOf } from './path.ts';
import { lastChangeMs } from './path-changes.ts';
import { pathSentence } from './path-words.ts';

// Are the paths well? One sentence for the head of a page.

/** How many come to their target, in a sentence. */
export function glanceAtPaths(input: PageInput): Glance {
  const { paths } = input.snapshot;
  const count = (reach: string): number => paths.filter((path) => reachOf(path) === reach).length;
  const [total, waiting, untraced] = [paths.length, count('waiting'), count('untraced')];
  if (total === 0) {
    const headline = 'No path is traced: none is configured.';
    return { tone: 'info', title: 'no path', headline, subline: '' };
  }
  const reached = count('reached');
  if (waiting > 0 && waiting + untraced === total) {
    const what = total === 1 ? 'a path' : `${total} paths`;
    const subline = 'The first traces are under way; an answer may take some seconds.';
    return { tone: 'info', title: 'starting', headline: `Tracing ${what}.`, subline };
  }
  const rest = waiting > 0 ? `; ${waiting} more traced for the first time just now` : '';
  const all =
    total === 1 ? 'The one path reaches its target' : `All ${total} paths reach their targets`;
  const some = `${reached} of ${total} paths reach their targets`;
  const isWell = reached + waiting === total;
  const isLossy = paths.some((path) => (lossPercentOf(path) ?? 0) > 0);
  return {
    tone: isWell && !isLossy ? 'good' : 'warn',
    title: isWell ? 'paths' : `${reached} of ${total} paths`,
    headline: `${reached === total ? all : some}${rest}.`,
    subline: changesLine(input),
  };
}

/** Of a target that is traced and not pinged. */
export function glanceAtTraced(input: PageInput, target: string): Glance {
  const { paths, nowMs } = input.snapshot;
  const families = (reach: Reach): string =>
    paths
      .filter((path) => reachOf(path) === reach)
      .map(({ family }) => familyName(family))
      .join(' and ');
  const [reached, unreached, waiting] = (['reached', 'unreached', 'waiting'] as const).map(
    families,
  );
  const [only] = paths;
  const subline =
    paths.length === 1 && only !== undefined && reached !== ''
      ? pathSentence(pathFacts(only, input), nowMs)
      : '';
  if (reached !== '') {
    const isWhole = unreached === '';
    const but = isWhole ? '' : `, but not over ${unreached}`;
    const headline = `Traces reach ${target} over ${reached}${but}.`;
    return { tone: isWhole ? 'good' : 'warn', title: target, headline, subline };
  }
  if (unreached !== '') {
    const headline = `No trace reaches ${target} over ${unreached}.`;
    return { tone: 'warn', title: target, headline, subline };
  }
  const headline = `${target} is ${waiting === '' ? 'not traced' : 'being traced'}.`;
  return { tone: waiting === '' ? 'warn' : 'info', title: target, headline, subline };
}

function changesLine(input: PageInput): Text {
  const { paths, nowMs } = input.snapshot;
  const changed = paths.flatMap((path) => lastChangeMs(input, path) ?? []);
  if (changed.length === 0) return 'None changed in the last 24\u202fhours.';
  const atMs = Math.max(...changed);
  const last = html`the last at ${timeTag(atMs, nowMs)} UTC`;
  return html`${changed.length} of them changed in the last 24\u202fhours, ${last}.`;
}
