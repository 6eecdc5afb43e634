// timeout: 240 s
// waits
// What boards hold back of what they are asked for does not leave them, and shows where it was
// asked for.
import { equal, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { capture } from '../lab/capture.ts';
import { sleep } from '../lab/net.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS } from './lab.ts';
import { BOARD_DEVICE, type LabBoard } from './lab-board.ts';

const missing = missingFleetLab('tcpdump');
const [KEPT, NEW] = TARGETS;

suite('fleet/greedy', (s) => {
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
    await lab.saveSet([KEPT]);
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
