// timeout: 240 s
// waits
// Thirty boards are switched on at once: six real ones, the others scripted.
import { is, match, ok } from 'uvu/assert';
import { type Board, makeBoard } from '../control/enroll-lab.ts';
import { suite } from '../helper.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS, until } from './lab.ts';
import type { LabBoard } from './lab-board.ts';

const missing = missingFleetLab();
const REAL = 6;
const SCRIPTED = 24;

suite('fleet/crowd', (s) => {
  let lab: FleetLab;
  let claimToken = '';
  const real: LabBoard[] = [];
  let scripted: Board[] = [];

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab();
    await lab.saveSet([TARGETS[0]]);
    const made = await lab.fleet(`claim add --label crowd --uses ${REAL + SCRIPTED - 1} --for 1d`);
    claimToken = made.stdout.trim();
    for (let n = 0; n < REAL; n++) real.push(await lab.board({ claimToken }));
    scripted = Array.from({ length: SCRIPTED }, (_, n) =>
      makeBoard(`02:00:5e:20:00:${n.toString(16).padStart(2, '0')}`),
    );
    for (const { mac } of [...real, ...scripted]) {
      await lab.api('POST', '/api/v1/probes', { mac, hardware: 'r2s' });
    }
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'all but one are bound by a token that is good for one less, each to its own name',
    async () => {
      const beganMs = performance.now();
      const starting = real.map((board) => board.startAgent());
      const replies = await Promise.all(
        scripted.map((board) => lab.enrol(board, { claimToken, hardware: 'r2s' })),
      );
      await Promise.all(starting);
      const bound = async () =>
        (await lab.api<{ total: number }>('GET', '/api/v1/probes?state=bound&limit=1')).total;
      const [first] = real;
      ok(first);
      await hurried(first, bound, (total) => total === REAL + SCRIPTED - 1, 30_000);
      console.log(
        `\n${REAL + SCRIPTED - 1} bound in ${Math.round(performance.now() - beganMs)} ms`,
      );

      // A board keeps what it got a moment after the control has bound it.
      const names = await until(
        async () => [
          ...replies
            .filter(({ status }) => status === 200)
            .map(({ body }) => (JSON.parse(body) as { probe: { name: string } }).probe.name),
          ...real.flatMap((board) => board.credentials()?.probe ?? []),
        ],
        ({ length }) => length === REAL + SCRIPTED - 1,
      );
      is(names.length, REAL + SCRIPTED - 1);
      is(new Set(names).size, names.length);
      await until(
        () => lab.api<{ total: number }>('GET', '/api/v1/probes?state=pending'),
        ({ total }) => total === 1,
      );
      match((await lab.fleet('claim list')).stdout, /29 of 29|used up/);
    },
    60_000,
  );

  s.testIf(
    missing,
    'every one gets a configuration of its own name, and all measure the same',
    async () => {
      const bound = real.filter((board) => board.credentials() !== null);
      const documents = await Promise.all(
        bound.map(async (board) => {
          const { apiKey: token } = board.credentials() ?? { apiKey: '' };
          const url = `${lab.origin}/api/v1/config`;
          const reply = await lab.ask({ method: 'GET', url, token });
          is(reply.status, 200);
          const { hostname, ...rest } = JSON.parse(reply.body) as { hostname: string };
          is(hostname, board.credentials()?.probe);
          match(JSON.stringify(rest), TARGETS[0]);
          return JSON.stringify(rest);
        }),
      );
      ok(bound.length >= REAL - 1);
      is(new Set(documents).size, 1);
    },
    20_000,
  );
});
