// timeout: 240 s
// waits
// A control that was taken over, and what leaves the machine all the same: judged by what was on
// the wire, and not by what the daemon says of itself.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import { parseRange } from '../../src/core/address-range.ts';
import { faultOfDestination } from '../../src/core/policy-address.ts';
import { suite } from '../helper.ts';
import { capture, type Packet } from '../lab/capture.ts';
import { sleep } from '../lab/net.ts';
import { type ControlLab, openControlLab } from './control-lab.ts';
import {
  type DaemonLab,
  missingDaemonLab,
  openDaemonLab,
  type RunningDaemon,
} from './daemon-lab.ts';
import { findValue, parseMetrics } from './metrics-parse.ts';

const missing =
  missingDaemonLab('tcpdump') ?? (existsSync('/etc/flint') ? 'there is a /etc/flint' : null);

const SCENARIO = `
  dst 0.0.0.0/0 delay 5ms
  dst ::/0 delay 5ms
`;

const VICTIM = '93.184.216.34';
const REBINDING = '93.184.216.40';
const GATEWAY = '10.8.0.254';
const LINK = '2a02:1:2:3::/64';
const PER_DESTINATION = 50;
const IN_ALL = 1000;
/** Names that are the victim's, beside what is called by its address. */
const NAMES = 400;

/** What the machine's hosts file says: the test's own DNS, whose answers hold for 30 seconds. */
function hostsFile(rebinding: string): string {
  const lines = Array.from({ length: NAMES }, (_, n) => `${VICTIM} n${n}.example`);
  return [...lines, '10.9.0.5 lan.example', '2a02:1:2:3::9 lan.example', '127.0.0.1 self.example']
    .concat(`${rebinding} rebinding.example`, '')
    .join('\n');
}

const FORBIDDEN = [
  '10.9.0.1',
  '10.8.0.1',
  GATEWAY,
  '192.168.1.1',
  '100.64.0.1',
  '169.254.169.254',
  '127.0.0.1',
  '::1',
  '2a02:1:2:3::77',
  'fd09::1',
  '64:ff9b::10.9.0.1',
  '2002:a09:1::1',
  'lan.example',
  'self.example',
];

function attack(): object {
  const targets = [
    ...FORBIDDEN.map((host) => ({ id: `f-${host}`, host })),
    { id: '@gateway', host: '@gateway' },
    'rebinding.example',
    ...Array.from({ length: NAMES }, (_, n) => `n${n}.example`),
    ...Array.from({ length: 1600 }, (_, n) => ({ id: `v${n}`, host: VICTIM, size: 1472 })),
  ];
  const path = {
    interval: '5s',
    probes: 10,
    packetsPerSecond: 10_000,
    answersPerSecond: 10_000,
    targets: [VICTIM, ...FORBIDDEN.slice(0, 4), 'n0.example', 'n1.example', 'lan.example'],
  };
  const smokeping = { round: '5s', timeout: '500ms', interval: '10ms', targets };
  return { schema: 1, measurements: { smokeping, path } };
}

