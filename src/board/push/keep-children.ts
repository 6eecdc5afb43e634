import { openChild } from './child.ts';
import type { Owner } from './files.ts';
import type { Keeper } from './keeper.ts';
import { awaitOwnPort } from './listeners.ts';
import { endOrphans } from './orphans.ts';
import { queueMark, VMAGENT_WORDS } from './vmagent-env.ts';
import { parseLine } from './vmagent-log.ts';

export interface ChildrenOptions {
  owner: Owner;
  /** vmagent's file. */
  program: string;
  /** `flint` itself, for the relay: file and words. */
  flint: readonly string[];
  path: string;
  /** No two may have the same. */
  queue: string;
  onLine(line: string): void;
  onEnd(name: string, why: string): void;
  /** How long the relay may take until it listens; 5 s. */
  listenMs?: number;
}

const LISTEN_MS_MAX = 5_000;
/** As its unit has it. */
const VMAGENT_BYTES_MAX = 256 << 20;

/** Both as children of this process; they end with it. */
export function keepChildren(options: ChildrenOptions): Keeper {
  const { owner, program, flint, path } = options;
  const vmagent = openChild({
    owner,
    onLine: options.onLine,
    onEnd: (why) => options.onEnd('vmagent', parseLine(why).text),
  });
  const relay = openChild({
    owner,
    onLine: options.onLine,
    onEnd: (why) => options.onEnd('the relay', why),
  });
  const mark = queueMark(options.queue);
  // Another board's relay on this machine, in a container, is none of our business.
  const forQueue = { FLINT_RELAY_QUEUE: options.queue };
  const relayMark = `FLINT_RELAY_QUEUE=${options.queue}`;
  const [flintFile = process.execPath, ...flintWords] = flint;
  return {
    async keep(wanted) {
      if (wanted.relay === null) await relay.stop();
      else {
        await relay.keep({
          file: flintFile,
          words: [...flintWords, 'push', 'relay'],
          env: { ...wanted.relay, PATH: path, ...forQueue },
          mark: relayMark,
        });
        // Before vmagent hands it a bearer.
        const port = Number(wanted.relay['FLINT_RELAY_PORT']);
        await awaitOwnPort(port, owner.uid, options.listenMs ?? LISTEN_MS_MAX);
      }
      await vmagent.keep({
        file: program,
        words: VMAGENT_WORDS,
        env: { ...wanted.vmagent, PATH: path },
        mark,
        memoryBytesMax: VMAGENT_BYTES_MAX,
      });
    },
    async stop() {
      await vmagent.stop();
      await relay.stop();
      for (const one of [mark, relayMark]) await endOrphans(one, owner.uid);
    },
    async close() {
      await vmagent.stop();
      await relay.stop();
    },
    state() {
      const [{ restarts, fault }, other] = [vmagent.state(), relay.state()];
      if (fault !== null) {
        return { restarts, fault: `vmagent does not run: ${parseLine(fault).text}` };
      }
      const { fault: why } = other;
      return { restarts, fault: why === null ? null : `the relay does not run: ${why}` };
    },
  };
}
