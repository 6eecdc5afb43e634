// timeout: 240 s
// waits
// What boards measure is edited while they measure; and what they leave out shows where it was
// asked for.
import { equal, is, match, ok } from 'uvu/assert';
import type { Round } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS } from './lab.ts';
import type { LabBoard } from './lab-board.ts';

const missing = missingFleetLab();
const [KEPT, LEFT, NEW] = TARGETS;

suite('fleet/sets', (s) => {
  let lab: FleetLab;
  let board: LabBoard;

  async function applied(): Promise<void> {
    await hurried(
      board,
      () => lab.probe('kiel'),
      ({ config }) => config.etag === config.wantedEtag,
    );
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab();
    await lab.saveSet([KEPT, LEFT]);
    const claimToken = (await lab.fleet('claim add --label lab --for 1d')).stdout.trim();
    board = await lab.board({ claimToken });
    await lab.fleet(`add --mac ${board.mac} --hardware r2s --name kiel`);
    await board.startProbe();
    await board.startAgent();
    await applied();
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'a target that stays goes on without a gap, a new one is measured',
    async () => {
      const daemon = board.probe();
      await daemon.until(
        () => daemon.rounds(),
        (rounds) => rounds.some(({ target }) => target === KEPT),
      );
      const changedMs = performance.now();
      await lab.saveSet([KEPT, NEW]);
      await applied();
      console.log(`\nedited set in force after ${Math.round(performance.now() - changedMs)} ms`);
      const rounds = await daemon.until(
        () => daemon.rounds(),
        (all) => all.some(({ target }) => target === NEW),
      );

      const kept = rounds.filter(({ target }) => target === KEPT);
      assertContinuous(kept);
      for (const round of kept) equal([round.lost, round.sendErrors], [0, {}]);
      const shown = await hurried(
        board,
        () => lab.rounds('kiel'),
        (all) => all.some(({ target }) => target === NEW),
      );
      // What the control has is what the board measured, each once.
      const own = new Set(rounds.map((one) => `${one.target} ${one.family} ${one.untilMs}`));
      const told = shown.map((one) => `${one.target} ${one.family} ${one.untilMs}`);
      is(new Set(told).size, told.length);
      ok(told.filter((one) => own.has(one)).length >= 3);
    },
    40_000,
  );

  s.testIf(missing, 'a round of another length waits for the next start, and says so', async () => {
    const smokeping = { round: '10s', timeout: '500ms', interval: '500ms', targets: [KEPT, NEW] };
    await lab.saveSet([], { smokeping });
    await applied();

    const { config } = await lab.probe('kiel');
    equal(config.unsupported, ['measurements.smokeping.round (until the probe starts again)']);
    match((await lab.page('/probes/kiel')).body, 'measurements.smokeping.round');
    await lab.saveSet([KEPT, NEW]);
    await applied();
    equal((await lab.probe('kiel')).config.unsupported, []);
  });
});

/** Of one target: each round has the next sequence and begins where the one before ended. */
function assertContinuous(rounds: readonly Round[]): void {
  const families = new Set(rounds.map(({ family }) => family));
  for (const family of families) {
    const own = rounds.filter((one) => one.family === family);
    own.sort((a, b) => a.sequence - b.sequence);
    for (const [n, round] of own.entries()) {
      const before = own[n - 1];
      if (before === undefined) continue;
      equal([round.sequence, round.fromMs], [before.sequence + 1, before.untilMs]);
    }
  }
}
