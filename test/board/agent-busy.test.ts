// What a watchdog is told of the agent: whether a step is under way, and for how long.
import { createServer, type Socket } from 'node:net';
import { equal, is, ok } from 'uvu/assert';
import { NO_PARTS } from '../../src/board/agent-openers.ts';
import type { PartOpeners } from '../../src/board/agent-parts.ts';
import { fakeMesh } from '../fake/board.ts';
import { openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { MAC, settingsFor, startTestAgent, until } from './agents.ts';
import { inPlace } from './place.ts';

const CLAIM = 'flint_claim_abcdefgh';

suite('board/agent: busy', (s) => {
  s.test('a control that says nothing keeps a step under way', () =>
    inPlace(async (place) => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as { port: number };
      const settings = settingsFor(`http://127.0.0.1:${port}`, { claimToken: CLAIM });

      const agent = await startTestAgent(place, () => settings);
      await until(() => agent.busyMs() > 200);
      for (const socket of sockets) socket.destroy();
      silent.close();
      await agent.stop();

      ok(sockets.length > 0);
    }),
  );

  s.test('between its steps it is not busy', () =>
    inPlace(async (place) => {
      const control = await openFakeControl();
      control.register(MAC, CLAIM);
      const settings = settingsFor(control.origin, { claimToken: CLAIM });

      const agent = await startTestAgent(place, () => settings);
      await control.until('report', 1);
      await until(() => agent.busyMs() === 0);
      await agent.stop();
      await control.close();

      is(agent.busyMs(), 0);
    }),
  );

  s.test('a part that does not end when it is told to is seen by the watchdog', () =>
    inPlace(async (place) => {
      let release = (): void => undefined;
      const step = new Promise<never>((_, reject) => {
        release = () => reject(new Error('let go'));
      });
      const openers: PartOpeners = {
        ...NO_PARTS,
        push: ({ push }) =>
          push === null
            ? null
            : async () => ({
                ...{ name: 'push', step: () => step },
                close: () => Promise.reject(new Error('it does not listen')),
              }),
      };
      const control = 'http://127.0.0.1:9';
      let settings = settingsFor(control, { push: { url: 'http://127.0.0.1:9/' } as never });

      const agent = await startTestAgent(place, () => settings, { openers });
      await until(() => agent.busyMs() > 50);
      settings = settingsFor(control);
      agent.reload();
      await until(() => place.lines.join('').includes('did not end: it does not listen'));
      const busyMs = agent.busyMs();
      await until(() => agent.busyMs() > busyMs + 100);
      release();
      await until(() => agent.busyMs() < 50);
      await agent.stop();
    }),
  );

  s.test('a part that is opened too late is not stepped, and closed', () =>
    inPlace(async (place) => {
      let open = (): void => undefined;
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      const seen: string[] = [];
      const openers: PartOpeners = {
        ...NO_PARTS,
        mesh: ({ tailnet }) =>
          tailnet === null
            ? null
            : async () => {
                await opened;
                return {
                  name: 'mesh',
                  async step() {
                    seen.push('step');
                    return { state: fakeMesh(), nextMs: 5, isNews: false };
                  },
                  close: async () => void seen.push('close'),
                };
              },
      };

      const control = 'http://127.0.0.1:9';
      let settings = settingsFor(control, { tailnet: { kind: 'tailscale' } as never });
      const agent = await startTestAgent(place, () => settings, { openers });
      settings = settingsFor(control);
      agent.reload();
      await until(() => place.lines.join('').includes('settings read again'));
      open();
      await until(() => seen.length > 0);
      await agent.stop();

      equal(seen, ['close']);
    }),
  );
});
