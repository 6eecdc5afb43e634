// What a watchdog is told of the agent: whether a step is under way, and for how long.
import { createServer, type Socket } from 'node:net';
import { is, ok } from 'uvu/assert';
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
});
