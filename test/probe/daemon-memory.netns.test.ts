// What the daemon takes of a small board's memory, at the load of an edge probe: three targets in
// both families, a scrape and a page. A service is started with V8 kept small; by hand it is not,
// and V8 then takes some megabytes for its young generation that nobody needs.
import { readFileSync } from 'node:fs';
import { ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import {
  type DaemonLab,
  missingDaemonLab,
  openDaemonLab,
  type RunningDaemon,
} from './daemon-lab.ts';

const missing = missingDaemonLab();

const RSS_MIB_MAX = 64;
/** Without the flags: a bound that tells when something large was added. */
const RSS_MIB_MAX_PLAIN = 72;
const FLAGS = [
  '--max-old-space-size=32',
  '--max-semi-space-size=1',
  '--optimize-for-size',
  '--v8-pool-size=1',
  '--single-threaded-gc',
];
// Later versions bring more with them; there the figure is printed alone.
const isBound =
  process.versions.node.startsWith('20.') && process.env['NODE_V8_COVERAGE'] === undefined;

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
`;

interface Taken {
  first: number;
  later: number;
}

suite('daemon-memory', (s) => {
  let lab: DaemonLab;
  let plain: Taken;
  let small: Taken;

  async function measure(port: number, flags: readonly string[]): Promise<Taken> {
    const targets = [1, 2, 3].flatMap((n) => [`10.9.0.${n}`, `fd09::${n}`]);
    const config = { schema: 1, listen: { port }, measurements: { smokeping: { targets } } };
    const file = lab.write(`${port}.json`, config);
    const daemon = await lab.start(file, { state: `${port}`, port, flags });
    await sleep(2000);
    await load(daemon, 1);
    const first = rssMib(daemon);
    await load(daemon, 10);
    const taken = { first, later: rssMib(daemon) };
    await daemon.stop();
    return taken;
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    [plain, small] = await Promise.all([measure(9740, []), measure(9741, FLAGS)]);
    const say = ({ first, later }: Taken) =>
      `${first.toFixed(1)} MiB, ${later.toFixed(1)} after ten`;
    console.log(`\nNode ${process.versions.node}, RSS after a scrape and a page:`);
    console.log(`  as a service ${say(small)}\n  by hand      ${say(plain)}`);
  });

  s.after(async () => {
    await lab?.close();
  });

  const skipped = missing ?? (isBound ? null : 'bound on Node 20, without coverage');

  s.testIf(skipped, `takes at most ${RSS_MIB_MAX} MiB as a service`, () => {
    ok(small.first <= RSS_MIB_MAX, `${small.first} MiB`);
  });

  s.testIf(skipped, `takes at most ${RSS_MIB_MAX_PLAIN} MiB by hand`, () => {
    ok(plain.first <= RSS_MIB_MAX_PLAIN, `${plain.first} MiB`);
  });
});

async function load(daemon: RunningDaemon, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await daemon.metrics();
    await daemon.get('/');
    await sleep(100);
  }
}

function rssMib({ process: { pid } }: RunningDaemon): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
