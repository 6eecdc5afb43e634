import * as v from 'valibot';
import { CLAIM_TOKEN, UNKNOWN_BOARD } from './fleet-boards.ts';
import { MAINTENANCE } from './fleet-maintenance.ts';
import { SET_ANSWER } from './fleet-sets.ts';
import { HARDWARE_PROFILE } from './hardware.ts';

// Lists of the API: objects, so that something may be said beside the list one day.

export const BOARDS_ANSWER = v.object({ boards: v.array(UNKNOWN_BOARD) });
export const SETS_ANSWER = v.object({ sets: v.array(SET_ANSWER) });
export const CLAIM_TOKENS_ANSWER = v.object({ claimTokens: v.array(CLAIM_TOKEN) });
export const MAINTENANCE_ANSWER = v.object({ maintenance: v.array(MAINTENANCE) });
export const HARDWARE_ANSWER = v.object({ hardware: v.array(v.object(HARDWARE_PROFILE.entries)) });
