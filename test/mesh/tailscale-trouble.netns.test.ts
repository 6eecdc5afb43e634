// waits
// timeout: 240 s
// What goes wrong in the life of a node, with a real headscale, tailscaled and tailscale.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlWord } from '../../src/board/part.ts';
import { MAIN } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import { sleep } from '../lab/net.ts';
import { METRICS, openBoard, settingsOf, type TailnetBoard } from './tailnet-board.ts';
import {
  type Machine,
  missingTailnet,
  openTailnetLab,
  type TailnetLab,
  ULA,
  until,
} from './tailnet-lab.ts';

const ADDRESS = `${ULA}:3::7`;
/** Of the cable; a minute and more by hand. */
const PULLED_MS = Number(process.env['FLINT_CABLE_S'] ?? 5) * 1000;

suite('a tailnet in trouble', (s) => {
  const missing = missingTailnet();
  let lab: TailnetLab;
  let metrics: Machine;
  let machine: Machine;
  let board: TailnetBoard;
  let asked = 0;
  let grant: () => Promise<ControlWord> = async () => ({ ok: true, value: null });
  const took: Record<string, number> = {};

  const nodeOf = async (name: string) =>
    (await lab.nodes()).filter((one) => one.name === name).at(-1);

  async function approve(name: string): Promise<void> {
    const node = await nodeOf(name);
    await lab.headscale(`nodes approve-routes -i ${node?.id} -r ${node?.availableRoutes[0]}`);
  }

  async function isReached(): Promise<boolean> {
    const words = ['-6', '-c', '1', '-W', '1', '-I', METRICS, ADDRESS];
    return (await metrics.namespace.exec('ping', words)).code === 0;
  }

  /** A key of the control, as its route would answer. */
  async function granted(): Promise<ControlWord> {
    const key = await lab.key('probes');
    const expiresMs = Date.now() + 3_600_000;
    return { ok: true, value: { key, expiresMs, address: ADDRESS, hostname: 'probe07' } };
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openTailnetLab();
    [metrics, machine] = [await lab.machine(), await lab.machine()];
    await Promise.all([metrics.startDaemon(), machine.startDaemon()]);
    const key = await lab.key('monitoring');
    const server = openBoard({ machine: metrics, address: METRICS, hostname: 'metrics', key });
    await server.reach('needs-approval');
    await approve('metrics');
    board = openBoard({
      ...{ machine, address: null, hostname: 'probe07' },
      timing: { silenceMs: 4_000, silenceMostMs: 8_000 },
      async askControl() {
        asked++;
        return grant();
      },
    });
  });

  s.after(async () => {
    if (missing !== null) return;
    process.stdout.write(`took (ms): ${JSON.stringify(took)}\n`);
    await lab.close();
  });

  s.testIf(missing, 'without a key it says so, and asks the control seldom', async () => {
    const states = new Set<string>();
    const untilMs = performance.now() + 3_000;
    while (performance.now() < untilMs) {
      const state = await board.step();
      states.add(`${state.state}: ${state.reason}`);
      await sleep(50);
    }

    deepEqual(
      [...states],
      ['needs-key: there is no secret tailnet-key; the control hands out none'],
    );
    ok(asked <= 2, `asked ${asked} times in 3 s`);
  });

  s.testIf(
    missing,
    'a key that has expired or was used is refused, told, and not tried again',
    async () => {
      const key = await lab.key('probes', '1s');
      await sleep(1_200);
      board.giveKey(key);

      const expired = await until('it is told', async () =>
        /the key was refused: .*authkey expired/.test((await board.step()).reason ?? ''),
      );
      await until('the control is asked instead', async () =>
        /tailnet-key was refused; the control hands out none/.test(
          (await board.step()).reason ?? '',
        ),
      );

      equal((await board.step()).state, 'needs-key');
      ok(expired < 10_000);
    },
    40_000,
  );

  s.testIf(
    missing,
    'joins with a key of the control, at the address that comes with it',
    async () => {
      grant = granted;
      const { tookMs } = await board.reach('needs-approval');
      took['join with a key of the control'] = tookMs;
      await approve('probe07');
      const { last } = await board.reach('joined');

      equal(last.address, ADDRESS);
      took['ping'] = await until('it is reached', isReached);
      deepEqual(readdirSync(join(machine.directory, 'agent/mesh')), ['tailnet.json']);
    },
    40_000,
  );

  s.testIf(
    missing,
    'a node that was deleted notices, and joins anew with another key',
    async () => {
      const before = await nodeOf('probe07');
      const askedBefore = asked;
      await lab.headscale(`nodes delete -i ${before?.id} --force`);

      took['deleted node is back'] = await until(
        'another node is there',
        async () => {
          await board.step();
          const node = await nodeOf('probe07');
          return node !== undefined && node.id !== before?.id;
        },
        40_000,
      );
      await board.reach('needs-approval');
      await approve('probe07');
      const { last } = await board.reach('joined');

      equal(last.address, ADDRESS);
      equal(asked, askedBefore + 1);
      took['ping after that'] = await until('it is reached', isReached);
    },
    90_000,
  );

  s.testIf(
    missing,
    'by hand, a node that was deleted is told so, and logs in again with a key',
    async () => {
      const tailnet = settingsOf({ machine, address: ADDRESS, hostname: 'probe07' });
      writeFileSync(join(machine.directory, 'agent.json'), JSON.stringify({ schema: 1, tailnet }));
      writeFileSync(join(machine.directory, 'key'), await lab.key('probes'), { mode: 0o600 });
      const words = [MAIN, 'tailnet', 'join', '--config', join(machine.directory, 'agent.json')];
      words.push('--state', machine.directory, '--timeout', '60s');
      const flint = (...more: string[]) =>
        machine.namespace.exec(process.execPath, [...words, ...more], { timeoutMs: 90_000 });
      const before = await nodeOf('probe07');
      const known = await flint();
      deepEqual([known.code, known.stderr], [0, `joined as ${ADDRESS}\n`]);
      await lab.headscale(`nodes delete -i ${before?.id} --force`);

      // The others hear of it a second or two later, and answer until then.
      let told = known;
      took['deleted node is told by hand'] = await until(
        'it is told',
        async () => {
          told = await flint();
          return told.code === 1;
        },
        60_000,
      );
      match(told.stdout, /does not know this node any more; there is no secret tailnet-key/);
      const joining = flint('--key-file', join(machine.directory, 'key'));
      await until(
        'another node is there',
        async () => ![undefined, before?.id].includes((await nodeOf('probe07'))?.id),
        40_000,
      );
      await approve('probe07');
      const joined = await joining;

      equal(joined.code, 0, joined.stderr);
      took['ping after a join by hand'] = await until('it is reached', isReached);
    },
    240_000,
  );

  s.testIf(
    missing,
    'comes back when the cable does',
    async () => {
      await machine.cable(false);
      await sleep(PULLED_MS);
      const { state } = await board.step();
      await machine.cable(true);
      took['cable back to ping'] = await until('it is reached', isReached, 60_000);
      const { last } = await board.reach('joined', 60_000);

      ok(['joined', 'joining'].includes(state), state);
      equal(last.address, ADDRESS);
    },
    200_000 + PULLED_MS,
  );

  s.testIf(
    missing,
    'is relayed where no direct way is',
    async () => {
      const rules =
        'table inet lab { chain f { type filter hook forward priority 0; ' +
        'udp dport != 3478 drop; }; }';
      await lab.hub.run('nft', [rules]);
      await machine.tailscale('debug rebind');
      await metrics.tailscale('debug rebind');
      took['relayed'] = await until(
        'it is relayed',
        async () => {
          await isReached();
          const { peers } = await board.step();
          return peers.some(({ address, via, relay }) => {
            return address === METRICS && via === 'relayed' && relay === 'lab';
          });
        },
        30_000,
      );
      ok(await isReached());
      await lab.hub.run('nft', ['delete table inet lab']);
    },
    60_000,
  );

  s.testIf(
    missing,
    'a server whose certificate is not known is no place to log in',
    async () => {
      const stranger = await lab.machine();
      await stranger.startDaemon(false);
      const lost = openBoard({
        ...{ machine: stranger, address: `${ULA}:3::8`, hostname: 'probe08' },
        key: await lab.key('probes'),
      });

      // One try lasts as long as the join may.
      const { state, reason } = await lost.step();

      equal(state, 'joining');
      match(reason ?? '', /certificate|x509|tls/i);
    },
    80_000,
  );

  s.testIf(
    missing,
    'a join that was killed leaves no key, and the next one succeeds',
    async () => {
      const other = await lab.machine();
      await other.startDaemon();
      const tailnet = settingsOf({ machine: other, address: `${ULA}:3::9`, hostname: 'probe09' });
      writeFileSync(join(other.directory, 'agent.json'), JSON.stringify({ schema: 1, tailnet }));
      writeFileSync(join(other.directory, 'key'), await lab.key('probes'), { mode: 0o600 });
      const state = join(other.directory, 'cli/agent/mesh');
      const words = [MAIN, 'tailnet', 'join', '--config', `${other.directory}/agent.json`];
      words.push('--state', `${other.directory}/cli`, '--key-file', `${other.directory}/key`);
      await lab.stopServer();

      const killed = other.namespace.spawn(process.execPath, words);
      await until(
        'the key is written',
        () => existsSync(state) && readdirSync(state).some((name) => name.startsWith('key-')),
      );
      await killed.stop('SIGKILL');
      await lab.startServer();
      const { stderr } = await other.namespace.exec(
        process.execPath,
        [...words, '--timeout', '20s'],
        {
          timeoutMs: 60_000,
        },
      );

      match(stderr, /needs-approval as fd8f:89ae:ca73:3::9/);
      deepEqual(readdirSync(state), ['tailnet.json']);
    },
    100_000,
  );

  s.testIf(
    missing,
    'leaves when it is told to, and stays out',
    async () => {
      const words = [
        '--config',
        join(machine.directory, 'agent.json'),
        '--state',
        machine.directory,
      ];
      const tailnet = settingsOf({ machine, address: ADDRESS, hostname: 'probe07' });
      writeFileSync(join(machine.directory, 'agent.json'), JSON.stringify({ schema: 1, tailnet }));
      const askedBefore = asked;

      const shown = await machine.namespace.exec(process.execPath, [
        MAIN,
        'tailnet',
        'leave',
        '--dry-run',
        ...words,
      ]);
      const left = await machine.namespace.exec(process.execPath, [
        MAIN,
        'tailnet',
        'leave',
        '--json',
        ...words,
      ]);
      const { state, address } = JSON.parse(left.stdout) as {
        state: string;
        address: string | null;
      };

      match(shown.stdout, /logout/);
      equal(left.code, 0, left.stderr);
      deepEqual([state, address], ['stopped', null]);
      equal((await board.step()).state, 'stopped');
      equal(asked, askedBefore);
    },
    40_000,
  );
});
