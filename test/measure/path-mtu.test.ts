import { equal, is, ok } from 'uvu/assert';
import type { Family } from '../../src/core/round.ts';
import { findPathMtu, type PathMtu } from '../../src/measure/path-mtu.ts';
import { ANSWERS, type FakeAnswer, openFakeTracer, TIMEOUT_MS } from '../fake/tracer.ts';
import { suite } from '../helper.ts';

const TARGET = '198.51.100.1';
const ROUTER = '192.0.2.5';
const { echo, tooBig, refused } = ANSWERS;
const HEADERS: Readonly<Record<Family, number>> = { v4: 28, v6: 48 };

async function find(
  network: (size: number, number: number) => FakeAnswer | null,
  family: Family = 'v4',
): Promise<PathMtu & { probes: number; tookMs: number }> {
  const fake = openFakeTracer(({ payloadBytes, number }) =>
    network(payloadBytes + HEADERS[family], number),
  );
  const { tracer } = fake;
  let asked = 0;
  const wake = (): void => {
    asked = fake.asked.length;
  };
  const search = findPathMtu({ tracer, trace: 0, family, target: TARGET, mtuMax: 1500, wake });
  let tookMs = 0;
  let isDone = false;
  void search.finally(() => {
    isDone = true;
  });
  for (let turn = 0; turn < 1000 && !isDone; turn++) {
    tookMs += fake.run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  is(asked, fake.asked.length, 'the pump was told of every probe');
  return { ...(await search), probes: fake.asked.length, tookMs };
}

suite('measure/path-mtu', (s) => {
  s.test('the whole size where nothing is in the way', async () => {
    const { mtu, ip, isBlackHole, probes } = await find(() => echo(TARGET));

    equal([mtu, ip, isBlackHole, probes], [1500, null, false, 3]);
  });

  s.test('what a router tells, and which one, the narrowest at last', async () => {
    const found = await find((size) => {
      if (size > 1480) return tooBig('192.0.2.1', 1480);
      return size > 1400 ? tooBig(ROUTER, 1400) : echo(TARGET);
    });

    equal([found.mtu, found.told, found.ip, found.isBlackHole], [1400, 1400, ROUTER, false]);
    ok(found.tookMs < TIMEOUT_MS);
  });

  s.test('a router that is silent about it, in a few time-outs', async () => {
    for (const limit of [1499, 1400, 1399, 577, 68]) {
      const { mtu, ip, isBlackHole, tookMs } = await find((size) =>
        size > limit ? null : echo(TARGET),
      );

      equal([mtu, ip, isBlackHole], [limit, null, true], `${limit}`);
      ok(tookMs <= 5 * TIMEOUT_MS, `${tookMs} ms`);
    }
  });

  s.test('a router that tells 0, or more than it was sent', async () => {
    for (const told of [0, null, 9000, 67]) {
      const { mtu, ip } = await find((size) => (size > 1300 ? tooBig(ROUTER, told) : echo(TARGET)));

      equal([mtu, ip], [1300, ROUTER], `${told}`);
    }
  });

  s.test('loss does not make it smaller', async () => {
    const { mtu } = await find((size, number) =>
      size > 1400 || number % 4 === 0 ? null : echo(TARGET),
    );

    is(mtu, 1400);
  });

  s.test('a narrow link of our own', async () => {
    const {
      mtu,
      ip,
      refused: errno,
    } = await find((size) => (size > 1420 ? refused(90) : echo(TARGET)));

    equal([mtu, ip, errno], [1420, null, 90]);
  });

  s.test('a target that does not answer, at once where nothing does', async () => {
    const silent = await find(() => null);
    const told = await find((size) => (size > 1400 ? tooBig(ROUTER, 1400) : null));

    const six = await find((size) => (size > 1280 ? null : echo(TARGET)), 'v6');

    equal([six.mtu, six.isBlackHole], [1280, true]);
    equal([silent.mtu, silent.told], [null, null]);
    ok(silent.tookMs <= 3 * TIMEOUT_MS, `${silent.tookMs} ms`);
    equal([told.mtu, told.told, told.ip], [null, 1400, ROUTER]);
    is((await find(() => refused(95))).refused, 95);
  });
});
