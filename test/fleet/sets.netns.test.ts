// timeout: 90 s
// What boards measure is edited while they measure; and what they leave out or hold back shows
// where it was asked for.
import { equal, is, match, ok } from 'uvu/assert';
import type { Round } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { capture } from '../lab/capture.ts';
import { sleep } from '../lab/net.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS } from './lab.ts';
import { BOARD_DEVICE, type LabBoard } from './lab-board.ts';

const missing = missingFleetLab('tcpdump');
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

  s.testIf(
    missing,
    'a set that asks for too much and for the home: nothing leaves for the home, and it shows',
    async () => {
      const home = ['10.50.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '127.0.0.1'];
      const many = Array.from({ length: 1000 }, (_, n) => ({ id: `v${n}`, host: NEW }));
      const smokeping = {
        ...{ round: '5s', timeout: '500ms', interval: '10ms' },
        targets: [...home.map((host) => ({ id: `home-${host}`, host })), KEPT, ...many],
      };
      const path = { interval: '5s', packetsPerSecond: 10_000, targets: [...home, KEPT] };
      const wire = await capture(board.namespace, BOARD_DEVICE);
      const beganMs = performance.now();
      await lab.saveSet([], { smokeping, path });
      await applied();
      await sleep(6000);
      const seconds = (performance.now() - beganMs) / 1000;
      const sent = (await wire.stop()).filter(({ kind }) => kind === 'request');

      const destinations = new Set(sent.map(({ destination }) => destination));
      equal(
        [...destinations].filter((one) => !one.startsWith('93.184.216.')),
        [],
      );
      const perSecond = sent.filter(({ destination }) => destination === NEW).length / seconds;
      console.log(`\n100000/s were asked for, ${perSecond.toFixed(1)}/s left`);
      ok(perSecond <= 50, `${perSecond}/s`);
      const { config } = await lab.probe('kiel');
      match(config.capped.join('\n'), NEW);
      match((await lab.page('/probes/kiel')).body, 'Held back by its own policy');
      match((await lab.fleet('show kiel')).stdout, /policy|held back|capped/i);
    },
    40_000,
  );
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
