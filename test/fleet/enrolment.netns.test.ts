// timeout: 240 s
// waits
// A board that nobody touched becomes a probe: by approval, by a claim token; and one that is not
// the board it says it is does not.
import { equal, is, match, not, ok } from 'uvu/assert';
import { makeBoard } from '../control/enroll-lab.ts';
import { suite } from '../helper.ts';
import { type FleetLab, hurried, missingFleetLab, openFleetLab, TARGETS, until } from './lab.ts';
import { type LabBoard, printed } from './lab-board.ts';

const missing = missingFleetLab();

suite('fleet/enrolment', (s) => {
  let lab: FleetLab;
  let kiel: LabBoard;

  s.before(async () => {
    if (missing !== null) return;
    lab = await openFleetLab();
    await lab.saveSet([TARGETS[0], TARGETS[1]]);
    kiel = await lab.board();
  });
  s.after(async () => {
    await lab?.close();
  });

  s.testIf(
    missing,
    'a board whose control is not there yet waits for its approval, and measures soon after',
    async () => {
      const added = await lab.fleet(`add --mac ${kiel.mac} --hardware r2s --name kiel`);
      is(added.code, 0, added.stderr);
      await lab.namespace.ip('link set lan0 down');
      await kiel.startAgent();
      await kiel.startProbe();
      await kiel.agent().waitFor('cannot enrol at');
      await lab.namespace.ip('link set lan0 up');
      await hurried(
        kiel,
        () => lab.probe('kiel'),
        ({ candidates }) => candidates.length === 1,
      );

      const fingerprint = await kiel.fingerprint();
      const { state, candidates } = await lab.probe('kiel');
      equal([state, candidates[0]?.fingerprint], ['pending', fingerprint]);
      is(kiel.credentials(), null);
      const digits = fingerprint.replaceAll(' ', '');
      const wrong = await lab.fleet(`approve kiel --fingerprint ${'0'.repeat(20)}`);
      is(wrong.code, 1, wrong.stderr);
      const approved = await lab.fleet(`approve kiel --fingerprint ${digits}`);
      is(approved.code, 0, approved.stderr);
      const approvedMs = performance.now();
      await hurried(
        kiel,
        () => kiel.credentials(),
        (given) => given !== null,
      );
      const rounds = await hurried(
        kiel,
        () => lab.rounds('kiel'),
        ({ length }) => length >= 2,
        30_000,
      );
      const tookMs = Math.round(performance.now() - approvedMs);
      console.log(`\nfirst rounds at the control ${tookMs} ms after the approval`);
      for (const round of rounds) is(round.lost, 0);
      equal(kiel.report()?.config.etag, (await lab.probe('kiel')).config.wantedEtag);
    },
    60_000,
  );

  s.testIf(
    missing,
    'its page shows what it measures, and the shell says that it is well',
    async () => {
      const page = await lab.page('/probes/kiel');
      match(page.body, 'class="smoke"');
      match(page.body, TARGETS[0]);
      const { stdout } = await lab.fleet('list');
      match(stdout, /kiel +well/);
      // The daemon is no longer root, the agent's secrets are the agent's alone.
      equal(kiel.users(), { agent: 0, probe: 65_534 });
    },
  );

  s.testIf(
    missing,
    'a claim token binds the first board at once; the second with it waits',
    async () => {
      const made = await lab.fleet('claim add --label lab --uses 1 --for 1d');
      const claimToken = made.stdout.trim();
      match(claimToken, /^flint_claim_/);
      const [ulm, bonn] = [await lab.board({ claimToken }), await lab.board({ claimToken })];
      for (const [name, { mac }] of [
        ['ulm', ulm],
        ['bonn', bonn],
      ] as const) {
        await lab.fleet(`add --mac ${mac} --hardware r2s --name ${name}`);
      }
      await ulm.startAgent();
      await until(
        () => ulm.credentials(),
        (given) => given?.probe === 'ulm',
      );
      await bonn.startAgent();
      await bonn.agent().waitFor('waiting to be accepted');

      is((await lab.probe('ulm')).state, 'bound');
      is((await lab.probe('bonn')).state, 'pending');
      is(bonn.credentials(), null);
      not.match(printed(ulm.agent()) + printed(lab.control()), claimToken);
      const { stdout } = await lab.fleet('claim list');
      match(stdout, /lab.* 1 of 1|lab.*used up/);
      const fingerprint = (await bonn.fingerprint()).replaceAll(' ', '');
      is((await lab.fleet(`approve bonn --fingerprint ${fingerprint}`)).code, 0);
      await hurried(
        bonn,
        () => bonn.credentials(),
        (given) => given?.probe === 'bonn',
      );
    },
    40_000,
  );

  s.testIf(
    missing,
    'a second board with the MAC of a bound one gets the answer of a stranger, and is told of',
    async () => {
      const thief = await lab.board();
      thief.configure({ mac: kiel.mac });
      const stranger = await lab.board();
      const keyBefore = kiel.credentials()?.apiKey;
      for (const board of [thief, stranger]) {
        await board.startAgent();
        await board.agent().waitFor('waiting to be accepted');
      }
      is(thief.credentials(), null);
      const { events } = await lab.api<{ events: { kind: string; detail: { count: number } }[] }>(
        'GET',
        '/api/v1/events?probe=kiel&kind=foreign-key',
      );
      is(events.length, 1);
      match((await lab.page('/probes/kiel')).body, (await thief.fingerprint()).split(' ')[0] ?? '');
      const boards = await lab.fleet('boards');
      match(boards.stdout, stranger.mac);
      // The operator makes a probe of the stranger.
      const list = JSON.parse((await lab.fleet('boards --json')).stdout);
      const { id } = list.boards.find(({ mac }: { mac: string }) => mac === stranger.mac);
      const fingerprint = (await stranger.fingerprint()).replaceAll(' ', '');
      const words = `register ${id} --name mainz --fingerprint ${fingerprint}`;
      const registered = await lab.fleet(words);
      is(registered.code, 0, registered.stderr);
      await hurried(
        stranger,
        () => stranger.credentials(),
        (given) => given?.probe === 'mainz',
      );
      // The one that was first goes on.
      const { status } = await lab.ask({
        ...{ method: 'GET', url: `${lab.origin}/api/v1/config` },
        token: keyBefore ?? '',
      });
      is(status, 200);
    },
    40_000,
  );

  s.testIf(missing, 'refusals are the same bytes, whoever asks', async () => {
    const bodies = new Set<string>();
    for (const mac of [kiel.mac, '02:00:5e:99:99:99']) {
      const reply = await lab.enrol(makeBoard(mac));
      const { date: _, ...headers } = reply.headers;
      is(reply.status, 403);
      bodies.add(JSON.stringify({ headers, body: reply.body }));
    }
    is(bodies.size, 1, [...bodies].join('\n'));
  });

  s.testIf(missing, 'a board reads nothing of another with its key', async () => {
    const token = kiel.credentials()?.apiKey ?? '';
    const ask = (method: string, path: string, body?: unknown) =>
      lab.ask({ method, url: `${lab.origin}${path}`, token, body });
    match(token, /^flint_probe_/);
    for (const path of [
      '/api/v1/probes/ulm',
      '/api/v1/probes/kiel',
      '/api/v1/probes/ulm/rounds',
      '/api/v1/probes',
      '/api/v1/sets',
      '/api/v1/events',
      '/api/v1/users',
      '/api/v1/audit',
      '/api/v1/claim-tokens',
      '/probes/ulm',
      '/',
    ]) {
      const { status, body } = await ask('GET', path);
      ok([401, 403, 303, 302].includes(status), `${path}: ${status}`);
      not.match(body, TARGETS[0], path);
    }
    for (const [method, path] of [
      ['POST', '/api/v1/probes/ulm/disable'],
      ['DELETE', '/api/v1/probes/ulm'],
      ['PUT', '/api/v1/sets/all'],
    ] as const) {
      const { status } = await ask(method, path, {});
      ok(status === 401 || status === 403, `${method} ${path}: ${status}`);
    }
  });
});
