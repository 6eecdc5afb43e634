import { deepEqual, equal } from 'node:assert/strict';
import {
  type Asking,
  CANDIDATES_MAX,
  CANDIDATES_OF_SOURCE_MAX,
  type EnrollStore,
  enrollStore,
  FOREIGN_KEYS_MAX,
  type KnownProbe,
} from '../../../src/control/enroll/store.ts';
import { sourcePrefixOf } from '../../../src/control/request/source-prefix.ts';
import { suite } from '../../helper.ts';
import { register } from '../enroll-lab.ts';
import { type Lab, NOW_MS, openLab } from '../lab.ts';

const MAC = '02:00:5e:10:00:01';

function askingOf(key: string, from: string, nowMs = NOW_MS): Asking {
  const publicKey = key.padEnd(43, '0');
  const about = { model: null, hardware: null, version: '1', node: '20' };
  const payload = { mac: MAC, publicKey, ...about, sshHostKey: null, claimToken: null };
  const sourcePrefix = sourcePrefixOf(from);
  return { payload, publicKey, fingerprint: key, from, sourcePrefix, nowMs };
}

async function withStore(run: (store: EnrollStore, probe: KnownProbe, lab: Lab) => void) {
  const lab = await openLab();
  try {
    await register(lab, 'probe01', MAC);
    const store = enrollStore(lab.context.store.raw, sourcePrefixOf);
    const probe = store.probeOf(MAC);
    if (probe === null) throw new Error('no probe');
    run(store, probe, lab);
  } finally {
    await lab.close();
  }
}

function column(lab: Lab, sql: string): unknown[] {
  return lab.context.store.raw.prepare(sql).pluck().all();
}

suite('control/enroll/store', (s) => {
  s.test('one source takes three places among the candidates, all of them eight', () =>
    withStore((store, probe, lab) => {
      store.keepCandidate(probe, askingOf('honest', '203.0.113.9'));
      for (let i = 0; i < 40; i++) {
        store.keepCandidate(probe, askingOf(`flood${i}`, `198.51.100.${i}`, NOW_MS + i));
      }
      const keys = column(lab, 'select fingerprint from candidates order by id');
      equal(keys.length, 1 + CANDIDATES_OF_SOURCE_MAX);
      deepEqual([keys[0], keys.at(-1)], ['honest', 'flood39']);

      for (let i = 0; i < 40; i++) {
        store.keepCandidate(probe, askingOf(`wide${i}`, `10.0.${i}.1`, NOW_MS + 100 + i));
      }
      equal(store.candidatesOf(probe.id), CANDIDATES_MAX);
    }),
  );

  s.test('one that asks again is the same candidate, with its newest words', () =>
    withStore((store, probe, lab) => {
      store.keepCandidate(probe, askingOf('a', '203.0.113.9'));
      store.keepCandidate(probe, askingOf('a', '203.0.113.10', NOW_MS + 5));

      const [row] = lab.context.store.raw.prepare('select * from candidates').all() as never[];
      const { seenFrom, firstMs, lastMs, attempts } = row as unknown as Record<string, unknown>;
      deepEqual([seenFrom, firstMs, lastMs, attempts], ['203.0.113.10', NOW_MS, NOW_MS + 5, 2]);
    }),
  );

  s.test('who comes now is kept also when the clock was set back', () =>
    withStore((store, probe, lab) => {
      for (let i = 0; i < 8; i++) {
        store.keepCandidate(probe, askingOf(`old${i}`, `10.0.${i}.1`, NOW_MS + i));
      }

      store.keepCandidate(probe, askingOf('now', '203.0.113.9', NOW_MS - 3_600_000));

      const keys = column(lab, 'select fingerprint from candidates order by id');
      equal(keys.includes('now'), true);
      equal(keys.includes('old0'), false);
    }),
  );

  s.test('foreign keys are one event each, with a count, and only so many of a probe', () =>
    withStore((store, probe, lab) => {
      for (let i = 0; i < 3; i++) {
        store.keepForeign(probe, askingOf('thief', '198.51.100.1', NOW_MS + i));
      }
      const detail = JSON.parse(String(column(lab, 'select detail from probe_events')[0]));
      deepEqual([detail.attempts, detail.fingerprint, detail.from], [3, 'thief', '198.51.100.1']);
      deepEqual(column(lab, 'select untilMs - fromMs from probe_events'), [2]);

      for (let i = 0; i < 200; i++) {
        store.keepForeign(probe, askingOf(`t${i}`, '198.51.100.1', NOW_MS + 10 + i));
      }
      equal(column(lab, 'select eventId from probe_events').length, FOREIGN_KEYS_MAX);
      const newest = column(lab, 'select max(heardMs) from probe_events');
      deepEqual(newest, [NOW_MS + 209]);
    }),
  );

  s.test('what is not worth a row is counted', () =>
    withStore((store, _probe, lab) => {
      for (let i = 0; i < 3; i++) store.countIgnored();

      deepEqual(column(lab, "select value from meta where key = 'enrollIgnored'"), ['3']);
    }),
  );
});
