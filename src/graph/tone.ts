// How well something is, in four steps that have a colour and a shape each.

export type Tone = 'good' | 'warn' | 'bad' | 'info';

/** A dot in the tab of the browser, whose colour is the state; the title says it in words. */
export const STATE_ICONS: Record<Tone, string> = {
  good: icon('0b7a6b'),
  info: icon('7a7d84'),
  warn: icon('d09a00'),
  bad: icon('d6365a'),
};

function icon(colour: string): string {
  const circle = `<circle cx="8" cy="8" r="7" fill="#${colour}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
