// A machine that is made of two scripts: `ip` and `wg` write down what they were asked.
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
import * as v from 'valibot';
import { WIREGUARD_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { openWireguard } from '../../../src/board/mesh/wireguard.ts';
import { openVoice } from '../../../src/board/voice.ts';
import { openLog } from '../../../src/host/log.ts';

const THEIRS = `${'B'.repeat(42)}E=`;
export const SETTINGS = {
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
    [ "$3" = public-key ] && { cat $LAB/public 2>/dev/null || echo '(none)'; exit 0; }
    if [ -e $LAB/config ]; then
      printf 'SECRET\\t%s\\t4000\\toff\\n' "$(cat $LAB/public)"
      printf '${THEIRS}\\t(none)\\t192.0.2.1:51820\\tfd57::1/128\\t%s\\t1\\t2\\t25\\n' "$(date +%s)"
    else printf '(none)\\t(none)\\t0\\toff\\n'; fi;;
  syncconf) cp $3 $LAB/config; [ ! -e $LAB/no-sync ] || { echo "Line unrecognized" >&2; exit 1; };;
esac`;

export type WireguardMachine = ReturnType<typeof openMachine>;

export function openMachine() {
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
    set: (name: string, text = '') => writeFileSync(join(lab, name), text),
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
