// Packets that came in and are no answer to one of ours, counted by reason.
import { ALIEN } from './layout';
import { add } from './series';

export const ALIEN_MALFORMED: u32 = 0;
export const ALIEN_CHECKSUM: u32 = 1;
export const ALIEN_FOREIGN: u32 = 2;
export const ALIEN_COOKIE: u32 = 3;
export const ALIEN_STALE: u32 = 4;
export const ALIEN_ADDRESS: u32 = 5;

export function alien(reason: u32): void {
  add(ALIEN + reason * 8, 1);
}
