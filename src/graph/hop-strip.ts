import { html } from 'hono/html';
import { LOSS_CLASSES, type LossClass } from './smoke-path.ts';
import type { Markup } from './smoke-plot.ts';

// A path as a string of beads, the nearest hop to the left. What a colour says a shape says too: a
// router that is silent is hollow, one behind which packets are missing is square, one that is new
// has a ring, the target is larger, and a way that does not end there ends in a cross.

export interface StripHop {
  isSilent: boolean;
  /** Of what is lost on the way to here, not of this router's own answers. */
  loss: LossClass;
  isNew: boolean;
  /** Shown under the pointer. */
  title: string;
}

/** More than any path of today; a longer one is cut. */
export const STRIP_HOPS_MAX = 64;
const HEIGHT_PX = 16;
const WIDTH_PX = 240;
const STEP_PX_MOST = 15;
const STEP_PX_LEAST = 4.25;

/** Hidden from screen readers: a sentence stands beside it. */
export function hopStrip(strip: {
  hops: readonly StripHop[];
  isReached: boolean;
  hasTooltips: boolean;
}): Markup {
  const hops = strip.hops.slice(0, STRIP_HOPS_MAX);
  const places = hops.length + (strip.isReached ? 0 : 1);
  const step = Math.max(STEP_PX_LEAST, Math.min(STEP_PX_MOST, WIDTH_PX / Math.max(1, places)));
  const width = Math.ceil(places * step + 4);
  const at = (index: number): number => Number((2 + (index + 0.5) * step).toFixed(1));
  const beads = (holds: (hop: StripHop, index: number) => boolean): string =>
    hops.flatMap((hop, index) => (holds(hop, index) ? `M${at(index)} 8h0` : [])).join('');
  const target = strip.isReached ? hops.length - 1 : -1;
  const isPlain = (hop: StripHop): boolean => !hop.isSilent && hop.loss === 'none';
  return html`<svg class="strip${step < 8 && ' fine'}" aria-hidden="true" width="${
    width
  }" height="${HEIGHT_PX}">${[
    shape('wire', hops.length > 1 ? `M${at(0)} 8H${at(hops.length - 1)}` : ''),
    shape(
      'ring',
      beads(({ isNew }) => isNew),
    ),
    shape('bead', beads(isPlain)),
    shape(
      'hollow',
      beads(({ isSilent }) => isSilent),
    ),
    shape(
      'hole',
      beads(({ isSilent }) => isSilent),
    ),
    LOSS_CLASSES.filter((name) => name !== 'none').map((name) =>
      shape(
        `lossy ${name}`,
        beads(({ isSilent, loss }) => !isSilent && loss === name),
      ),
    ),
    shape(
      'end',
      beads((hop, index) => index === target && isPlain(hop)),
    ),
    strip.isReached ? null : cross(at(hops.length), at(Math.max(0, hops.length - 1))),
    strip.hasTooltips ? hops.map(({ title }, index) => tip(title, at(index) - step / 2, step)) : [],
  ]}</svg>`;
}

function shape(name: string, path: string): Markup | null {
  return path === '' ? null : html`<path class="${name}" d="${path}"/>`;
}

function cross(x: number, from: number): Markup {
  return html`<path class="broken" d="M${from} 8H${x}"/><path class="cross" d="M${
    x - 3
  } 5l6 6m0-6l-6 6"/>`;
}

function tip(title: string, x: number, width: number): Markup {
  return html`<rect class="tip" x="${x.toFixed(1)}" width="${width.toFixed(1)}" height="${
    HEIGHT_PX
  }"><title>${title}</title></rect>`;
}
