// timeout: 240 s
// waits
// The life of a probe: disabled, enabled, armed anew, replaced, removed.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS, until } from './lab.ts';
import { type LabBoard, printed } from './lab-board.ts';

const missing = missingFleetLab();

suite('fleet/life', (s) => {
  let lab: FleetLab;
  let board: LabBoard;

  const statusOf = async (token: string): Promise<number> =>
    (await lab.ask({ method: 'GET', url: `${lab.origin}/api/v1/config`, token })).status;

  async function fleet(words: string): Promise<string> {
    const { code, stdout, stderr } = await lab.fleet(words);
    is(code, 0, `flint fleet ${words}: ${stderr}`);
    return stdout;
  }

  async function approve(asking: LabBoard): Promise<void> {
    await hurried(
      asking,
      () => lab.probe('kiel'),
      ({ candidates }) => candidates.length === 1,
    );
    await fleet(`approve kiel --fingerprint ${(await asking.fingerprint()).replaceAll(' ', '')}`);
  }

  async function reports(asking: LabBoard, sinceMs: number): Promise<void> {
    await hurried(
      asking,
      () => lab.probe('kiel'),
      ({ seenMs }) => seenMs !== null && seenMs >= sinceMs,
    );
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab();
    await lab.saveSet([TARGETS[0]]);
    board = await lab.board();
    await fleet(`add --mac ${board.mac} --hardware r2s --name kiel`);
    await board.startProbe();
    await board.startAgent();
    await approve(board);
    await hurried(
      board,
      () => lab.probe('kiel'),
      ({ health, config }) => health === 'well' && config.etag === config.wantedEtag,
    );
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'disabled, its key ends at once and its board measures on; enabled, it is back by itself',
    async () => {
      const identity = board.identity();
      const first = board.credentials()?.apiKey ?? '';
      is(await statusOf(first), 200);
      await fleet('disable kiel');
      is(await statusOf(first), 401);
      board.hurry();
      await board.agent().waitFor('does not know the API key of this board', 10_000);
      const daemon = board.probe();
      const before = (await daemon.rounds()).length;
      await daemon.until(
        () => daemon.rounds(),
        ({ length }) => length > before,
      );
      match(printed(board.agent()), 'measuring goes on');
      is((await lab.probe('kiel')).health, 'disabled');
      is(board.credentials()?.apiKey, first);

      const enabledMs = Date.now();
      await fleet('enable kiel');
      await reports(board, enabledMs);
      const second = board.credentials()?.apiKey ?? '';
      ok(second !== first && second !== '');
      equal([await statusOf(first), await statusOf(second)], [401, 200]);
      is(board.identity(), identity);
    },
    40_000,
  );

  s.testIf(
    missing,
    'armed anew, it needs approval again, and comes with the same key',
    async () => {
      const identity = board.identity();
      const before = board.credentials()?.apiKey ?? '';
      await fleet('rearm kiel');
      is(await statusOf(before), 401);
      await approve(board);
      const approvedMs = Date.now();
      await reports(board, approvedMs);
      is(board.identity(), identity);
      is((await lab.probe('kiel')).state, 'bound');
    },
    40_000,
  );

  s.testIf(
    missing,
    'another board takes its place; the old one is a stranger then',
    async () => {
      const old = board.credentials()?.apiKey ?? '';
      const next = await lab.board();
      await fleet(`replace kiel --mac ${next.mac}`);
      is(await statusOf(old), 401);
      await next.startProbe();
      await next.startAgent();
      await approve(next);
      await reports(next, Date.now());
      board.hurry();
      await board.agent().waitFor('waiting to be accepted', 20_000);
      match(await fleet('boards'), board.mac);
      is((await lab.rounds('kiel')).length > 0, true);
    },
    40_000,
  );

  s.testIf(missing, 'removed, all of it is gone, and the name is free', async () => {
    const { stdout } = await lab.fleet('list --json');
    match(stdout, 'kiel');
    await fleet('remove kiel --yes');
    const url = `${lab.origin}/api/v1/probes/kiel`;
    is((await lab.ask({ method: 'GET', url })).status, 401);
    is((await lab.fleet('show kiel')).code, 1);
    const mac = '02:00:5e:10:00:77';
    await fleet(`add --mac ${mac} --hardware r2s --name kiel`);
    equal(await lab.rounds('kiel'), []);
    is((await lab.probe('kiel')).health, 'waiting');
    await until(
      () => lab.page('/probes/kiel'),
      ({ status }) => status === 200,
    );
  });
});
