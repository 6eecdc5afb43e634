// The part on a machine that is made of two scripts: what it runs, in which order, and what it
// does when a program fails. The real programs are in test/mesh/wireguard.netns.test.ts.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { openWireguard } from '../../../src/board/mesh/wireguard.ts';
import { upLines } from '../../../src/board/mesh/wireguard-dry-run.ts';
import { keep, readKept } from '../../../src/board/mesh/wireguard-kept.ts';
import { readOnce } from '../../../src/board/mesh/wireguard-look.ts';
import { suite } from '../../helper.ts';
import { openMachine, SETTINGS } from './wireguard-machine.ts';

suite('board/mesh/wireguard', (s) => {
  let machine: ReturnType<typeof openMachine>;
  const fresh = (): ReturnType<typeof openMachine> => {
    machine?.close();
    machine = openMachine();
    return machine;
  };
  s.after(() => machine?.close());

  s.test('an interface is made, addressed and configured, and then joined', async () => {
    const { step, words, lab, places } = fresh();
    const made = await step();
    equal(words(), [
      'ip link add dev flint0 type wireguard',
      'ip link set dev flint0 mtu 1420',
      'ip link set dev flint0 addrgenmode none',
      'ip address add fd57::a/128 dev flint0 nodad',
      'ip link set dev flint0 up',
      'ip -6 route add fd57::1/128 dev flint0 proto static',
      `wg syncconf flint0 ${places.state}/wireguard.conf`,
    ]);
    match(readFileSync(join(lab, 'config'), 'utf8'), 'Endpoint = 192.0.2.1:51820');
    is(existsSync(join(places.state, 'wireguard.conf')), false);

    const { state } = await made.again();
    equal([state?.state, state?.address, state?.reason], ['joined', 'fd57::a', null]);
    not.match(JSON.stringify(state), 'SECRET');
    equal(
      words().filter((one) => one.startsWith('wg ')),
      [],
    );
  });

  s.test('without the programs it says which, and what to install', async () => {
    const { bin } = fresh();
    rmSync(join(bin, 'wg'));
    const part = openWireguard({
      ...machine.options(),
      context: { ...machine.options().context, env: { PATH: bin } },
    });
    const { state } = await part.step();
    equal([state?.state, state?.address], ['absent', null]);
    match(state?.reason ?? '', 'install wireguard-tools');

    const off = openWireguard({
      ...machine.options({ enable: false }),
      context: { ...machine.options().context, env: { PATH: bin } },
    });
    const idle = await off.step();
    equal([idle.state?.state, idle.state?.reason], ['stopped', null]);
  });

  s.test('without any WireGuard there is no mesh, and it says so', async () => {
    const { set } = fresh();
    set('no-kernel');
    const options = machine.options();
    const context = { ...options.context, env: { ...options.context.env, PATH: machine.bin } };
    // Nothing but `ip` and `wg`, which need a shell's own commands alone until here.
    const { state } = await openWireguard({ ...options, context }).step();
    is(state?.state, 'stopped');
    match(state?.reason ?? '', 'no wireguard-go on PATH');
  });

  s.test('a configuration that wg refuses leaves no interface', async () => {
    const { step, set, has } = fresh();
    set('no-sync');
    const { state, reason, address } = await step();
    equal([state, reason, address], ['stopped', 'wg syncconf: Line unrecognized', null]);
    is(has('device'), false);
  });

  s.test('settings that cannot be right take away what there was', async () => {
    const { step, has } = fresh();
    await step();
    is(has('device'), true);
    const peers = [{ ...SETTINGS.peers[0], allowedAddresses: ['0.0.0.0/0'] }];
    const { state, reason } = await step({ peers });
    is(state, 'stopped');
    match(reason ?? '', 'would take the whole network');
    is(has('device'), false);
  });

  s.test('switched off, or taken down by hand, it is not there', async () => {
    const { step, has, places } = fresh();
    await step();
    const off = await step({ enable: false });
    equal([off.state, off.reason, has('device')], ['stopped', null, false]);
    await step();
    keep(places.state, { isDown: true });
    const down = await step();
    match(down.reason ?? '', 'flint wireguard up');
    is(has('device'), false);
  });

  s.test('another name of the interface takes the former away', async () => {
    const { step, words } = fresh();
    await step();
    words();
    await step({ interface: 'flint9' });
    is(words()[0], 'ip link del dev flint0');
  });

  s.test('one that somebody else made is left alone', async () => {
    const { step, set, words } = fresh();
    set('foreign');
    const { state, reason } = await step();
    is(state, 'stopped');
    match(reason ?? '', 'that this board did not make');
    equal(words(), []);
  });

  s.test('one of the same name that came after ours is left alone', async () => {
    const { step, has, set, words, places } = fresh();
    await step();
    await step({ enable: false });
    is(readKept(places.state).interface, null);
    set('device');
    set('public', 'of-somebody-else');
    words();
    await step({ enable: false });
    const { state, reason } = await step();
    is(state, 'stopped');
    match(reason ?? '', 'that this board did not make');
    equal([has('device'), words()], [true, []]);
  });

  s.test('after a boot, ours is told by its key', async () => {
    const { step, has, set, words, places } = fresh();
    await step();
    const bootId = '01234567-89ab-cdef-0123-456789abcdef';
    const ours = readFileSync(join(machine.lab, 'public'), 'utf8');
    for (const [key, isOurs] of [
      ['of-somebody-else', false],
      [ours, true],
    ] as const) {
      keep(places.state, { bootId });
      set('public', key);
      words();
      const { state } = await step();
      is(state, isOurs ? 'joined' : 'stopped');
      is(has('device'), true);
      equal(
        words().filter((one) => / (link (add|del)|syncconf) /.test(one)),
        [],
      );
    }
    not(readKept(places.state).bootId === bootId);
  });

  s.test('an agent that ends takes nothing away', async () => {
    const { step, has, stop } = fresh();
    await step();
    stop.abort();
    await step();
    is(has('device'), true);
  });

  s.test('a key that cannot be used is told, and there is no mesh', async () => {
    const { step, has, places } = fresh();
    await step();
    writeFileSync(join(places.state, 'wireguard.key'), 'rubbish');
    const { state, reason } = await step();
    is(state, 'needs-key');
    match(reason ?? '', 'holds no WireGuard key');
    is(has('device'), false);
  });

  s.test(
    'a dry run tells the same and changes nothing; to look changes nothing either',
    async () => {
      const { options, words, has, step } = fresh();
      const dry = await upLines(options());
      const lines = dry.ok ? dry.lines.join('\n') : dry.reason;
      match(lines, /write .*wireguard\.key/);
      match(lines, 'ip link add dev flint0 type wireguard');
      match(lines, 'wg syncconf flint0');
      match(lines, 'monitor is looked for at 192.0.2.1:51820');
      is((await readOnce(options())).state, 'needs-key');
      equal([words(), has('device'), has('state')], [[], false, false]);

      await step();
      words();
      is((await readOnce(options())).interface, 'flint0');
      equal(words(), []);
    },
  );
});
