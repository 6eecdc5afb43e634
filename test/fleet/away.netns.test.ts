// timeout: 240 s
// waits
// A control that is away for a while, and clocks that do not agree.
import { mkdirSync, writeFileSync } from 'node:fs';
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS } from './lab.ts';
import { type LabBoard, printed } from './lab-board.ts';

const missing = missingFleetLab();
const HOUR_MS = 3_600_000;

suite('fleet/away', (s) => {
  let lab: FleetLab;
  let claimToken = '';
  let board: LabBoard;

  async function join(name: string): Promise<LabBoard> {
    const joining = await lab.board({ claimToken });
    await lab.fleet(`add --mac ${joining.mac} --hardware r2s --name ${name}`);
    return joining;
  }

  async function well(one: LabBoard, name: string): Promise<void> {
    await hurried(
      one,
      () => lab.probe(name),
      ({ health, config }) => health === 'well' && config.etag === config.wantedEtag,
    );
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab();
    await lab.saveSet([TARGETS[0]]);
    claimToken = (await lab.fleet('claim add --label lab --uses 9 --for 1d')).stdout.trim();
    board = await join('kiel');
    await board.startProbe();
    await board.startAgent();
    await well(board, 'kiel');
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'while the control is away its board goes on; then all rounds of the time arrive',
    async () => {
      const daemon = board.probe();
      const { seenMs } = await lab.probe('kiel');
      await lab.control().stop('SIGKILL');
      const before = (await daemon.rounds()).length;
      board.hurry();
      await board.agent().waitFor('no report with', 15_000);
      // Without control and with another start of the agent, too.
      await board.agent().stop('SIGKILL');
      await board.startAgent();
      await daemon.until(
        () => daemon.rounds(),
        ({ length }) => length >= before + 2,
      );
      await lab.startControl();
      await hurried(
        board,
        () => lab.probe('kiel'),
        (probe) => (probe.seenMs ?? 0) > (seenMs ?? 0),
      );
      const own = (await daemon.rounds()).map(({ untilMs }) => untilMs);
      await hurried(
        board,
        async () => (await lab.rounds('kiel')).map(({ untilMs }) => untilMs),
        (told) => own.every((one) => told.includes(one)),
      );
      is((await lab.probe('kiel')).health, 'well');
    },
    40_000,
  );

  s.testIf(
    missing,
    'a board that was not heard for minutes is shown as silent, and recovers',
    async () => {
      const database = `${lab.directory}/control/control/control.db`;
      const { stderr } = await lab.namespace.exec(process.execPath, ['-e', AGED, database]);
      is(stderr, '');
      equal((await lab.probe('kiel')).health, 'silent');
      match((await lab.page('/')).body, /silent|not heard/i);
      match((await lab.fleet('list')).stdout, /kiel +silent/);
      await well(board, 'kiel');
    },
  );

  s.testIf(
    missing,
    'a boot without a control measures what was kept',
    async () => {
      await board.agent().stop('SIGKILL');
      await board.probe().process.stop('SIGKILL');
      await lab.control().stop('SIGKILL');
      board.forgetRun();
      await board.startAgent();
      const daemon = await board.startProbe();
      await daemon.until(
        () => daemon.status(),
        ({ targets }) =>
          targets.some(({ id, state }) => id === TARGETS[0] && state === 'measuring'),
      );
      await lab.startControl();
      await well(board, 'kiel');
    },
    30_000,
  );

  s.testIf(
    missing,
    'a board that remembers a later time than its clock has enrols, and judges no dates',
    async () => {
      const late = await join('ulm');
      mkdirSync(`${late.state}/agent`, { recursive: true, mode: 0o700 });
      const seenMs = Date.now() + 400 * 24 * HOUR_MS;
      writeFileSync(`${late.state}/agent/clock.json`, JSON.stringify({ schema: 1, seenMs }));
      await late.startAgent();
      await hurried(
        late,
        () => late.credentials(),
        (given) => given !== null,
      );
      is((await lab.probe('ulm')).state, 'bound');
    },
  );

  s.testIf(
    missing,
    'reports whose times are an hour off are heard now, and their probe is well',
    async () => {
      const token = board.credentials()?.apiKey ?? '';
      await board.agent().stop('SIGTERM');
      for (const offMs of [-HOUR_MS, HOUR_MS]) {
        const beganMs = Date.now();
        const probe = board.report();
        ok(probe !== null);
        const report = {
          schema: 1,
          sentMs: Date.now() + offMs,
          agent: {
            ...{ version: '0.1.0', startedMs: Date.now() + offMs, bootId: probe.bootId },
            ...{ uptimeMs: 1, model: null, hardware: 'r2s', configEtag: null, lastError: null },
          },
          probe: { ...probe, writtenMs: probe.writtenMs + offMs },
        };
        const url = `${lab.origin}/api/v1/report`;
        const { status } = await lab.ask({ method: 'POST', url, token, body: report });
        is(status, 200);
        const { seenMs, health } = await lab.probe('kiel');
        ok((seenMs ?? 0) >= beganMs - 5);
        is(health, 'well');
      }
      await board.startAgent();
    },
  );

  s.testIf(missing, 'nothing secret was written to any log', async () => {
    await sleep(100);
    const key = board.credentials()?.apiKey ?? '';
    const logs = printed(board.agent()) + board.probe().log() + printed(lab.control());
    for (const secret of [key, claimToken]) not.match(logs, secret);
    equal(/PRIVATE KEY/.test(logs), false);
    match(logs, 'kiel');
  });
});

/** The last report was heard four minutes ago: the control has no clock that could be set. */
const AGED = `
const Database = require('${process.cwd()}/node_modules/better-sqlite3');
new Database(process.argv[1]).exec('update probe_states set seenMs = seenMs - 240000');
`;
