// What the modules refuse, and in which words: each names the option that somebody has to change.
import { equal, match, throws } from 'node:assert/strict';
import { suite } from '../helper.ts';
import { evaluate, evaluateOne, type Machine, missingEvaluation, ROOT } from './lab.ts';

const CONTROL = 'services\\.flint\\.control';
const METRICS = 'services\\.flint\\.metrics';
const MEMBER = 'services\\.flint\\.member';
const HEADSCALE = 'services\\.flint\\.headscale';

/** Name of the configuration → what one of its refusals must say. */
const WORDS: Readonly<Record<string, string>> = {
  'control-nameless': `listens on ::, .* set ${CONTROL}\\.fqdn`,
  'control-nameless-tls': `by which name it is called: set ${CONTROL}\\.fqdn`,
  'control-path-in-origin': `${CONTROL}\\.origin: .* without a path`,
  'control-plain': `${CONTROL}\\.origin: over plain http .* ${CONTROL}\\.settings\\.insecure`,
  'control-secret-in-store': `${CONTROL}\\.secrets\\.headscale-api-key: .* is in the Nix store`,
  'control-secret-beside': `${CONTROL}\\.secrets\\.headscale-api-key: .* no absolute path`,
  'control-key-in-store': `${CONTROL}\\.tls\\.keyFile: .* is in the Nix store`,
  'control-tls-twice': `${CONTROL}\\.tls and ${CONTROL}\\.nginx exclude each other`,
  'control-open-for-nobody': `${CONTROL}\\.openFirewall .* set ${CONTROL}\\.fqdn`,
  'control-port-of-nginx': `${CONTROL}\\.listen\\.port: nginx takes port 443`,
  'control-backup-of-itself': `${CONTROL}\\.backup\\.directory: .* replace what it saves`,
  'control-backup-hidden': `${CONTROL}\\.backup\\.directory: /var/tmp/backup`,
  'metrics-own-address': `${METRICS}\\.probeSubnet: fd00:1:2::/62 holds fd00:1:2:2::1, fd00:1:2:1`,
  'metrics-alone': `not in the mesh, .* set ${MEMBER}\\.enable`,
  'metrics-without-control': `${METRICS}\\.sync\\.webURL is not set`,
  'metrics-without-key': `${METRICS}\\.sync\\.metricsApiKeyFile is not set`,
  'metrics-plain-control': `${METRICS}\\.sync\\.webURL: over plain http`,
  'metrics-key-in-store': `${METRICS}\\.sync\\.metricsApiKeyFile: .* is in the Nix store`,
  'metrics-without-samples': 'neither push nor pull is enabled',
  'metrics-pull-nobody': `Set ${METRICS}\\.pull\\.targets`,
  'metrics-one-port': 'push\\.port and query\\.port must differ',
  'metrics-port-of-nginx': `${METRICS}\\.push\\.port: nginx .* ${HEADSCALE}\\.policy\\.pushPort`,
  'metrics-open': 'allowedTCPPorts opens VictoriaMetrics to everybody',
  'metrics-other-family': `${MEMBER}\\.doors: .* one is IPv4, the other IPv6`,
  'member-homeless': `${MEMBER}\\.headscaleURL is not set`,
  'member-trusting': 'trustedInterfaces holds tailscale0',
  'member-locked-out': `${MEMBER}\\.closeSsh without ${MEMBER}\\.jumpHosts`,
  'member-without-nftables': 'networking\\.nftables\\.enable turns off',
  'member-two-meshes': `${MEMBER}\\.wireguard\\.peers are given, but ${MEMBER}\\.kind`,
  'member-one-address-twice': 'each needs an address of its own',
  'member-nonlocal': 'ip_nonlocal_bind',
  'headscale-jump-is-metrics': 'metricsIP and jumpHostIP are the same address',
  'headscale-relay-without-tls': `${HEADSCALE}\\.derp\\.enable: .* over TLS alone`,
  'headscale-reader-is-metrics': `${HEADSCALE}\\.readers: metrics: .* those of others`,
  'headscale-reader-is-probes': `${HEADSCALE}\\.readers: probes: .* those of others`,
  'headscale-reader-with-blank': `${HEADSCALE}\\.readers: a b: names .* a-z`,
  'headscale-metrics-among-probes': `${HEADSCALE}\\.probeSubnet: .* holds metricsIP`,
  'headscale-port-of-control': `services\\.headscale\\.port: 8080 .* ${CONTROL}\\.listen\\.port`,
  'headscale-other-push-port': `${HEADSCALE}\\.policy\\.pushPort is 80, .* 8400`,
  'headscale-other-metrics': `${HEADSCALE}\\.metricsIP is fd00:1:2:2::9, .* is fd00:1:2:2::1`,
  'headscale-beside-metrics-alone': `not in the mesh, .* set ${MEMBER}\\.enable`,
  'headscale-no-relay': `${HEADSCALE}\\.derp: neither`,
  'headscale-name': `${HEADSCALE}\\.fqdn: .* no name`,
  'jump-host-outside': `not in the mesh: set ${MEMBER}\\.enable`,
  'jump-host-root': 'jumpHost\\.operators: not root',
  'jump-host-is-metrics': 'are one machine',
};

