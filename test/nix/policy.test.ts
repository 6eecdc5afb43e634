// Who may speak with whom in the tailnet: the two files that are shipped, and what the module makes
// of its options, judged by a real headscale where one is on the PATH.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import {
  evaluate,
  type Machine,
  missingEvaluation,
  missingPrograms,
  ROOT,
  readJson,
  scratch,
} from './lab.ts';

interface Policy {
  hosts: Record<string, string>;
  acls?: { proto: string; src: string[]; dst: string[] }[];
  grants?: { src: string[]; dst: string[]; ip: string[] }[];
  autoApprovers: { routes: Record<string, string[]> };
  tests?: unknown[];
}

const CHECK = ['policy', 'check', '--bypass-server-and-access-database-directly', '-f'];

/** HuJSON without strings that look like comments, which ours has not. */
function readPolicy(file: string): Policy {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const plain = text.replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, '').replace(/,(\s*[}\]])/g, '$1');
  return JSON.parse(plain) as Policy;
}

/** Every way that is open, as "from > to:port", but ICMP. */
function waysOf({ acls = [], grants = [] }: Policy): string[] {
  const old = acls
    .filter(({ proto }) => proto === 'tcp')
    .flatMap(({ src, dst }) => src.flatMap((from) => dst.map((to) => `${from} > ${to}`)));
  const fresh = grants.flatMap(({ src, dst, ip }) =>
    ip
      .filter((one) => one.startsWith('tcp:'))
      .flatMap((one) =>
        src.flatMap((from) => dst.map((to) => `${from} > ${to}:${one.slice('tcp:'.length)}`)),
      ),
  );
  return [...old, ...fresh].sort();
}

suite('nix: policy', (s) => {
  const missing = missingEvaluation();
  const headscale = missingPrograms('headscale');
  const machines: Record<string, Machine> =
    missing === null ? evaluate(`${ROOT}test/nix/infra.nix`) : {};
  const { directory, remove } = scratch();

  s.after(remove);

  function policyOf(name: string): Policy {
    const settings = machines[name]?.headscale as { policy: { path: string } } | null | undefined;
    if (settings === null || settings === undefined) throw new Error(`${name} has no headscale`);
    return readJson(settings.policy.path) as Policy;
  }

  /** Configuration of a headscale that nobody calls. */
  function configFile(settings: Record<string, unknown> = {}): string {
    const file = join(directory, 'config.json');
    const local = {
      noise: { private_key_path: join(directory, 'noise.key') },
      database: { type: 'sqlite', sqlite: { path: join(directory, 'db.sqlite') } },
      unix_socket: join(directory, 'socket'),
    };
    const dns = { magic_dns: false, override_local_dns: false };
    const prefixes = { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48' };
    const base = { server_url: 'https://headscale.example.net', listen_addr: '127.0.0.1:18080' };
    const derp = { urls: [], server: { enabled: false } };
    writeFileSync(file, JSON.stringify({ ...base, prefixes, dns, derp, ...settings, ...local }));
    return file;
  }

  function run(config: string, words: readonly string[]) {
    const given = ['-c', config, '--force', ...words];
    const answer = spawnSync('headscale', given, { encoding: 'utf8', timeout: 10_000 });
    return { isFine: answer.status === 0, text: answer.stdout + answer.stderr };
  }

  function check(policy: Policy) {
    const file = join(directory, 'policy.json');
    writeFileSync(file, JSON.stringify(policy));
    return run(configFile(), [...CHECK, file]);
  }

  s.test('both files that are shipped open the same ways, and none too many', () => {
    const [old, fresh] = [readPolicy('nix/policy.hujson'), readPolicy('nix/policy-0.29.hujson')];
    deepEqual(waysOf(old), waysOf(fresh));
    deepEqual(waysOf(old), [
      'grafana > metrics:8481',
      'jumphost > metrics:22',
      'jumphost > probes:22',
      'probes > metrics:80',
    ]);
    for (const { autoApprovers } of [old, fresh]) {
      for (const prefix of Object.keys(autoApprovers.routes)) match(prefix, /\/128$/);
    }
  });

  s.testIf(headscale, 'headscale takes both files', () => {
    for (const file of ['nix/policy.hujson', 'nix/policy-0.29.hujson']) {
      const { isFine, text } = run(configFile(), [...CHECK, join(ROOT, file)]);
      equal(isFine, true, `${file}: ${text}`);
    }
  });

  s.testIf(
    headscale,
    'the tests in the policy notice a way that is open or shut by mistake',
    () => {
      const policy = readPolicy('nix/policy-0.29.hujson');
      const grants = policy.grants ?? [];
      const opened = [...grants, { src: ['probes'], dst: ['metrics'], ip: ['tcp:22'] }];
      const shut = grants.filter(({ src }) => !src.includes('jumphost'));
      for (const wrong of [opened, shut]) {
        const { isFine, text } = check({ ...policy, grants: wrong });
        equal(isFine, false, text);
        match(text, /test/i);
      }
    },
  );

  s.testIf(missing, 'the module makes what is shipped', () => {
    const reader = { grafana: 'fd00:1:2:2::2/128' };
    equal(JSON.stringify(policyOf('headscale-relay').hosts).includes(reader.grafana), true);
    deepEqual(waysOf(policyOf('headscale-plain')), [
      'jumphost > metrics:22',
      'jumphost > probes:22',
      'probes > metrics:80',
    ]);
    deepEqual(waysOf(policyOf('headscale-newer')), waysOf(policyOf('headscale-plain')));
    equal(policyOf('headscale-plain').tests, undefined);
    equal(policyOf('headscale-plain').grants, undefined);
    equal(policyOf('headscale-newer').acls, undefined);
  });

  s.testIf(missing, 'ports, users and approval are those of the options', () => {
    const relay = policyOf('headscale-relay');
    deepEqual(waysOf(relay), [
      'grafana > metrics:8481',
      'jumphost > metrics:22',
      'jumphost > probes:22',
      'metrics > probes:9740',
      'probes > metrics:8427',
    ]);
    deepEqual(relay.autoApprovers.routes['fd00:1:2:3::/64'], ['probes@']);
    equal('fd00:1:2:3::/64' in policyOf('headscale-plain').autoApprovers.routes, false);
    match(machines['headscale-relay']?.warnings.join() ?? '', /autoApproveProbes/);
    equal(waysOf(policyOf('headscale-more-rules')).includes('desk > metrics:22'), true);
    deepEqual(waysOf(policyOf('headscale-without-metrics')), []);
  });

  s.testIf(missing ?? headscale, 'headscale takes every policy that the module makes', () => {
    const names = Object.keys(machines).filter((name) => machines[name]?.headscale !== null);
    equal(names.length > 5, true);
    for (const name of names) {
      const { isFine, text } = check(policyOf(name));
      equal(isFine, true, `${name}: ${text}`);
    }
  });

  s.testIf(
    missing ?? headscale,
    'headscale takes every configuration that the module makes',
    () => {
      for (const [name, machine] of Object.entries(machines)) {
        if (machine.headscale === null) continue;
        const derp = machine.headscale['derp'] as { server?: object };
        const server = { ...derp.server, private_key_path: join(directory, 'derp.key') };
        const given = { ...machine.headscale, derp: { ...derp, urls: [], server } };
        const { isFine, text } = run(configFile(given), ['configtest']);
        equal(isFine, true, `${name}: ${text}`);
      }
    },
  );
});
