// Somebody who came while the probe stood open, and goes on asking in one connection.
import type { Namespace } from '../lab/net.ts';
import { type House, readCounters } from './house.ts';

const ECHO = `require('net').createServer((s) => s.on('error', () => undefined).pipe(s))
  .listen(7, '::', () => console.log('ready'));`;
const ASK = `const s = require('net').connect(7, process.argv[1]);
  s.on('data', () => console.log('reply')); s.on('error', () => undefined);
  setInterval(() => s.write('x'), 20);`;

export interface Session {
  /** How often he is answered from now until the rules have dropped what he says; ends it. */
  replies(): Promise<number>;
}

export async function openSession({ probe, addresses }: House, from: Namespace): Promise<Session> {
  const echo = probe.spawn(process.execPath, ['-e', ECHO]);
  await echo.waitFor('ready');
  const asker = from.spawn(process.execPath, ['-e', ASK, addresses.probe.v6]);
  await asker.waitFor('reply');
  const count = (): number => asker.output().stdout.split('reply').length;

  return {
    async replies() {
      // What was answered before the rules were there is read by now.
      await new Promise((done) => setTimeout(done, 300));
      const before = count();
      for (let tries = 0; tries < 100; tries++) {
        if (((await readCounters(probe)).get('drop-input') ?? 0) >= 3) break;
        await new Promise((done) => setTimeout(done, 50));
      }
      await asker.stop('SIGKILL');
      await echo.stop('SIGKILL');
      return count() - before;
    },
  };
}
