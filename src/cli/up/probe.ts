// The probe of `flint up`: the daemon, told what to measure by the control beside it.
import { explain } from '../explain.ts';
import { serve } from '../serve.ts';
import { sayReady } from './children.ts';
import { WISH_VARIABLE } from './part.ts';

/** What the supervisor hands over. */
export interface UpProbeWish {
  port: number;
  stateDirectory: string;
  runDirectory: string;
  policyFile: string;
}

/** What is told when it listens. */
export interface UpProbeReady {
  address: string;
  port: number;
  stamps: 'kernel' | 'kernel-us' | 'user';
  /** Who it is since root was given up. */
  user: string | null;
}

try {
  const wish = JSON.parse(process.env[WISH_VARIABLE] ?? '{}') as UpProbeWish;
  const { stateDirectory, runDirectory, policyFile } = wish;
  const document = { schema: 1, listen: { address: '127.0.0.1', port: wish.port } };
  process.exitCode = await serve({
    config: { document, runDirectory, policyFile },
    stateDirectory,
    isService: false,
    started({ address, port, facts, identity }) {
      const { stamps } = facts.engine.transport;
      const ready: UpProbeReady = { address, port, stamps, user: identity?.name ?? null };
      sayReady(ready);
    },
  });
} catch (error) {
  process.exitCode = explain(error);
}
