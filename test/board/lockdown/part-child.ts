// Runs the lockdown's part in the namespace it was started in: a step for each line of its input,
// and what came of it as a line of its output.
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { openLockdownPart } from '../../../src/board/lockdown/part.ts';
import { LOCKDOWN_SETTINGS } from '../../../src/board/lockdown/settings.ts';
import { openVoice } from '../../../src/board/voice.ts';
import { openLog } from '../../../src/host/log.ts';

export interface ChildAnswer {
  state: { state: string; reason: string | null; drifts: number; infra: number };
  isNews: boolean;
  nextMs: number;
  said: string[];
}

async function main(state: string, device: string | undefined): Promise<void> {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const log = openLog({ stream, nowMs: Date.now, journal: false });
  const part = openLockdownPart({
    settings: v.parse(LOCKDOWN_SETTINGS, { infra: ['10.55.0.0/16'] }),
    wanted: {
      mesh:
        device === undefined
          ? null
          : { kind: 'tailscale', interface: device, port: null, ranges: ['fd57::/48'] },
      ...{ readers: ['fd57::1'], endpoints: [] },
    },
    context: {
      log,
      voice: openVoice({ log, monotonicMs: () => performance.now() }),
      env: process.env,
      signal: new AbortController().signal,
      board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
      nowMs: Date.now,
      isClockSynced: () => true,
      probeName: () => null,
      askControl: async () => ({ ok: false, reason: 'nobody', retryAfterMs: null }),
    },
    places: { state },
    verifyMs: 0,
  });
  process.stdout.write('ready\n');
  for await (const _ of createInterface({ input: process.stdin })) {
    const answer = await part.step();
    process.stdout.write(`${JSON.stringify({ ...answer, said: said.splice(0) })}\n`);
  }
  await part.close();
}

const [, file, state, device] = process.argv;
if (file?.endsWith('part-child.ts') === true && state !== undefined) await main(state, device);
