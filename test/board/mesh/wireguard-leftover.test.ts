// The section is gone, and what it made is still there: by the scripts of wireguard-machine.ts.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import * as v from 'valibot';
import { partOpeners } from '../../../src/board/agent-openers.ts';
import { openMeshPart } from '../../../src/board/mesh/part.ts';
import { MESH_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { keep, readKept } from '../../../src/board/mesh/wireguard-kept.ts';
import { openLeftover } from '../../../src/board/mesh/wireguard-leftover.ts';
import { suite } from '../../helper.ts';
import { settingsFor } from '../agents.ts';
import { openMachine, type WireguardMachine } from './wireguard-machine.ts';

const OTHER_BOOT = '01234567-89ab-cdef-0123-456789abcdef';

suite('board/mesh/wireguard-leftover', (s) => {
  let machine: WireguardMachine;
  const fresh = async (): Promise<WireguardMachine> => {
    machine?.close();
    machine = openMachine();
    await machine.step();
    machine.words();
    return machine;
  };
  const leftover = () => openLeftover(machine.options());
  s.after(() => machine?.close());

  s.test('what was made is taken down once, and then there is no mesh', async () => {
    const { has, words, places } = await fresh();
    const part = leftover();
    const first = await part.step();
    const then = await part.step();

    equal([first.state?.state, first.state?.reason, then.state], ['stopped', null, null]);
    equal([has('device'), words()], [false, ['ip link del dev flint0']]);
    is(readKept(places.state).interface, null);
    match(machine.log(), /the former mesh was taken down/);
    await part.close();
  });

  s.test('whoever was killed between taking down and noting it is none the worse', async () => {
    const { has, places } = await fresh();
    rmSync(join(machine.lab, 'device'));
    const { state } = await leftover().step();
    equal([state?.reason, has('device')], [null, false]);
    is(readKept(places.state).interface, null);
  });

  s.test('what has the name after a boot and another key is not ours', async () => {
    const { has, set, words, places } = await fresh();
    keep(places.state, { bootId: OTHER_BOOT });
    set('public', 'of-somebody-else');
    await leftover().step();
    equal([has('device'), words()], [true, []]);
    is(readKept(places.state).interface, null);
  });

  s.test('what cannot be taken down is told, and tried again', async () => {
    const { bin, lab, has, places } = await fresh();
    const options = machine.options();
    const context = { ...options.context, env: { PATH: bin, LAB: lab } };
    rmSync(join(bin, 'wg'));
    const part = openLeftover({ ...options, context });
    const { state, nextMs } = await part.step();

    equal([state?.state, has('device'), nextMs], ['stopped', true, 60_000]);
    match(state?.reason ?? '', 'flint0 of the former mesh stays: there is no `wg` on PATH');
    is(readKept(places.state).interface, 'flint0');

    // Nor is anything left of it after a boot, whether or not somebody can look.
    keep(places.state, { bootId: OTHER_BOOT });
    const after = await part.step();
    equal([after.state?.reason, readKept(places.state).interface], [null, null]);
  });

  s.test('the agent opens it without a section, or with another mesh, and only then', async () => {
    const { places, options, has } = await fresh();
    const state = join(machine.lab, 'whole');
    const openers = partOpeners({ state, run: state, configDirectory: machine.lab });
    const { context } = options();
    const tailnet = v.parse(MESH_SETTINGS, {
      ...{ kind: 'tailscale', enable: false, loginServer: 'https://headscale.example' },
    });
    const none = settingsFor('https://control.example');
    const off = settingsFor('https://control.example', { tailnet });
    is(openers.mesh(none, context), null);
    mkdirSync(join(state, 'agent/mesh'), { recursive: true });
    keep(join(state, 'agent/mesh'), { interface: 'flint0' });
    for (const settings of [none, off]) is(typeof openers.mesh(settings, context), 'function');

    const part = openMeshPart({ settings: tailnet, context, places });
    await part.step();
    await part.close();
    is(has('device'), false);
    const opened = await openers.mesh(none, context)?.();
    await opened?.step();
    is(openers.mesh(none, context), null);
  });
});
