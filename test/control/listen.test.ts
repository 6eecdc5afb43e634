import { equal, is, match } from 'uvu/assert';
import { listenOn } from '../../src/control/listen.ts';
import { suite } from '../helper.ts';
import { openLab } from './lab.ts';

suite('control/listen', (s) => {
  s.test('the port that was taken is told, and what to do when it is another’s', async () => {
    const [one, two] = [await openLab(), await openLab()];
    const port = await listenOn(one.server, { address: '127.0.0.1', port: 0 });
    is(port > 0, true);
    const taken = await listenOn(two.server, { address: '127.0.0.1', port }).catch(
      (error) => error,
    );
    equal([taken.code, taken.syscall, taken.errno], ['ERR_SOCKET_OPEN', 'listen', 'EADDRINUSE']);
    match(taken.message, /another program has this port: stop it, or set another listen\.port/);
    const strange = await listenOn(two.server, { address: '192.0.2.1', port: 0 }).catch((e) => e);
    is(strange.errno, 'EADDRNOTAVAIL');
    await one.close();
    await two.close();
  });
});
