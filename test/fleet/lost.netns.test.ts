// timeout: 240 s
// waits
// Between board and control requests and answers get lost, come in half and come twice; and
// somebody on the way sends again what he saw.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import {
  CONTROL_ADDRESS,
  type FleetLab,
  hurried,
  missingFleetLab,
  openFleetLab,
  PLAIN_PORT,
  PORT,
  TARGETS,
} from './lab.ts';
import type { LabBoard } from './lab-board.ts';
import { type LossyProxy, type Mishap, openLossyProxy } from './proxy.ts';

const missing = missingFleetLab();
const ENROLL = '/api/v1/enroll';
const CONFIG = '/api/v1/config';
const REPORT = '/api/v1/report';
const MISHAPS: readonly Mishap[] = ['lose-request', 'lose-answer', 'half-answer', 'double'];

suite('fleet/lost', (s) => {
  let lab: FleetLab;
  let proxy: LossyProxy;
  let board: LabBoard;

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab({ isBehindProxy: true });
    const { namespace, certFile, keyFile } = lab;
    const place = { address: CONTROL_ADDRESS, port: PORT, controlPort: PLAIN_PORT };
    proxy = await openLossyProxy({ namespace, certFile, keyFile, ...place });
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
    'a board whose enrolment fails in every way is bound all the same, and the token is used once',
    async () => {
      for (const mishap of MISHAPS) {
        proxy.befall(`${ENROLL}/challenge`, mishap);
        proxy.befall(ENROLL, mishap);
      }
      await board.startProbe();
      await board.startAgent();
      await hurried(
        board,
        () => lab.probe('kiel'),
        ({ health, config }) => health === 'well' && config.etag === config.wantedEtag,
        30_000,
      );

      const befallen = proxy.passed.filter(({ path }) => path === ENROLL);
      equal(
        MISHAPS.filter((mishap) => befallen.some((one) => one.mishap === mishap)),
        MISHAPS,
      );
      match((await lab.fleet('claim list')).stdout, /1 of 1|used up/);
      is((await lab.probe('kiel')).candidates.length, 0);
    },
    40_000,
  );

  s.testIf(
    missing,
    'what fails between configuration and report is made good, no round is lost or doubled',
    async () => {
      for (const mishap of MISHAPS) {
        proxy.befall(CONFIG, mishap);
        proxy.befall(REPORT, mishap);
      }
      await lab.saveSet([TARGETS[0], TARGETS[1]]);
      await hurried(
        board,
        () => proxy.passed,
        (passed) =>
          [CONFIG, REPORT].every((path) =>
            MISHAPS.every((mishap) =>
              passed.some((one) => one.path === path && one.mishap === mishap),
            ),
          ),
        30_000,
      );
      const daemon = board.probe();
      const own = (await daemon.rounds()).map((one) => `${one.target} ${one.untilMs}`);
      const told = await hurried(
        board,
        async () => (await lab.rounds('kiel')).map((one) => `${one.target} ${one.untilMs}`),
        (all) => own.every((one) => all.includes(one)),
        25_000,
      );
      is(new Set(told).size, told.length);
      const { config } = await lab.probe('kiel');
      equal([config.etag, config.error], [config.wantedEtag, null]);
    },
    60_000,
  );

  s.testIf(missing, 'an enrolment that is sent again, to the byte, is refused', async () => {
    const key = board.credentials()?.apiKey ?? '';
    const good = proxy.passed.filter(({ path, status }) => path === ENROLL && status === 200);
    ok(good.length > 0);
    for (const { method, body } of good) {
      const headers = { 'content-type': 'application/json' };
      const again = await lab.ask({ method, url: `${lab.origin}${ENROLL}`, body, headers });
      is(again.status, 403);
      match(again.body, '"refused"');
    }
    const { status } = await lab.ask({
      ...{ method: 'GET', url: `${lab.origin}${CONFIG}`, token: key },
    });
    is(status, 200);
  });
});
