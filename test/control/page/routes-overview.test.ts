import { equal, is, match } from 'uvu/assert';
import { addProbe } from '../../../src/control/fleet/probes.ts';
import { suite } from '../../helper.ts';
import { openLab, SYSTEM } from '../lab.ts';

suite('routes-overview', (s) => {
  s.test('counts by health and tells what hurts without a tag', async () => {
    const lab = await openLab();
    try {
      const { context, clock } = lab;
      for (const name of ['a', 'b']) {
        const mac = `02:00:5e:10:00:0${name}`;
        await addProbe(context, SYSTEM, { mac, name: `probe-${name}`, hardware: 'generic' });
      }
      const state = { seenFrom: '192.0.2.1', version: '1', bootId: 'b', badness: 0, report: '{}' };
      await context.store.write((db) =>
        db
          .insertInto('probe_states')
          .values({ probeId: 1, seenMs: clock.nowMs - 23 * 60_000, ...state })
          .execute(),
      );
      await context.store.write((db) =>
        db.updateTable('probes').set({ publicKey: 'k', boundMs: 1 }).where('id', '=', 1).execute(),
      );
      const as = await lab.token('viewer');
      const answer = await lab.ask({ url: '/api/v1/overview', as });

      is(answer.status, 200, answer.text);
      const { counts, notices } = answer.json as {
        counts: Record<string, number>;
        notices: { tone: string; title: string; detail: string }[];
      };
      equal([counts['silent'], counts['waiting'], counts['well']], [1, 1, 0]);
      is(notices[0]?.tone, 'bad');
      match(notices[0]?.title ?? '', /^probe-a silent for 23\smin\./);
      is(answer.text.includes('<'), false);
      is((await lab.ask({ url: '/api/v1/overview' })).status, 401);
    } finally {
      await lab.close();
    }
  });
});
