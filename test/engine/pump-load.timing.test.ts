// A thousand targets on one core, as the daemon would measure them: phases by the hash of their
// names, five per cent of jitter, at most a few packets a wake-up.
import { is, ok } from 'uvu/assert';
import { LATENESS_BOUNDS } from '../../src/engine/engine.ts';
import { phaseMs } from '../../src/measure/phase.ts';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { KINDS, openPlaces, type Places } from '../native/places.ts';
import { openDriver, type Seen } from '../native/remote.ts';

const TARGETS = 1000;
const INTERVAL_MS = 1000;
const SECONDS = 10;
const LATE_SECONDS = 0.02;
/** Loose, for a machine that may be shared: the goal is 99.9 %. */
const SHARE_LEAST = 0.95;

// Other work on the machine may hold us up for a while, not for ever.
const ATTEMPTS = 3;

const raw = KINDS[0];
const absent = requireLab() ?? raw?.missing ?? null;
const load = { packetsPerSecond: TARGETS, intervalMsMin: INTERVAL_MS };

function sum(seen: Seen, of: (state: Seen['states'][number]) => number): number {
  return seen.states.reduce((total, state) => total + of(state), 0);
}

async function measure(places: Places): Promise<Seen> {
  const driver = await openDriver(places.near);
  const series = Array.from({ length: TARGETS }, (_, i) => {
    const to = i % 2 === 0 ? `10.78.${i >> 8}.${i & 255}` : `fd78::${i.toString(16)}`;
    const family = i % 2 === 0 ? 'v4' : 'v6';
    return { to, intervalMs: INTERVAL_MS, phaseMs: phaseMs(to, family, INTERVAL_MS) };
  });
  await driver.ask('engine', {
    kind: 'raw',
    identifier: 0x4440,
    timeoutMs: 1000,
    jitter: 0.05,
    packetsPerSecond: TARGETS,
    hasLog: false,
    series,
  });
  await driver.ask('pump', { ms: SECONDS * 1000, isPaced: true, load });
  const seen = await driver.ask('observe', null);
  await driver.close();
  return seen;
}

/** The share of packets that left within 20 ms of their time; prints what there is to know. */
function punctuality(seen: Seen): number {
  const sent = sum(seen, (state) => state.sent);
  const { counts, sumSeconds } = seen.figures.lateness;
  const inTime = counts.slice(0, LATENESS_BOUNDS.indexOf(LATE_SECONDS) + 1);
  const share = inTime.reduce((total, count) => total + count, 0) / sent;
  const told = LATENESS_BOUNDS.map((bound, i) => `${bound * 1000} ms: ${counts[i]}`);
  console.log(`${sent} sent in ${seen.figures.ticks} ticks; late at most ${told.join(', ')}`);
  const mean = Math.round((1e6 * sumSeconds) / sent);
  console.log(`${(100 * share).toFixed(3)} % within 20 ms, mean ${mean} us`);
  return share;
}

suite('engine/pump under load', (s) => {
  s.testIf(
    absent,
    `sends to ${TARGETS} targets a second, in time, without a packet skipped`,
    async () => {
      const places = await openPlaces();
      let share = 0;
      for (let attempt = 0; attempt < ATTEMPTS && share < SHARE_LEAST; attempt++) {
        const seen = await measure(places);
        share = punctuality(seen);

        const sent = sum(seen, (state) => state.sent);
        const received = sum(seen, (state) => state.received);
        is(
          sum(seen, (state) => state.skipped),
          0,
        );
        ok(Math.abs(sent - TARGETS * SECONDS) <= 0.02 * TARGETS * SECONDS, `${sent} sent`);
        is(received + seen.figures.inflight, sent);
        is(
          sum(seen, (state) => state.quality.kernel),
          received,
        );
      }
      await places.close();
      ok(share >= SHARE_LEAST, `${share} within 20 ms`);
    },
    100_000,
  );
});
