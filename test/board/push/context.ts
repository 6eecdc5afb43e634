// What the agent gives its parts, for tests.
import type { ControlWord, PartContext } from '../../../src/board/part.ts';
import { openVoice } from '../../../src/board/voice.ts';
import type { Log } from '../../../src/host/log.ts';

export function makeContext(log: Log, said: Partial<PartContext> = {}): PartContext {
  return {
    log,
    voice: openVoice({ log, monotonicMs: () => performance.now() }),
    env: { PATH: process.env['PATH'] },
    signal: new AbortController().signal,
    board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
    nowMs: Date.now,
    isClockSynced: () => true,
    probeName: () => 'probe01',
    askControl: async (): Promise<ControlWord> => ({ ok: true, value: null }),
    ...said,
  };
}
