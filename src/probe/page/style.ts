import {
  cardStyle,
  detailStyle,
  frameStyle,
  styleSheetOf,
  themeStyle,
} from '../../graph/page-style.ts';
import { graphStyle } from '../../graph/style.ts';
import { pathStyle } from './style-path.ts';

// The one style sheet of the probe's pages, served from memory.

const body = `${themeStyle}${frameStyle}${cardStyle}${detailStyle}${graphStyle}${pathStyle}`;

/** Served as `text/css`; the path changes with the body. */
export const styleSheet: { path: string; body: string } = styleSheetOf(body);
