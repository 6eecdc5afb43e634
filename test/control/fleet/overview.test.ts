import { equal, is, match, ok } from 'uvu/assert';
import { lookAtFleet } from '../../../src/control/fleet/overview.ts';
import { noticeOf } from '../../../src/control/page/overview-words.ts';
import { suite } from '../../helper.ts';
import { add, inLab, macOf, say } from '../fleet-lab.ts';
import { eventAt, reportOf } from '../report-lab.ts';

const words = async (text: unknown): Promise<string> => String(await text).replace(/<[^>]*>/g, '');

suite('control/fleet/overview', (s) => {
  s.test('an empty fleet is looked at, too', async () => {
    await inLab(async ({ context }) => {
      const { counts, findings } = await lookAtFleet(context);
      equal(Object.values(counts), [0, 0, 0, 0, 0, 0]);
      equal(findings, []);
    });
  });

  s.test('counts follow a change at once, findings within a minute', async () => {
    await inLab(async ({ context, clock }) => {
      await add(context, { mac: macOf(1), name: 'one' });
      is((await lookAtFleet(context)).counts.waiting, 1);
      await say(context, 'one', reportOf());
      is((await lookAtFleet(context)).counts.well, 1);
      clock.nowMs += 300_000;
      const { counts, findings } = await lookAtFleet(context);
      is(counts.silent, 1);
      is(findings[0]?.kind, 'silent');
    });
  });

  s.test('shifts of several probes become one sentence with the router that is new', async () => {
    await inLab(async ({ context, clock }) => {
      for (let index = 0; index < 6; index++) {
        const name = `p${index}`;
        await add(context, { mac: macOf(index), name });
        const isSlow = index < 3;
        const via = isSlow ? '192.0.2.9' : '192.0.2.2';
        await say(
          context,
          name,
          reportOf({
            series: [series],
            paths: [{ ...path, hops: ['10.0.0.1', via, '203.0.113.1'] }],
          }),
        );
        if (isSlow) await tell(context, index + 1, clock.nowMs);
      }
      const [first, ...rest] = (await lookAtFleet(context)).findings;
      is(rest.length, 0);
      ok(first !== undefined);
      const { title, detail, tone } = noticeOf(first, clock.nowMs);
      is(tone, 'warn');
      match(
        await words(title),
        /IPv4 to a is 5\.80\u202fms slower from 3 of 6 probes since 11:50 UTC/,
      );
      match(await words(detail), /All three now pass 192\.0\.2\.9; the other 3 do not\./);
    });
  });

  s.test('each kind has its own words', async () => {
    const now = Date.parse('2026-11-22T14:30:00Z');
    const series1 = [{ target: 'a', family: 'v4' as const }];
    const base = { series: series1, probes: ['x'], of: 3, fromMs: now - 1e6, deltaNs: null };
    const say1 = async (finding: Parameters<typeof noticeOf>[0]): Promise<string> => {
      const { title, detail } = noticeOf(finding, now);
      return `${await words(title)} ${await words(detail)}`;
    };
    match(
      await say1({ ...base, kind: 'outage', shared: null }),
      /^a \(IPv4\) does not answer x since/,
    );
    match(
      await say1({ ...base, kind: 'outage', probes: ['x', 'y', 'z'], shared: null }),
      /does not answer all 3 probes .* more likely the target/,
    );
    match(
      await say1({ ...base, kind: 'path', shared: null }),
      /^The path to a \(IPv4\) from x changed at/,
    );
    match(
      await say1({ ...base, kind: 'shift', deltaNs: -2e6, shared: null }),
      /is 2\.00\u202fms faster from x/,
    );
    const silent = {
      kind: 'silent' as const,
      ...{ probes: ['x'], fromMs: now - 1_380_000, untilMs: now - 1_380_000, shared: null },
      ...{ neighbours: { prefix: '198.51.100.0/24', well: 3, silent: 0 }, isEverybody: false },
    };
    is(
      await say1(silent),
      'x silent for 23\u202fmin. Last seen 14:07 UTC behind 198.51.100.0/24 ' +
        'with 3 others that are heard: the line, not the region.',
    );
    match(await say1({ ...silent, isEverybody: true }), /look at the line of this control first/);
  });
});

const series = {
  ...{ target: 'a', host: 'a.example', family: 'v4' as const, ip: '203.0.113.1' },
  ...{ state: 'measuring' as const, reason: null },
};
const path = {
  ...{ target: 'a', host: 'a.example', family: 'v4' as const, ip: '203.0.113.1' },
  ...{ protocol: 'icmp' as const, state: 'tracing' as const, sinceMs: null },
};

async function tell(
  context: Parameters<typeof lookAtFleet>[0],
  probeId: number,
  nowMs: number,
): Promise<void> {
  const fromMs = nowMs - 600_000;
  const own = { target: 'a', family: 'v4' as const, fromMs, untilMs: fromMs };
  const detail = { before: '10.0.0.1 192.0.2.2', after: '10.0.0.1 192.0.2.9', ttl: 2 };
  const shift = { beforeNs: 8e6, afterNs: 13.8e6 };
  for (const event of [
    eventAt('p', { ...own, kind: 'path', detail }),
    eventAt('s', { ...own, kind: 'shift', detail: shift }),
  ]) {
    const { id, kind, target, family, untilMs, scope } = event;
    await context.store.write(async (db) => {
      await db
        .insertInto('probe_events')
        .values({
          ...{ probeId, eventId: id, kind, target, family, fromMs, untilMs, scope },
          ...{ detail: JSON.stringify(event.detail), heardMs: nowMs },
        })
        .execute();
    });
  }
}