suite('control-hostile', (s) => {
  let lab: DaemonLab;
  let control: ControlLab;
  let daemon: RunningDaemon;
  let packets: readonly Packet[] = [];
  let seconds = 0;
  let etc = '';

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    const { namespace, reflector } = lab;
    etc = join('/etc/netns', namespace.name);
    mkdirSync(etc, { recursive: true });
    process.on('exit', () => rmSync(etc, { recursive: true, force: true }));
    writeFileSync(join(etc, 'hosts'), hostsFile(REBINDING));
    writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\n');
    await namespace.ip(`route add ${GATEWAY} dev ${reflector.device}`);
    await namespace.ip(`route add default via ${GATEWAY} dev ${reflector.device}`);
    await namespace.ip(`-6 route add default dev ${reflector.device}`);
    // The home's own network, with public addresses.
    await namespace.ip('link add home0 type veth peer name home1');
    await namespace.ip('link set home0 up');
    await namespace.ip('link set home1 up');
    await namespace.ip('address add 2a02:1:2:3::1/64 dev home0 nodad');
    await namespace.ip('neigh add 2a02:1:2:3::77 lladdr 02:00:00:00:00:77 dev home0');
    control = openControlLab(lab);
    const wire = await capture(namespace, 'any');
    daemon = await control.start();
    const begunMs = Date.now();
    control.send(attack());
    await sleep(20_000);
    // In place: the namespace has this very file.
    writeFileSync(join(etc, 'hosts'), hostsFile('10.9.0.9'));
    await daemon.until(rebound, (state) => state === 'unavailable', 45_000);
    await sleep(3000);
    seconds = (Date.now() - begunMs) / 1000;
    packets = (await wire.stop()).filter(({ kind }) => kind === 'request');
  });

  s.after(async () => {
    await lab?.close();
  });

  async function rebound(): Promise<string | undefined> {
    const { targets } = await daemon.status();
    return targets.find(({ id, family }) => id === 'rebinding.example' && family === 'v4')?.state;
  }

  s.testIf(missing, 'not one packet left for a forbidden address', () => {
    const rules = {
      ownRanges: [LINK, '10.8.0.1/32', 'fd08::/64'].flatMap((text) => parseRange(text) ?? []),
      privateRanges: [],
    };
    const destinations = new Set(packets.map(({ destination }) => destination));
    const forbidden = [...destinations].filter((destination) => {
      const address = parseAddress(destination);
      return address === null || faultOfDestination(address, rules) !== null;
    });
    // The gateway by its name alone.
    equal(forbidden, [GATEWAY]);
    equal([...destinations].sort(), [GATEWAY, VICTIM, REBINDING].sort());
    ok(packets.filter(({ destination }) => destination === GATEWAY).length <= 1.1 * seconds * 50);
  });

  s.testIf(missing, 'the victim got no more than one destination may get', () => {
    const counts = perSecond(packets.filter(({ destination }) => destination === VICTIM));
    const sum = counts.reduce((total, count) => total + count, 0);
    console.log(`\nto the victim: ${(sum / seconds).toFixed(1)}/s, most ${Math.max(...counts)}/s`);
    ok(sum <= PER_DESTINATION * seconds, `${sum} in ${seconds} s`);
    ok(Math.max(...counts) <= 2 * PER_DESTINATION, counts.join(' '));
    ok(sum >= 10 * seconds, 'it is measured all the same');
  });

  s.testIf(missing, 'all together were no more than allowed', () => {
    const counts = perSecond(packets);
    ok(Math.max(...counts) <= IN_ALL, counts.join(' '));
  });

  s.testIf(missing, 'a name that turned to a private address was left', () => {
    const times = packets
      .filter(({ destination }) => destination === REBINDING)
      .map(({ timeNs }) => Number(timeNs / 1_000_000n));
    const last = packets.at(-1)?.timeNs ?? 0n;
    ok(times.length > 0 && Number(last / 1_000_000n) - (times.at(-1) ?? 0) > 2000);
  });

  s.testIf(missing, 'the daemon says what it held back and why', async () => {
    const { targets } = await daemon.status();
    const refused = targets.filter(({ reason }) => reason?.includes('the policy forbids') === true);
    for (const host of FORBIDDEN)
      ok(
        refused.some(({ id }) => id === `f-${host}`),
        host,
      );
    const report = control.report();
    ok((report?.config.capped.length ?? 0) > 0);
    match(report?.config.capped.join('\n') ?? '', `${VICTIM}: `);
    match(report?.config.capped.join('\n') ?? '', 'targets are this address');
    ok((report?.leftOut ?? 0) > 0);
    const samples = parseMetrics(await daemon.metrics('/metrics/self'));
    ok((findValue(samples, 'flint_policy_capped') ?? 0) >= 2);
    is(findValue(samples, 'flint_control_config_refused'), 0);
  });
});

function perSecond(packets: readonly Packet[]): number[] {
  const counts = new Map<number, number>();
  for (const { timeNs } of packets) {
    const second = Number(timeNs / 1_000_000_000n);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return [...counts.values()];
}
