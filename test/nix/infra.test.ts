// The modules of the infrastructure, evaluated: what would run, listen and be let in.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadVmauthSettings } from '../../src/board/vmauth/settings.ts';
import { parseControlConfig } from '../../src/control/request/config.ts';
import { METRIC_JOBS } from '../../src/core/metric-jobs.ts';
import { suite } from '../helper.ts';
import {
  evaluate,
  exposure,
  filesBelow,
  type Machine,
  missingEvaluation,
  missingPrograms,
  ROOT,
  readJson,
  ruleFaults,
  scratch,
  unitFaults,
} from './lab.ts';

/** Ours that may be worse, and the exposure that they may have. */
const EXPOSURE_MAX = 2;

const OURS = /^flint-.*\.service$/;

suite('nix: infrastructure', (s) => {
  const missing = missingEvaluation();
  const machines: Record<string, Machine> =
    missing === null ? evaluate(`${ROOT}test/nix/infra.nix`) : {};

  function machine(name: string): Machine {
    const found = machines[name];
    if (found === undefined) throw new Error(`there is no configuration ${name}`);
    return found;
  }

  s.testIf(missing, 'no configuration that should work is refused', () => {
    for (const [name, { failedAssertions }] of Object.entries(machines)) {
      deepEqual(failedAssertions, [], name);
    }
    equal(Object.keys(machines).length > 12, true);
  });

  s.testIf(missing ?? missingPrograms('systemd-analyze'), 'systemd can read every unit', () => {
    for (const [name, { units }] of Object.entries(machines)) {
      deepEqual(unitFaults(units), [], name);
    }
  });

  s.testIf(missing ?? missingPrograms('systemd-analyze'), 'our services are locked in', () => {
    for (const { units } of Object.values(machines)) {
      for (const [name, text] of Object.entries(units).filter(([one]) => OURS.test(one))) {
        const found = exposure(name, text);
        equal(found <= EXPOSURE_MAX, true, `${name} is at ${found}`);
      }
    }
  });

  s.testIf(missing ?? missingPrograms('nft', 'unshare'), 'nft takes every rule', () => {
    for (const [name, { nftables }] of Object.entries(machines)) {
      equal(nftables === '' ? '' : ruleFaults(nftables), '', name);
    }
  });

  s.testIf(missing, 'the control itself takes every configuration that is made for it', () => {
    const made = Object.entries(machines).filter(([, { files }]) => files.control !== '');
    equal(made.length > 4, true);
    for (const [name, { files }] of made) {
      const parsed = parseControlConfig(readJson(files.control));
      equal(parsed.ok, true, `${name}: ${JSON.stringify(parsed)}`);
    }
  });

  s.testIf(missing, 'the control gets what was said', () => {
    const parsed = parseControlConfig(readJson(machine('control-other-ports').files.control));
    if (!parsed.ok) throw new Error('refused');
    deepEqual(parsed.config.listen, { address: '::1', port: 9000 });
    equal(parsed.config.origin, 'https://flint.example.org:8443');
    const { nginxLocations, openPorts } = machine('control-other-ports');
    equal(nginxLocations['flint.example.org']?.['/'], 'http://[::1]:9000');
    deepEqual(openPorts.tcp, []);
  });

  s.testIf(missing, 'nginx is believed by whatever address it calls', () => {
    for (const name of ['control-named', 'control-own-certificate']) {
      const parsed = parseControlConfig(readJson(machine(name).files.control));
      if (!parsed.ok) throw new Error('refused');
      deepEqual(parsed.config.trustedProxies, ['127.0.0.1', '::1'], name);
    }
    equal(machine('control-own-certificate').nginx['c-1.example.net']?.forceSSL, true);
  });

  s.testIf(missing, 'networkd of a server leaves the mesh alone', () => {
    const { networkd, warnings } = machine('hub-and-jump-host');
    deepEqual(networkd, { ManageForeignRoutes: false, ManageForeignRoutingPolicyRules: false });
    deepEqual(warnings, []);
  });

  s.testIf(missing, 'a control with TLS of its own may bind its port and nothing else', () => {
    const { units, nginxLocations, openPorts } = machine('control-own-tls');
    const unit = units['flint-control.service'] ?? '';
    match(unit, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
    match(unit, /^LoadCredential=tls-key:\/run\/secrets\/key\.pem$/m);
    deepEqual(nginxLocations, {});
    deepEqual(openPorts.tcp, [443]);
    equal(units['flint-control-backup.timer'], undefined);
  });

  s.testIf(missing, 'the proxy believes no header of a client and keeps no login link', () => {
    const { nginx } = machine('control-named');
    const host = nginx['control.example.net'];
    equal(host?.forceSSL, true);
    match(host?.locations['/'] ?? '', /X-Forwarded-For \$remote_addr;/);
    match(host?.locations['/login/link/'] ?? '', /access_log off;/);
  });

  s.testIf(missing, 'a secret reaches the control as a credential alone', () => {
    const unit = machine('control-named').units['flint-control.service'] ?? '';
    match(unit, /^LoadCredential=headscale-api-key:\/run\/secrets\/headscale-api-key$/m);
    equal(unit.includes('EnvironmentFile'), false);
  });

  s.testIf(missing, 'of the backups the newest stay', () => {
    const unit = machine('control-other-ports').units['flint-control-backup.service'] ?? '';
    const script = /^ExecStartPost=(\S+)$/m.exec(unit)?.[1] ?? '';
    match(unit, /^Environment="BACKUP_KEEP=3"$/m);
    const { directory, remove } = scratch();
    try {
      const old = ['2020-01-01', '2021-01-01', '2022-01-01'].map((day) => `control-${day}.db`);
      for (const name of [...old, 'control.db', 'other.db'])
        writeFileSync(join(directory, name), 'x');
      const env = { ...process.env, BACKUP_DIRECTORY: directory, BACKUP_KEEP: '3' };
      equal(spawnSync('bash', [script], { env }).status, 0);
      const left = readdirSync(directory).sort();
      deepEqual(left.slice(0, 2), [old[1], old[2]]);
      match(left[2] ?? '', /^control-20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/);
      deepEqual(left.slice(3), ['control.db', 'other.db']);
    } finally {
      remove();
    }
  });

  s.testIf(missing, 'the gate of the metrics lives and dies with the mesh', () => {
    const unit = machine('metrics-other-settings').units['flint-gate.service'] ?? '';
    match(unit, /^BindsTo=sys-subsystem-net-devices-mesh\\x2d0\.device$/m);
    match(unit, /^IPAddressDeny=any$/m);
    match(unit, /^IPAddressAllow=fd00:1:2:2::1 fd00:1:2:3::\/64 fd00:1:2:2::2 fd00:1:2:2::3$/m);
    match(unit, /^PrivateUsers=yes$/m);
    match(machine('metrics-pushed').units['flint-gate.service'] ?? '', /=CAP_NET_BIND_SERVICE$/m);
  });

  s.testIf(missing, 'nothing of the metrics listens beyond loopback but the gate', () => {
    const { units, files } = machine('metrics-other-settings');
    match(units['victoriametrics.service'] ?? '', /-httpListenAddr=127\.0\.0\.1:8428/);
    match(units['flint-vmauth.service'] ?? '', /-httpListenAddr=127\.0\.0\.1:8427/);
    const listens = readFileSync(files.gate, 'utf8').match(/listen [^;]+;/g);
    deepEqual(listens, ['listen [fd00:1:2:2::1]:8400;', 'listen [fd00:1:2:2::1]:8482;']);
  });

  s.testIf(missing, 'the store has its limits, and probes reach one port', () => {
    const { nftables, storeFlags, openPorts } = machine('metrics-other-settings');
    equal(storeFlags.includes('-maxLabelsPerTimeseries=30'), true);
    equal(storeFlags.includes('-storage.maxHourlySeries=50000'), true);
    const from = nftables.split('\n').filter((line) => line.includes('fd00:1:2:3::/64'));
    equal(from.length, 2);
    for (const line of from) match(line, /ip6 daddr fd00:1:2:2::1 tcp dport \{ 8400 \} accept$/);
    deepEqual(openPorts.tcp, []);
  });

  s.testIf(missing, '`flint vmauth sync` takes what is made for it', () => {
    const { files } = machine('metrics-other-settings');
    const settings = loadVmauthSettings(files.vmauth, true, {});
    equal(settings.control, 'https://control.example.net');
    equal(settings.interval, 60_000);
    const unit = machine('metrics-pushed').units['flint-vmauth.service'] ?? '';
    equal(unit.includes(`-auth.config=${settings.file}`), true);
    equal(unit.includes(`-httpListenAddr=${settings.vmauth.replace('http://', '')}`), true);
  });

  s.testIf(missing, 'jobs by which probes are read are those of their own push', () => {
    const jobs = machine('metrics-pull-alone').scrape.scrape_configs ?? [];
    deepEqual(
      jobs.map((job) => [job['job_name'], job['metrics_path']]).sort(),
      METRIC_JOBS.map(({ group, job }) => [job, `/metrics/${group}`]).sort(),
    );
    deepEqual(jobs[0]?.['static_configs'], [
      { labels: { instance: 'probe01' }, targets: ['[fd00:1:2:3::1]:9740'] },
      { labels: { instance: 'probe02' }, targets: ['100.64.0.2:9740'] },
    ]);
    equal(machine('metrics-pull-alone').units['flint-gate.service'], undefined);
  });

  s.testIf(
    missing ?? missingPrograms('victoria-metrics'),
    'the store takes its flags, and whom it reads',
    () => {
      const { scrape, storeFlags } = machine('metrics-pull-alone');
      const { directory, remove } = scratch();
      try {
        const file = join(directory, 'scrape.json');
        writeFileSync(file, JSON.stringify(scrape));
        const check = ['-dryRun', '-promscrape.config.strictParse', `-promscrape.config=${file}`];
        const given = [...check, `-storageDataPath=${directory}`, ...storeFlags];
        const answer = spawnSync('victoria-metrics', given, { encoding: 'utf8', timeout: 10_000 });
        equal(answer.status, 0, answer.stderr.slice(-600));
      } finally {
        remove();
      }
    },
  );

  s.testIf(missing, 'without tailscale the mesh is WireGuard with one address a probe', () => {
    const { wireguard, units, openPorts } = machine('metrics-wireguard');
    deepEqual(wireguard['flint0']?.ips, ['fd00:1:2:2::1/128']);
    equal(JSON.stringify(wireguard['flint0']?.peers).includes('fd00:1:2:3::1/128'), true);
    equal(units['tailscaled.service'], undefined);
    deepEqual(openPorts.udp, [51900]);
  });

  s.testIf(missing, 'the key of the mesh stands in no argument', () => {
    const { tailscaleFlags, units } = machine('metrics-pushed');
    equal(tailscaleFlags.includes('--login-server=https://headscale.example.net'), true);
    equal(JSON.stringify([tailscaleFlags, units]).includes('--auth-key'), false);
  });

  s.testIf(missing, 'the relay gets its port, and the API of headscale its clients', () => {
    const { openPorts, nginx, headscale } = machine('headscale-relay');
    deepEqual(openPorts.udp, [3479]);
    match(nginx['headscale.example.net']?.locations['/api/'] ?? '', /deny all;/);
    match(JSON.stringify(headscale), /"urls":\[\]/);
  });

  s.testIf(missing, 'the examples evaluate', () => {
    const names = filesBelow('nix/examples/infra', '.nix').length;
    equal(names > 4, true);
    for (const [name, found] of Object.entries(evaluate(`${ROOT}test/nix/examples.nix`))) {
      deepEqual(found.failedAssertions, [], name);
      deepEqual(unitFaults(found.units), [], name);
      equal(ruleFaults(found.nftables), '', name);
    }
  });
});
