// The part on a machine that is made of two scripts: what it runs, in which order, and what it
// does when a program fails. The real programs are in test/mesh/wireguard.netns.test.ts.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import * as v from 'valibot';
import { WIREGUARD_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { openWireguard } from '../../../src/board/mesh/wireguard.ts';
import { upLines } from '../../../src/board/mesh/wireguard-dry-run.ts';
import { keep } from '../../../src/board/mesh/wireguard-kept.ts';
import { readOnce } from '../../../src/board/mesh/wireguard-look.ts';
import { openVoice } from '../../../src/board/voice.ts';
import { openLog } from '../../../src/host/log.ts';
import { suite } from '../../helper.ts';

const THEIRS = `${'B'.repeat(42)}E=`;
const SETTINGS = {
  ...{ kind: 'wireguard', address: 'fd57::a', readers: ['fd57::1'] },
  peers: [
    {
      ...{ name: 'monitor', publicKey: THEIRS, allowedAddresses: ['fd57::1'] },
      endpoint: '192.0.2.1:51820',
    },
  ],
};

// An interface is a file; `wg` knows its peers once it was configured.
const IP = `#!/bin/sh
echo "ip $*" >> $LAB/words
case "$*" in
  *"link add"*) [ -e $LAB/no-kernel ] && { echo "Error: Unknown device type." >&2; exit 2; }
    touch $LAB/device;;
  *"link del"*) rm -f $LAB/device $LAB/config;;
  *"link show"*) [ -e $LAB/device ] || [ -e $LAB/foreign ];;
  *"address show"*) echo '[]';;
  *"route add"*) [ ! -e $LAB/no-route ] || { echo "RTNETLINK answers: No" >&2; exit 2; };;
esac`;
const WG = `#!/bin/sh
echo "wg $*" >> $LAB/words
case "$1" in
  show) [ -e $LAB/device ] || { echo "Unable to access interface" >&2; exit 1; }
    if [ -e $LAB/config ]; then
      printf 'SECRET\\t%s\\t4000\\toff\\n' "$(cat $LAB/public)"
      printf '${THEIRS}\\t(none)\\t192.0.2.1:51820\\tfd57::1/128\\t%s\\t1\\t2\\t25\\n' "$(date +%s)"
    else printf '(none)\\t(none)\\t0\\toff\\n'; fi;;
  syncconf) cp $3 $LAB/config; [ ! -e $LAB/no-sync ] || { echo "Line unrecognized" >&2; exit 1; };;
esac`;

function openMachine() {
  const lab = mkdtempSync(join(tmpdir(), 'flint-wg-part-'));
  const bin = join(lab, 'bin');
  mkdirSync(bin);
  for (const [name, text] of Object.entries({ ip: IP, wg: WG })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const lines: string[] = [];
  const log = openLog({
    stream: { write: (one) => lines.push(one) },
    nowMs: Date.now,
    journal: false,
  });
  const stop = new AbortController();
  const places = { state: join(lab, 'state'), configDirectory: lab };
  const options = (change: Record<string, unknown> = {}) => ({
    settings: v.parse(WIREGUARD_SETTINGS, { ...SETTINGS, ...change }),
    places,
    context: {
      ...{ log, signal: stop.signal, nowMs: Date.now },
      voice: openVoice({ log, monotonicMs: () => performance.now() }),
      env: { PATH: `${bin}:/usr/bin:/bin`, LAB: lab },
      board: () => ({ schema: 1 as const, writtenMs: 0, mesh: null, lockdown: null, push: null }),
      isClockSynced: () => true,
      probeName: () => null,
      askControl: async () => ({ ok: true as const, value: null }),
    },
  });
  async function step(change: Record<string, unknown> = {}) {
    const part = openWireguard(options(change));
    const made = await part.step();
    const key = join(places.state, 'wireguard.json');
    if (existsSync(key)) {
      writeFileSync(join(lab, 'public'), JSON.parse(readFileSync(key, 'utf8')).publicKey);
    }
    if (made.state === null) throw new Error('no state');
    return { ...made.state, nextMs: made.nextMs, again: () => part.step() };
  }
  return {
    ...{ lab, bin, places, options, step, stop },
    log: () => lines.join(''),
    set: (name: string) => writeFileSync(join(lab, name), ''),
    has: (name: string) => existsSync(join(lab, name)),
    /** What was run since last asked, without what only looks. */
    words() {
      const file = join(lab, 'words');
      const all = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      rmSync(file, { force: true });
      return all.filter((one) => !/ show( |$)/.test(one));
    },
    close: () => rmSync(lab, { recursive: true }),
  };
}

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
