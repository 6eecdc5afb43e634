import { equal, is } from 'uvu/assert';
import {
  newPingTarget,
  type PingTarget,
  summaryOf,
  takeFate,
  unresolvedLine,
} from '../../../src/cli/ping/lines.ts';
import type { LogKind, LogLine } from '../../../src/engine/readers.ts';
import { suite } from '../../helper.ts';
import { bytesOf } from '../../native/wire.ts';

const PLACE = { host: 'example.test', ip: '192.0.2.7', family: 'v4' as const };
const NULLS = { rttNs: null, quality: null, ttl: null };

function fate(kind: LogKind, attempt: number, part: Partial<LogLine> = {}): LogLine {
  const address = new Uint8Array(16);
  address.set(bytesOf('192.0.2.1'));
  return { kind, series: 3, attempt, ...NULLS, sentMs: 1e12 + attempt, info: 0, address, ...part };
}

function answered(kind: LogKind, attempt: number, rttNs: number): LogLine {
  return fate(kind, attempt, { rttNs, quality: 'kernel', ttl: 57 });
}

function target(): PingTarget {
  return newPingTarget(PLACE, 3);
}

suite('cli/ping/lines', (s) => {
  for (const kind of ['reply', 'late', 'duplicate'] as const) {
    s.test(`a ${kind} tells all that came`, () => {
      equal(takeFate(target(), answered(kind, 4, 5e6)), {
        type: kind,
        ...PLACE,
        seq: 4,
        rttNs: 5e6,
        quality: 'kernel',
        ttl: 57,
        timeMs: 1e12 + 4,
      });
    });
  }

  s.test('a lost echo tells nulls', () => {
    const line = { type: 'lost', ...PLACE, seq: 2, ...NULLS, timeMs: 1e12 + 2 };
    equal(takeFate(target(), fate('lost', 2)), line);
  });

  s.test('an ICMP error tells who sent it, and its loss is told once', () => {
    const one = target();

    const error = takeFate(one, fate('icmp-error', 2, { info: 3 * 256 + 1 }));
    const lost = takeFate(one, fate('lost', 2));
    const other = takeFate(one, fate('lost', 3));

    equal([error?.type, error?.reason, error?.from], ['error', 'host unreachable', '192.0.2.1']);
    is(lost, null);
    is(other?.type, 'lost');
    is(one.lost, 2);
  });

  s.test('a refused send and a stepped clock are errors with their reason', () => {
    const refused = takeFate(target(), fate('send-error', 0, { info: 101 }));
    const stepped = takeFate(target(), fate('discarded', 0));

    equal([refused?.type, refused?.reason], ['error', 'no route (ENETUNREACH)']);
    equal([stepped?.type, stepped?.reason], ['error', 'the clock was stepped: no figure']);
  });

  s.test('an error quoted over IPv6 is worded as such', () => {
    const v6 = newPingTarget({ host: 'x', ip: '2001:db8::1', family: 'v6' }, 1);
    const address = bytesOf('2001:db8::7');

    const line = takeFate(v6, fate('icmp-error', 0, { info: 3 * 256, address }));

    equal([line?.reason, line?.from], ['hop limit exceeded', '2001:db8::7']);
  });

  s.test('the summary has the figures of the replies', () => {
    const one = target();
    one.sent = 5;
    for (const [attempt, rttNs] of [4e6, 6e6, 5e6].entries()) {
      takeFate(one, answered('reply', attempt, rttNs));
    }
    takeFate(one, answered('duplicate', 1, 9e6));
    takeFate(one, fate('lost', 3));
    takeFate(one, answered('late', 3, 70e6));

    equal(summaryOf(one), {
      type: 'summary',
      ...PLACE,
      sent: 5,
      received: 3,
      lost: 1,
      duplicates: 1,
      rttNs: { min: 4e6, p10: 4e6, p50: 5e6, p90: 6e6, p99: 6e6, max: 6e6, mean: 5e6, stddev: 1e6 },
      jitterNs: 1.5e6,
    });
    is(one.latestNs, 70e6);
  });

  s.test('a summary without replies has nulls', () => {
    const { rttNs, jitterNs } = summaryOf(target());

    equal([rttNs, jitterNs], [null, null]);
  });

  s.test('the last outcomes are kept for the picture, and no more than that', () => {
    const one = target();

    for (let attempt = 0; attempt < 600; attempt++) takeFate(one, answered('reply', attempt, 1e6));
    takeFate(one, fate('lost', 600));

    is(one.recent.length, 512);
    is(one.recent.at(-1), null);
  });

  s.test('a name without address is an error without a probe', () => {
    equal(unresolvedLine('x.test', null, 'no such name'), {
      type: 'error',
      host: 'x.test',
      ip: null,
      family: null,
      seq: null,
      ...NULLS,
      timeMs: null,
      reason: 'no such name',
    });
  });
});
