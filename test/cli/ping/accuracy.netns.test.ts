// timeout: 60 s
// RTTs against the wire: a capture on the device tells what each should be. The figures are
// printed; the gate is loose, because the machine may be shared (bench/ has the tight one).
import { is, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { capture, requireLab, wireTrips } from '../../lab/net.ts';
import { openPlaces, type Places } from '../../native/places.ts';
import { flint, parseLines } from '../flint.ts';

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
`;
const COUNT = 100;
const MEDIAN_NS_MAX = 100e3;
const LOOPS = 8;

const missing = requireLab('tcpdump');
let places: Places;

/** |reported − wire| of each echo, ascending, ns. */
async function errors(words: string): Promise<number[]> {
  const tap = await capture(places.near, places.reflector.device);
  const { code, stdout } = await flint(places.near, `ping -c ${COUNT} -i 10ms --json ${words}`);
  const trips = wireTrips(await tap.stop());

  is(code, 0);
  const { lines } = parseLines(stdout);
  const replies = lines.filter(({ type }) => type === 'reply');
  is(replies.length, trips.length);
  const found = replies.map(({ ip, seq, rttNs }) => {
    const trip = trips.filter(({ address }) => address === ip)[seq ?? -1];
    ok(trip?.rttNs != null && rttNs !== null);
    return Math.abs(rttNs - trip.rttNs);
  });
  return found.sort((a, b) => a - b);
}

function judge(name: string, sorted: readonly number[]): void {
  const at = (p: number) => sorted[Math.ceil(p * sorted.length) - 1] ?? Number.NaN;
  const figures = [0.5, 0.99, 1].map((p) => (at(p) / 1000).toFixed(1));
  console.log(`${name}: |reported - wire| p50/p99/max ${figures.join('/')} us of ${sorted.length}`);
  ok(at(0.5) <= MEDIAN_NS_MAX, `median ${at(0.5)} ns`);
}

suite('flint ping against the wire', (s) => {
  s.before(async () => {
    if (missing === null) places = await openPlaces(SCENARIO);
  });
  s.after(async () => {
    if (missing === null) await places.close();
  });

  s.testIf(missing, 'tells wire time in both families', async () => {
    judge('idle', await errors('10.9.0.1 fd09::1'));
  });

  s.testIf(missing, 'tells wire time beside eight busy loops', async () => {
    const loops = Array.from({ length: LOOPS }, () =>
      places.near.spawn('sh', ['-c', 'while :; do :; done']),
    );
    try {
      judge(`${LOOPS} busy loops`, await errors('10.9.0.1 fd09::1'));
    } finally {
      await Promise.all(loops.map((loop) => loop.stop('SIGKILL')));
    }
  });

  s.testIf(missing, 'tells wire time from an unprivileged socket', async () => {
    process.env['FLINT_TRANSPORT'] = 'ping';
    try {
      judge('ping sockets', await errors('10.9.0.1 fd09::1'));
    } finally {
      delete process.env['FLINT_TRANSPORT'];
    }
  });
});