/** Modules that Nix itself refuses, and its words. */
const TYPES: readonly (readonly [string, string, RegExp])[] = [
  [
    'a slip of the pen',
    '[ ../../nix/control.nix { services.flint.control.fqnd = "a.example"; } ]',
    /services\.flint\.control\.fqnd' does not exist/,
  ],
  [
    'a name of a server in capital letters',
    '[ ../../nix/control.nix { services.flint.control = { enable = true; ' +
      'fqdn = "Control.example.net"; }; } ]',
    /fqdn' is not of type .*small letters/,
  ],
  [
    'a name of a server with more of nginx in it',
    '[ ../../nix/control.nix { services.flint.control = { enable = true; ' +
      'fqdn = "a.example; return 200"; }; } ]',
    /fqdn' is not of type/,
  ],
  [
    'a prefix for an address',
    '[ ../../nix/headscale.nix { services.flint.headscale = { enable = true; fqdn = "a.example"; ' +
      'probeSubnet = "fd00::/64"; metricsIP = "fd00::1/128"; }; } ]',
    /metricsIP' is not of type .*an IP address/,
  ],
  [
    'what only looks like an address',
    '[ ../../nix/jump-host.nix { services.flint.member = { enable = true; ' +
      'address = "fd00:::1"; headscaleURL = "https://h.example"; }; } ]',
    /address' is not of type .*an IP address/,
  ],
  [
    'an address of bytes beyond 255',
    '[ ../../nix/jump-host.nix { services.flint.member = { enable = true; ' +
      'address = "10.0.0.256"; headscaleURL = "https://h.example"; }; } ]',
    /address' is not of type .*an IP address/,
  ],
  [
    'a prefix longer than its address',
    '[ ../../nix/headscale.nix { services.flint.headscale = { enable = true; ' +
      'fqdn = "a.example"; probeSubnet = "10.0.0.0/33"; }; } ]',
    /probeSubnet' is not of type .*an address prefix/,
  ],
  [
    'a secret that is called by a path',
    '[ ../../nix/control.nix { services.flint.control = { enable = true; ' +
      'secrets."../../shadow" = "/run/x"; }; } ]',
    /secrets' is not of type/,
  ],
  [
    'a port beyond all ports',
    '[ ../../nix/control.nix { services.flint.control = { enable = true; ' +
      'listen.port = 70000; }; } ]',
    /listen\.port' is not of type/,
  ],
  [
    'a metrics server that does not know its probes',
    '[ ../../nix/metrics.nix { services.flint.member = { enable = true; ' +
      'address = "fd00::1"; headscaleURL = "https://h.example"; }; ' +
      'services.flint.metrics.enable = true; } ]',
    /probeSubnet' (is used but not defined|was accessed but has no value)/,
  ],
];

suite('nix: refusals', (s) => {
  const missing = missingEvaluation();
  const machines: Record<string, Machine> =
    missing === null ? evaluate(`${ROOT}test/nix/refusals.nix`) : {};

  s.testIf(missing, 'there are words for every configuration that must be refused', () => {
    equal(Object.keys(machines).sort().join(), Object.keys(WORDS).sort().join());
  });

  for (const [name, words] of Object.entries(WORDS)) {
    s.testIf(missing, `${name} is refused, and told what to change`, () => {
      const { failedAssertions = [] } = machines[name] ?? {};
      equal(failedAssertions.length, 1, failedAssertions.join('\n'));
      match(failedAssertions.join('\n'), new RegExp(words));
    });
  }

  for (const [what, modules, words] of TYPES) {
    s.testIf(missing, `Nix refuses ${what}`, () => {
      throws(() => evaluateOne(modules.replaceAll('../../', ROOT)), words);
    });
  }
});
