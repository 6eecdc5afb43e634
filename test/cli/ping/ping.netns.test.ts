// `flint ping --json` on a network whose every loss, copy and delay is known: exact counts, the
// shape of each line, and what it says when things go wrong.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { requireLab } from '../../lab/net.ts';
import { openPlaces, type Places } from '../../native/places.ts';
import { countBy, flint, type Line, parseLines, type Summary } from '../flint.ts';

const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
  dst 10.9.1.0/24 loss every 7 duplicate every 5 1 1ms
  dst fd09::1:0/112 loss every 7 duplicate every 5 2 1ms
  dst 10.9.2.0/24 delay 120ms
  dst 10.9.3.0/24 reorder every 4 80ms
  dst 10.9.4.0/24 error always host-unreachable min
  dst fd09::4:0/112 error always admin-prohibited full
  dst 10.9.5.0/24 loss always
  dst 10.9.6.0/24 corrupt every 2 cookie
  dst 10.9.7.0/24 truncate every 2 30
  dst 10.9.8.0/24 source 10.9.200.1
  dst fd09::9:0/112 corrupt every 2 checksum
  dst 10.9.10.0/24 ttl 17
`;
const LINE_KEYS = ['type', 'host', 'ip', 'family', 'seq', 'rttNs', 'quality', 'ttl', 'timeMs'];
const SUMMARY_KEYS = [
  ...['type', 'host', 'ip', 'family', 'sent', 'received', 'lost', 'duplicates', 'rttNs'],
  'jitterNs',
];
const FIGURE_KEYS = ['min', 'p10', 'p50', 'p90', 'p99', 'max', 'mean', 'stddev'];

const missing = requireLab();
let places: Places;

async function ping(words: string): Promise<{
  code: number | null;
  lines: Line[];
  summaries: Summary[];
  stderr: string;
}> {
  const { code, stdout, stderr } = await flint(places.near, `ping --json ${words}`);
  return { code, stderr, ...parseLines(stdout) };
}

function counts({ sent, received, lost, duplicates }: Summary): number[] {
  return [sent, received, lost, duplicates];
}

function seqsOf(lines: readonly Line[], type: string): number[] {
  return lines.filter((line) => line.type === type).map(({ seq }) => seq ?? Number.NaN);
}

function upTo(count: number, isWanted: (seq: number) => boolean): number[] {
  return Array.from({ length: count }, (_, seq) => seq).filter(isWanted);
}

suite('flint ping --json', (s) => {
  s.before(async () => {
    if (missing === null) places = await openPlaces(SCENARIO);
  });
  s.after(async () => {
    if (missing === null) await places.close();
  });

  for (const [host, family, copies] of [
    ['10.9.1.1', 'v4', 1],
    ['fd09::1:1', 'v6', 2],
  ] as const) {
    s.testIf(missing, `counts what ${host} lost and doubled, packet by packet`, async () => {
      const { code, lines, summaries, stderr } = await ping(`-c 100 -i 10ms -W 2s ${host}`);

      const isLost = (seq: number) => (seq + 1) % 7 === 0;
      const answered = upTo(100, (seq) => !isLost(seq));
      // The pattern counts packets, lost ones too; a lost one has no copy.
      const doubled = seqsOf(lines, 'duplicate');
      equal([code, stderr], [0, '']);
      equal(seqsOf(lines, 'reply'), answered);
      equal(seqsOf(lines, 'lost'), upTo(100, isLost));
      is(doubled.length % copies, 0);
      equal(
        countBy(lines, ({ type }) => type),
        {
          reply: 86,
          lost: 14,
          duplicate: doubled.length,
        },
      );
      ok(doubled.length >= 16 * copies && doubled.length <= 20 * copies, `${doubled.length}`);
      is(summaries.length, 1);
      const [summary] = summaries;
      if (summary === undefined) return;
      equal(counts(summary), [100, 86, 14, doubled.length]);
      equal([summary.host, summary.ip, summary.family], [host, host, family]);
      const median = summary.rttNs?.['p50'] ?? Number.NaN;
      // The reflector's delay is the least: on a busy machine it wakes up late.
      ok(median > 4.5e6 && median < 10e6, `median ${median} ns`);
    });
  }

  s.testIf(missing, 'tells as many copies as the reflector made', async () => {
    const before = await places.reflector.counters();
    const { summaries } = await ping('-c 60 -i 10ms -W 300ms 10.9.1.2 fd09::1:2');
    const after = await places.reflector.counters();

    const made = [after.requests, after.replied, after.lost, after.copied];
    const were = [before.requests, before.replied, before.lost, before.copied];
    const sums = [0, 1, 2, 3].map((i) =>
      summaries.map(counts).reduce((sum, one) => sum + (one[i] ?? 0), 0),
    );
    equal(
      sums,
      made.map((count, i) => count - (were[i] ?? 0)),
    );
  });

  s.testIf(missing, 'prints the same keys in each line, and nulls where nothing came', async () => {
    const before = Date.now();
    const { lines, summaries } = await ping('-c 7 -i 10ms -W 100ms 10.9.1.3 10.9.5.1 10.9.10.1');
    const after = Date.now();

    for (const line of lines) equal(Object.keys(line), LINE_KEYS);
    for (const summary of summaries) equal(Object.keys(summary), SUMMARY_KEYS);
    const lost = lines.filter(({ type }) => type === 'lost');
    is(lost.length, 8);
    for (const { rttNs, quality, ttl } of lost) equal([rttNs, quality, ttl], [null, null, null]);
    for (const { timeMs } of lines) ok(timeMs !== null && timeMs >= before && timeMs <= after);
    const replies = lines.filter(({ type }) => type === 'reply');
    is(replies.length, 13);
    for (const { rttNs, quality, ttl, host } of replies) {
      ok(rttNs !== null && rttNs > 4e6);
      equal([quality, ttl], ['kernel', host === '10.9.10.1' ? 17 : 64]);
    }
    const silent = summaries.find(({ host }) => host === '10.9.5.1');
    equal([silent?.rttNs, silent?.jitterNs], [null, null]);
    const loud = summaries.find(({ host }) => host === '10.9.10.1');
    equal(Object.keys(loud?.rttNs ?? {}), FIGURE_KEYS);
  });

  s.testIf(missing, 'its figures are those of its replies', async () => {
    const { lines, summaries } = await ping('-c 40 -i 10ms -W 300ms 10.9.1.4');

    const replies = lines.filter(({ type }) => type === 'reply');
    const rtts = replies.map(({ rttNs }) => rttNs ?? Number.NaN);
    const sorted = [...rtts].sort((a, b) => a - b);
    const rank = (p: number) => sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1];
    const mean = rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length;
    const squares = rtts.reduce((sum, rtt) => sum + (rtt - mean) ** 2, 0);
    const steps = replies.flatMap(({ seq, rttNs }, i) => {
      const before = replies[i - 1];
      const isNext = before !== undefined && (before.seq ?? 0) + 1 === seq;
      return isNext ? [Math.abs((rttNs ?? 0) - (before.rttNs ?? 0))] : [];
    });
    const { stddev = 0, mean: told = 0, ...exact } = summaries[0]?.rttNs ?? {};
    equal(exact, {
      min: sorted[0],
      p10: rank(0.1),
      p50: rank(0.5),
      p90: rank(0.9),
      p99: rank(0.99),
      max: sorted.at(-1),
    });
    ok(Math.abs(told - mean) < 1);
    ok(Math.abs(stddev - Math.sqrt(squares / (rtts.length - 1))) < 1);
    const jitter = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    ok(Math.abs((summaries[0]?.jitterNs ?? 0) - jitter) < 1);
  });

  s.testIf(missing, 'calls an answer after the timeout late, and its echo lost', async () => {
    const { code, lines, summaries } = await ping('-c 10 -i 20ms -W 40ms 10.9.2.1');

    is(code, 1);
    equal(summaries.map(counts), [[10, 0, 10, 0]]);
    equal(
      seqsOf(lines, 'lost'),
      upTo(10, () => true),
    );
    // The last of them come when all is said: it waits as long as the latest was too late.
    equal(
      seqsOf(lines, 'late'),
      upTo(10, () => true),
    );
    for (const { rttNs } of lines.filter(({ type }) => type === 'late')) {
      ok(rttNs !== null && rttNs >= 119e6 && rttNs < 200e6, `${rttNs} ns`);
    }
  });

  s.testIf(missing, 'takes replies in any order', async () => {
    const { code, lines, summaries } = await ping('-c 21 -i 10ms 10.9.3.1');

    const order = seqsOf(lines, 'reply');
    is(code, 0);
    equal(summaries.map(counts), [[21, 21, 0, 0]]);
    equal(
      [...order].sort((a, b) => a - b),
      upTo(21, () => true),
    );
    const overtaken = order.filter((seq, i) => order.slice(0, i).some((one) => one > seq));
    equal(overtaken, [3, 7, 11, 15, 19]);
    const slow = lines.filter(({ rttNs }) => (rttNs ?? 0) > 80e6).map(({ seq }) => seq);
    equal(slow, overtaken);
  });

  s.testIf(missing, 'believes no reply with another cookie, cut, or from elsewhere', async () => {
    const { summaries } = await ping('-c 10 -i 10ms -W 100ms 10.9.6.1 10.9.7.1 10.9.8.1 fd09::9:1');

    equal(summaries.map(counts), [
      [10, 5, 5, 0],
      [10, 5, 5, 0],
      [10, 0, 10, 0],
      [10, 5, 5, 0],
    ]);
  });

  s.testIf(missing, 'tells ICMP errors in words, with who sent them', async () => {
    const { code, lines, summaries } = await ping('-c 3 -i 10ms -W 100ms 10.9.4.1 fd09::4:1');

    is(code, 1);
    equal(summaries.map(counts), [
      [3, 0, 3, 0],
      [3, 0, 3, 0],
    ]);
    equal(
      countBy(lines, ({ type, reason, from }) => `${type}: ${reason} ${from}`),
      {
        'error: host unreachable 10.9.4.1': 3,
        'error: communication administratively prohibited fd09::4:1': 3,
      },
    );
    equal(seqsOf(lines, 'error').sort(), [0, 0, 1, 1, 2, 2]);
    for (const { rttNs, ttl } of lines) equal([rttNs, ttl], [null, null]);
  });

  s.testIf(missing, 'tells why nothing could be sent, without calling it loss', async () => {
    const { code, lines, summaries } = await ping('-c 3 -i 10ms 198.51.100.1 2001:db8::1');

    is(code, 1);
    equal(summaries.map(counts), [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    equal(
      countBy(lines, ({ type, reason }) => `${type}: ${reason}`),
      {
        'error: no route (ENETUNREACH)': 6,
      },
    );
  });

  s.testIf(missing, 'goes on with the others when a name has no address', async () => {
    const { code, lines, summaries } = await ping('-c 2 -i 10ms host.invalid 10.9.0.1');

    is(code, 1);
    equal(
      summaries.map(({ host }) => host),
      ['10.9.0.1'],
    );
    const [error] = lines.filter(({ type }) => type === 'error');
    equal([error?.host, error?.ip, error?.seq, error?.timeMs], ['host.invalid', null, null, null]);
    match(error?.reason ?? '', /^IPv4: .+; IPv6: .+/);
  });

  s.testIf(
    missing,
    'measures a name in both its families, or in the one that is asked',
    async () => {
      const families = async (words: string) => {
        const { code, summaries } = await ping(`-c 2 -i 10ms ${words}`);
        return [code, ...summaries.map(({ host, ip, family }) => `${host} ${ip} ${family}`)];
      };

      const v4 = 'localhost 127.0.0.1 v4';
      const v6 = 'localhost ::1 v6';
      const wishes = ['', '-4 ', '-6 ', '-4 -6 '].map((wish) => families(`${wish}localhost`));
      equal(await Promise.all([...wishes, families('-6 127.0.0.1')]), [
        [0, v4, v6],
        [0, v4],
        [0, v6],
        [0, v4, v6],
        [1],
      ]);
    },
  );

  s.testIf(missing, 'measures a hundred hosts at once', async () => {
    const hosts = Array.from({ length: 50 }, (_, i) => `10.9.0.${i + 1} fd09::${i + 1}`);

    const { code, lines, summaries } = await ping(`-c 10 -i 50ms ${hosts.join(' ')}`);

    is(code, 0);
    equal(
      countBy(summaries, (one) => counts(one).join()),
      { '10,10,0,0': 100 },
    );
    is(lines.length, 1000);
    for (const { seq, type } of lines) ok(type === 'reply' && (seq ?? -1) >= 0 && (seq ?? 10) < 10);
  });
});
