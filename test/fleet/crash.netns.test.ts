// timeout: 240 s
// waits
// Control, agent and probe are killed at any moment, many times, while a board enrols, is
// configured and reports. Afterwards all is as if nothing had been, and nothing that was answered
// is lost.
import { equal, is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS, until } from './lab.ts';
import type { LabBoard } from './lab-board.ts';

const missing = missingFleetLab();
const ENROLMENT_KILLS = 6;
const LIFE_KILLS = 10;

suite('fleet/crash', (s) => {
  let lab: FleetLab;
  let board: LabBoard;
  let seed = Number(process.env['FLINT_TEST_SEED'] ?? Date.now() % 100_000);

  /** 0 ≤ x < 1; so that a failure can be repeated. */
  function random(): number {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  }

  async function killControl(): Promise<void> {
    await lab.control().stop('SIGKILL');
    await lab.startControl();
  }

  async function killAgent(): Promise<void> {
    await board.agent().stop('SIGKILL');
    await board.startAgent();
  }

  async function killProbe(): Promise<void> {
    await board.probe().process.stop('SIGKILL');
    await board.startProbe();
  }

  s.before(async () => {
    if (missing !== null) return;
    console.log(`\nFLINT_TEST_SEED=${seed}`);
    lab = await openFleetLab();
    await lab.saveSet([TARGETS[0]]);
    const claimToken = (await lab.fleet('claim add --label lab --uses 1 --for 1d')).stdout.trim();
    board = await lab.board({ claimToken });
    await lab.fleet(`add --mac ${board.mac} --hardware r2s --name kiel`);
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'killed at random moments of its enrolment, the board keeps its key and is bound',
    async () => {
      let identity: string | null = null;
      for (let n = 0; n < ENROLMENT_KILLS; n++) {
        const isControl = random() < 0.3;
        const starting = board.startAgent().catch(() => null);
        await sleep(random() * 900);
        if (isControl) await killControl();
        await board.agent().stop('SIGKILL');
        await starting;
        const now = board.identity();
        if (identity !== null) is(now, identity);
        identity = now;
      }
      await board.startProbe();
      await board.startAgent();
      const { apiKey } = (await hurried(
        board,
        () => board.credentials(),
        (given) => given !== null,
      )) ?? { apiKey: '' };
      match(apiKey, /^flint_probe_/);
      is(board.identity(), identity ?? board.identity());
      match((await lab.fleet('claim list')).stdout, /1 of 1|used up/);
    },
    40_000,
  );

  s.testIf(
    missing,
    'killed at random moments of its life, it converges, and no told round is lost',
    async () => {
      const identity = board.identity();
      const told = new Set<string>();
      const keep = async (): Promise<void> => {
        for (const one of await lab.rounds('kiel')) told.add(keyOf(one));
      };
      for (let n = 0; n < LIFE_KILLS; n++) {
        if (n % 4 === 0) await lab.saveSet(TARGETS.slice(0, 1 + ((n / 4) % 3)));
        board.hurry();
        await sleep(random() * 700);
        // Each of them, whatever the seed; the probe seldom, or it would close no round.
        await (n % 5 === 2 ? killProbe : random() < 0.5 ? killControl : killAgent)();
        await keep();
      }
      await lab.saveSet(TARGETS);
      await hurried(
        board,
        () => lab.probe('kiel'),
        ({ health, config }) => health === 'well' && config.etag === config.wantedEtag,
        25_000,
      );

      is(board.identity(), identity);
      const after = new Set((await lab.rounds('kiel')).map(keyOf));
      equal(
        [...told].filter((one) => !after.has(one)),
        [],
      );
      // What the probe's own store has of the last minutes gets there, too.
      const daemon = board.probe();
      const own = (
        await daemon.until(
          () => daemon.rounds(),
          ({ length }) => length >= TARGETS.length,
        )
      ).map(keyOf);
      await hurried(
        board,
        async () => new Set((await lab.rounds('kiel')).map(keyOf)),
        (all) => own.every((one) => all.has(one)),
        25_000,
      );
    },
    80_000,
  );

  s.testIf(missing, 'both databases are whole, and a backup is judged so', async () => {
    await lab.control().stop('SIGKILL');
    const { stdout } = await lab.namespace.exec(process.execPath, [
      '-e',
      INTEGRITY,
      `${lab.directory}/control/control/control.db`,
      `${lab.directory}/control/control/history.db`,
    ]);
    is(stdout, 'ok ok');
    await lab.startControl();
    await lab.onControl(`backup ${lab.directory}/backup.db`);
    await until(
      () => lab.ask({ method: 'GET', url: `${lab.origin}/healthz` }),
      ({ status }) => status === 200,
    );
  });
});

const INTEGRITY = `
const Database = require('${process.cwd()}/node_modules/better-sqlite3');
const judged = process.argv.slice(1).map((file) =>
  new Database(file).pragma('integrity_check', { simple: true }));
process.stdout.write(judged.join(' '));
`;

function keyOf(round: { target: string; family: string; untilMs: number }): string {
  return `${round.target} ${round.family} ${round.untilMs}`;
}
