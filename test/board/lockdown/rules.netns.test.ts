// What the rules say is asked of nft itself, in a namespace of its own; what they do is proved by
// test/lockdown.
import { deepEqual, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  PROBE_PORTS,
  type RulesRequest,
  renderRemoval,
  renderRules,
  renderSets,
  renderWhole,
} from '../../../src/board/lockdown/rules.ts';
import { type LockdownSets, setsOf } from '../../../src/board/lockdown/sets.ts';
import { wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { suite } from '../../helper.ts';
import { requireLab } from '../../lab/namespace.ts';
import { runProcess } from '../../lab/process.ts';
import { counterNames } from './rules-reader.ts';
import { agentSettings, lockdownSettings, TAILNET } from './settings-samples.ts';

const REQUEST: RulesRequest = {
  mesh: { interface: 'tailscale0', port: 41_641 },
  sshPort: 22,
  pagePort: 9740,
};

function chain(text: string, name: string): string[] {
  const body = new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}`).exec(
    text,
  )?.[1];
  return (body ?? '').split('\n').map((line) => line.trim());
}

function randomNumber(seed: { state: number }, below: number): number {
  seed.state = (Math.imul(seed.state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed.state / 2 ** 32) * below);
}

function randomSets(seed: { state: number }): LockdownSets {
  const number = (below: number): number => randomNumber(seed, below);
  const address = (): string =>
    number(2) === 0
      ? [1 + number(222), number(256), number(256), number(256)].join('.')
      : `${(0x2000 + number(0xdfff)).toString(16)}::${number(0xffff).toString(16)}`;
  const list = (most: number, make: () => string): string[] =>
    Array.from({ length: number(most) }, make);
  const ranged = (): string => {
    const text = address();
    return `${text}/${text.includes(':') ? number(129) : number(33)}`;
  };
  return setsOf({
    // Also what the schema of the settings would refuse.
    settings: {
      ...lockdownSettings(),
      ...{ jumpHosts: list(16, address), measured: list(200, ranged) },
    },
    wanted: {
      ...wantedOf(agentSettings({ tailnet: TAILNET })),
      readers: list(16, address),
    },
    infra: [...list(60, address), ...list(20, ranged)],
    near: list(6, ranged),
    services: list(20, address).map((one) => ({
      address: one,
      port: 1 + number(65_535),
      protocol: number(2) === 0 ? 'tcp' : 'udp',
    })),
  });
}

suite('the rules of the lockdown', (s) => {
  s.test('whatever is not said is dropped, in, out and through', () => {
    const text = renderRules(REQUEST);
    for (const [name, last] of [
      ['input', 'counter name drop-input drop'],
      ['forward', 'counter name drop-forward drop'],
      ['mesh-input', 'counter name drop-mesh-input drop'],
      ['mesh-output', 'counter name drop-mesh-output drop'],
      ['output', 'counter name out-public accept'],
    ] as const) {
      equal(chain(text, name).at(-1), last);
    }
    for (const name of ['input', 'forward', 'output'])
      match(chain(text, name)[0] ?? '', /policy drop/);
  });

  s.test('SSH and the page are let in by the mesh alone', () => {
    const text = renderRules({ ...REQUEST, sshPort: 2222, pagePort: 9999 });

    deepEqual(
      text.split('\n').filter((line) => /dport (2222|9999)/.test(line)),
      text.split('\n').filter((line) => /@(jumphosts|readers)[46]/.test(line)),
    );
    equal(chain(text, 'mesh-input').filter((line) => /dport (2222|9999)/.test(line)).length, 4);
  });

  s.test('connections are followed for answers alone, whoever they are with', () => {
    const followed = renderRules(REQUEST)
      .split('\n')
      .filter((line) => /\bct\b/.test(line));

    const [late, ...answers] = followed.sort(
      (a, b) => Number(/new/.test(b)) - Number(/new/.test(a)),
    );
    match(late ?? '', /tcp sport 1-32767 .* ct state new counter name drop-late drop/);
    equal(answers.length, 4);
    for (const line of answers) match(line, /ct state established ct direction reply/);
  });

  s.test('what goes through is a translator’s IPv6, and never by the mesh', () => {
    const accepted = chain(renderRules(REQUEST), 'forward').filter((line) => /accept$/.test(line));

    deepEqual(
      accepted.map((line) => line.replace(/ counter.*/, '')),
      [
        'meta nfproto ipv6 iifname "clat" oifname != "tailscale0"',
        'meta nfproto ipv6 oifname "clat" iifname != "tailscale0"',
      ],
    );
  });

  s.test('of ICMP errors the board sends none, though they are answers', () => {
    for (const name of ['output', 'mesh-output']) {
      const lines = chain(renderRules(REQUEST), name);
      const errors = lines.findIndex((line) => line.includes('drop-own-error'));
      const answers = lines.findIndex((line) => line.includes('out-answer'));
      deepEqual([errors > 0, errors < answers], [true, true], name);
    }
  });

  s.test('without a mesh there is no rule for one', () => {
    const text = renderRules({ ...REQUEST, mesh: null });

    equal(/chain mesh|tailscale0|dport 22\b/.test(text), false);
  });

  s.test('the ports of the probes are those of the engine', () => {
    const engine = readFileSync(new URL('../../../src/engine/engine.ts', import.meta.url), 'utf8');
    const first = /PORT_MIN = ([0-9_]+)/.exec(engine)?.[1]?.replace('_', '');

    equal(PROBE_PORTS, `${first}-65535`);
    for (const line of renderRules(REQUEST)
      .split('\n')
      .filter((one) => /614\d\d/.test(one))) {
      match(line, new RegExp(PROBE_PORTS));
    }
  });

  s.test('the same settings give the same mark, others another', () => {
    const mark = (request: RulesRequest) =>
      /comment "(flint lockdown .*)"/.exec(renderRules(request))?.[1];

    equal(mark(REQUEST), mark({ ...REQUEST }));
    equal(mark(REQUEST) === mark({ ...REQUEST, sshPort: 23 }), false);
  });

  s.test('every counter is used, and every one that is used is there', () => {
    const { declared, used } = counterNames(renderRules(REQUEST));

    deepEqual([...used].sort(), [...declared].sort());
  });

  s.test('nothing of others is ever touched', () => {
    const sets = randomSets({ state: 1 });
    const all = [renderWhole(REQUEST, sets), renderSets(['infra4'], sets), renderRemoval()];
    for (const text of all) {
      equal(/flush ruleset|flush table/.test(text), false);
      const tables = text.match(/table \w+ [\w-]+/g) ?? [];
      deepEqual([...new Set(tables)], tables.length === 0 ? [] : ['table inet flint']);
    }
  });

  s.testIf(requireLab('nft', 'unshare'), 'nft takes them, whatever the settings are', async () => {
    const seed = { state: 20_261_122 };
    // Seven in a row in one transaction: each replaces the one before.
    for (let round = 0; round < 6; round++) {
      const texts = Array.from({ length: 7 }, () => {
        const mesh = randomNumber(seed, 4) === 0 ? null : REQUEST.mesh;
        const sets = randomSets(seed);
        const port = randomNumber(seed, 2) === 0 ? null : 1 + randomNumber(seed, 65_535);
        const request = {
          mesh: mesh === null ? null : { ...mesh, port },
          sshPort: 1 + randomNumber(seed, 65_535),
          pagePort: 1 + randomNumber(seed, 65_535),
        };
        return renderWhole(request, sets);
      });
      const input = texts.join('');
      const checked = await runProcess('unshare', ['-n', 'nft', '-f', '-'], { input });

      equal(checked.code, 0, checked.stderr.slice(0, 500));
    }
  });
});
