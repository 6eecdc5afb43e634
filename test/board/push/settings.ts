// Settings of a push with everything filled in, for tests.
import * as v from 'valibot';
import { PUSH_SETTINGS, type PushSettings } from '../../../src/board/push/settings.ts';

export function pushSettings(said: object = {}): PushSettings {
  return v.parse(PUSH_SETTINGS, { url: 'http://[fd00::1]/remote_write', ...said });
}
