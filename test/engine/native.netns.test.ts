// Sockets that were opened by somebody else: which are taken, and what goes by each of them.
import { equal, is } from 'uvu/assert';
import type { SocketDescription } from '../../src/engine/addon.ts';
import { isAddonBuilt } from '../../src/engine/addon.ts';
import type { Inherited } from '../../src/engine/native.ts';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { type Driver, openDriver } from '../native/remote.ts';

const missing = requireLab() ?? (isAddonBuilt() ? null : 'build/flint.node is not built');
const IDENTIFIER = 0x2340;

let lab: Namespace;
let driver: Driver;
let own: SocketDescription[];

function fdOf(family: 4 | 6, isSendOnly = false): number {
  const icmp = own.filter((one) => one.protocol === 'icmp' && one.family === family);
  return icmp.find(({ sendOnly }) => sendOnly === isSendOnly)?.fd ?? -1;
}

/** Opens with these; sends one packet that may be cut and one that may not. */
async function take(inherited: Inherited) {
  const opened = await driver.ask('open', { kind: 'auto', identifier: IDENTIFIER, inherited });
  const sockets = await driver.ask('sockets', null);
  const packet = { family: 4, to: '127.0.0.1', identifier: IDENTIFIER } as const;
  const sent = await driver.ask('send', {
    packets: [
      { ...packet, key: 1, dontFragment: true },
      { ...packet, key: 2 },
    ],
  });
  const { packets } = await driver.ask('gather', { packets: 2, stamps: 2, ms: 1000 });
  equal(
    sent.map(({ errno }) => errno),
    [0, 0],
  );
  is(packets.length, 2);
  return { opened, fds: sockets.map(({ fd, sendOnly }) => [fd, sendOnly]) };
}

suite('engine/native', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    lab = await openNamespace();
    driver = await openDriver(lab);
    await driver.ask('open', { kind: 'raw', identifier: 0x2320 });
    own = await driver.ask('sockets', null);
  });
  s.after(async () => {
    if (missing !== null) return;
    await driver.close();
    await lab.close();
  });

  s.testIf(missing, 'what must not be cut goes by a socket of its own', async () => {
    const inherited = { icmp4: fdOf(4), 'icmp4-df': fdOf(4, true), icmp6: fdOf(6) };

    const { opened, fds } = await take(inherited);

    equal(fds, [
      [inherited.icmp4, false],
      [inherited['icmp4-df'], true],
      [inherited.icmp6, false],
    ]);
    equal([opened.missing, opened.stamps, opened.protocols], [[], 'kernel', ['icmp']]);
  });

  s.testIf(missing, 'without that one the other is set back and forth', async () => {
    const { fds } = await take({ icmp4: fdOf(4), icmp6: fdOf(6) });

    equal(fds, [
      [fdOf(4), false],
      [fdOf(6), false],
    ]);
  });
});
