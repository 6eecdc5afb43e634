import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, match } from 'uvu/assert';
import { sdMac } from '../../../src/board/mac-set.ts';
import { suite } from '../../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../../lab/net.ts';
import { MAIN } from '../flint.ts';

const SERIAL = '0x7a3b1c2d';
const WANTED = sdMac(`${SERIAL}\n`);
const OTHER = '02:00:5e:10:00:01';

const missing = requireLab() ?? (existsSync(MAIN) ? null : 'dist/main.js is not built');

/** Beside a card whose serial number is known; `serial` null: there is none. */
async function flint(place: Namespace, words: string, serial: string | null = SERIAL) {
  const card = '/sys/block/mmcblk0/device';
  const insert = `mkdir -p ${card} /sys/block/sda && echo ${serial} > ${card}/serial`;
  const script = [
    'mount -t tmpfs flint /sys/block',
    ...(serial === null ? [] : [insert]),
    `exec ${process.execPath} ${MAIN} mac ${words}`,
  ].join(' && ');
  return await place.exec('sh', ['-c', script], { timeoutMs: 15_000 });
}

async function linkOf(place: Namespace, name: string) {
  const [link] = JSON.parse(await place.ip(`-j link show ${name}`)) as {
    address: string;
    flags: string[];
  }[];
  return { address: link?.address, isUp: link?.flags.includes('UP') };
}

suite('cli/board/mac', (s) => {
  const lab: { place?: Namespace } = {};
  const place = (): Namespace => {
    if (lab.place === undefined) throw new Error('the namespace is not open');
    return lab.place;
  };

  s.before(async () => {
    if (missing !== null) return;
    lab.place = await openNamespace();
    await place().ip(`link add end0 address ${OTHER} type veth peer name far0`);
  });
  s.after(async () => await lab.place?.close());

  s.testIf(missing, 'what would be run is said, and nothing changes', async () => {
    const { code, stdout } = await flint(place(), 'set --hardware r2s --dry-run');
    equal([code, stdout], [0, `would run ip link set dev end0 address ${WANTED}\n`]);
    equal(await linkOf(place(), 'end0'), { address: OTHER, isUp: false });
  });

  s.testIf(missing, 'an interface that is down gets the address and stays down', async () => {
    const { code, stdout } = await flint(place(), 'set --boot --hardware r2s');
    equal([code, stdout], [0, `end0 has ${WANTED} now\n`]);
    equal(await linkOf(place(), 'end0'), { address: WANTED, isUp: false });
    const assigned = await place().run('cat', ['/sys/class/net/end0/addr_assign_type']);
    // The kernel says that it was set, and by that the enrolment prefers it to a random one.
    equal(assigned.trim(), '3');
  });

  s.testIf(missing, 'one that has it is not touched: its carrier did not change', async () => {
    await place().ip('link set end0 up');
    await place().ip('link set far0 up');
    const changes = () => place().run('cat', ['/sys/class/net/end0/carrier_changes']);
    const before = await changes();
    const { stdout } = await flint(place(), 'set --interface end0');
    equal(stdout, `end0 has ${WANTED} already\n`);
    equal(await changes(), before);
  });

  s.testIf(missing, 'one that is up with another address is up again afterwards', async () => {
    await place().ip(`link set end0 address ${OTHER}`);
    const { code } = await flint(place(), 'set --interface end0 --json');
    equal(code, 0);
    equal(await linkOf(place(), 'end0'), { address: WANTED, isUp: true });
  });

  s.testIf(missing, 'a board says what it has and should have', async () => {
    const right = await flint(place(), 'show --hardware r2s');
    equal(right.code, 0);
    match(right.stdout, new RegExp(`address    ${WANTED}\nshould be  ${WANTED} \\(serial number`));
    const wrong = await flint(place(), '--hardware r2s --json', '0x00000001');
    equal(wrong.code, 1);
    equal(JSON.parse(wrong.stdout).wanted, sdMac('0x00000001\n'));
    const own = await flint(place(), 'show --hardware s920 --interface end0 --json');
    equal([own.code, JSON.parse(own.stdout).source], [0, 'nic']);
  });

  s.testIf(missing, "a kind of board of the fleet's own is found beside agent.json", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-mac-'));
    try {
      const folder = join(directory, 'hardware/odd');
      mkdirSync(folder, { recursive: true });
      const profile = { schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', note: '' };
      const more = { interface: 'end0', mac: 'sd-serial', models: [] };
      writeFileSync(join(folder, 'profile.json'), JSON.stringify({ ...profile, ...more }));
      const agent = { schema: 1, control: 'https://c.example', hardware: 'odd' };
      writeFileSync(join(directory, 'agent.json'), JSON.stringify(agent));
      const words = `set --boot --config ${join(directory, 'agent.json')}`;
      equal((await flint(place(), words)).stdout, `end0 has ${WANTED} already\n`);
      writeFileSync(join(folder, 'profile.json'), '{');
      const broken = await flint(place(), words);
      equal(broken.code, 2);
      match(broken.stderr, /hardware.odd.profile\.json: cannot be read: it is not JSON/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  s.testIf(
    missing,
    'at the desk the address of the card is printed, and nothing else',
    async () => {
      equal((await flint(place(), '--device mmcblk0')).stdout, `${WANTED}\n`);
      const usb = await flint(place(), '--device sda');
      equal([usb.code, usb.stdout], [3, '']);
      match(usb.stderr, /readers on USB keep it to themselves/);
    },
  );

  s.testIf(
    missing,
    'without card, interface or profile it says so, with the code for each',
    async () => {
      const card = await flint(place(), 'set --interface end0', null);
      equal(card.code, 3);
      match(card.stderr, /no SD card that shows its serial number/);
      const none = await flint(place(), 'set --interface end9');
      equal(none.code, 3);
      match(none.stderr, /there is no interface end9/);
      equal((await flint(place(), 'set --hardware unheard-of')).code, 2);
      const own = await flint(place(), 'set --hardware s920');
      equal([own.code, own.stdout], [0, 'this hardware has an address of its own\n']);
    },
  );

  s.testIf(missing, 'at a boot it waits for an interface that comes late', async () => {
    const under = flint(place(), 'set --boot --interface late0');
    await new Promise((done) => setTimeout(done, 1_000));
    await place().ip('link add late0 type veth peer name far1');
    equal((await under).stdout, `late0 has ${WANTED} now\n`);
  });
});
