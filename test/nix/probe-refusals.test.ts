// What the modules of the boards refuse, and in which words.
import { deepEqual, match } from 'node:assert/strict';
import { suite } from '../helper.ts';
import { evaluateOne, missingEvaluation, ROOT } from './lab.ts';

const BOARD = `${ROOT}nix/board.nix`;
const DATA = `${ROOT}nix/probe-data.nix`;
const AGENT = `services.flint.agent = { enable = true; control = "https://control.example.net"; \
hardware = "generic"; };`;
const STORE = '/nix/store/00000000000000000000000000000000-key';
const KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const TAILNET = 'services.flint.agent.tailnet';
const PEER = `{ name = "m"; publicKey = "${KEY}"; allowedAddresses = [ "10.0.0.2" ]; }`;
const KEY_OTHER = 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=';
const PIN = 'sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const WIREGUARD = `${TAILNET} = { enable = true; kind = "wireguard"; address = "10.0.0.1";`;
const PROBE = 'schema = 1; name = "probe01"; hardware = "generic";';

/** What is tried, the module, and the words of a refusal. */
const CASES: readonly (readonly [string, string, RegExp])[] = [
  [
    'a claim token in the store',
    `${AGENT} services.flint.agent.claimTokenFile = "${STORE}";`,
    /services\.flint\.agent\.claimTokenFile: .* is in the Nix store/,
  ],
  [
    'a claim token in the settings',
    `${AGENT} services.flint.agent.settings.claimToken = "abcdefghijklmnopqrst";`,
    /services\.flint\.agent\.claimTokenFile/,
  ],
  [
    'a key of the mesh in the store',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; \
keyFile = "${STORE}"; };`,
    /tailnet\.keyFile: .* is in the Nix store/,
  ],
  [
    'a bearer in the store',
    `${AGENT} services.flint.agent.push = { enable = true; url = "https://h.example"; \
bearerFile = "${STORE}"; };`,
    /bearerFile: .* is in the Nix store/,
  ],
  [
    'a secret without a whole path',
    `${AGENT} services.flint.agent.claimTokenFile = "claim";`,
    /claimTokenFile: [\s\S]* no absolute path/,
  ],
  [
    'a control over plain HTTP',
    'services.flint.agent = { enable = true; control = "http://control.example.net"; };',
    /services\.flint\.agent\.control: .* must be https/,
  ],
  [
    'a control with a path',
    'services.flint.agent = { enable = true; control = "https://control.example.net/x"; };',
    /control' is not of type/,
  ],
  [
    'an agent without a control',
    'services.flint.agent.enable = true;',
    /control' (is used but not defined|was accessed but has no value)/,
  ],
  [
    'a tailnet without a login server',
    `${AGENT} ${TAILNET}.enable = true;`,
    /services\.flint\.agent\.tailnet\.loginServer/,
  ],
  [
    'WireGuard without an address',
    `${AGENT} ${TAILNET} = { enable = true; kind = "wireguard"; peers = [ ${PEER} ]; };`,
    /services\.flint\.agent\.tailnet\.address/,
  ],
  [
    'WireGuard without a peer',
    `${AGENT} ${TAILNET} = { enable = true; kind = "wireguard"; address = "10.0.0.1"; };`,
    /services\.flint\.agent\.tailnet\.peers/,
  ],
  [
    'peers of WireGuard in a tailnet',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; \
peers = [ ${PEER} ]; };`,
    /tailnet\.peers are for kind = "wireguard"/,
  ],
  [
    'a lockdown that every load of the firewall empties',
    `${AGENT} services.flint.agent.lockdown.enable = true; \
networking.nftables.flushRuleset = lib.mkForce true;`,
    /flushRuleset/,
  ],
  [
    'a MAC for no interface',
    'services.flint.mac.enable = true;',
    /services\.flint\.mac: .*enable services\.flint\.agent/,
  ],
  [
    'a push with a password in its URL',
    `${AGENT} services.flint.agent.push = { enable = true; url = "https://u:p@h.example"; };`,
    /push\.url' is not of type/,
  ],
  [
    'a secret that is called by a path',
    `${AGENT} services.flint.agent.secrets."../../shadow" = "/run/x";`,
    /agent\.secrets' is not of type .*by names of/,
  ],
  [
    'a credential whose name has a colon',
    `${AGENT} services.flint.agent.credentials."a:b" = "/run/x";`,
    /agent\.credentials' is not of type/,
  ],
  [
    'a secret without a file',
    `${AGENT} services.flint.agent.encryptedCredentials.a = null;`,
    /encryptedCredentials.* is not of type/,
  ],
  [
    'a control at a port beyond all ports',
    'services.flint.agent = { enable = true; control = "https://control.example.net:65536"; };',
    /control' is not of type/,
  ],
  [
    'a control with a second line',
    'services.flint.agent = { enable = true; control = "https://control.example.net\nx"; };',
    /control' is not of type/,
  ],
  [
    'a claim token file with a second line in its name',
    `${AGENT} services.flint.agent.claimTokenFile = "/a\nb";`,
    /claimTokenFile: [\s\S]* no absolute path/,
  ],
  [
    'more pins than the agent takes',
    `${AGENT} services.flint.agent.pins = lib.genList (_: "${PIN}") 9;`,
    /services\.flint\.agent\.pins: 9 are named, and at most 8/,
  ],
  [
    'more readers than the agent takes, from two modules',
    `${AGENT} imports = map (n: { ${TAILNET}.readers = lib.genList (_: "fd00::1") n; }) [ 9 8 ]; \
${TAILNET} = { enable = true; loginServer = "https://h.example"; };`,
    /tailnet\.readers: 17 are named/,
  ],
  [
    'more jump hosts than the agent takes',
    `${AGENT} services.flint.agent.lockdown = { enable = true; \
jumpHosts = lib.genList (_: "fd00::1") 17; };`,
    /lockdown\.jumpHosts: 17 are named/,
  ],
  [
    'a login server with a user',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://u:p@h.example"; };`,
    /loginServer' is not of type/,
  ],
  [
    'a mesh whose name is that of a folder',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; \
interface = ".."; };`,
    /interface' is not of type/,
  ],
  [
    'a mesh that the firewall trusts',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; }; \
networking.firewall.trustedInterfaces = [ "tailscale0" ];`,
    /trustedInterfaces holds tailscale0: .*every port/,
  ],
  [
    'a mesh that the firewall trusts among others',
    `${AGENT} ${WIREGUARD} peers = [ ${PEER} ]; }; \
networking.firewall.trustedInterfaces = [ "flint*" ];`,
    /trustedInterfaces holds flint0/,
  ],
  [
    'peers that differ in capital letters alone',
    `${AGENT} ${WIREGUARD} peers = [ ${PEER} (${PEER} // { name = "M"; \
publicKey = "${KEY_OTHER}"; }) ]; };`,
    /tailnet\.peers: two names differ in capital letters at most/,
  ],
  [
    'two peers with one key',
    `${AGENT} ${WIREGUARD} peers = [ ${PEER} (${PEER} // { name = "n"; }) ]; };`,
    /tailnet\.peers: two have the same publicKey/,
  ],
  [
    'a peer at a port beyond all ports',
    `${AGENT} ${WIREGUARD} peers = [ (${PEER} // { endpoint = "a.example:99999"; }) ]; };`,
    /endpoint' is not of type/,
  ],
  [
    'a mask longer than its address',
    `${AGENT} services.flint.agent.lockdown = { enable = true; measured = [ "10.0.0.0/99" ]; };`,
    /measured.* is not of type/,
  ],
  [
    'a name with a mask',
    `${AGENT} services.flint.agent.lockdown = { enable = true; infra = [ "a.example/24" ]; };`,
    /lockdown\.infra.* is not of type/,
  ],
  [
    'a push to half an address',
    `${AGENT} services.flint.agent.push = { enable = true; url = "http://[fd00::1/x"; };`,
    /push\.url' is not of type/,
  ],
  [
    'a push more often than the agent takes',
    `${AGENT} services.flint.agent.push = { enable = true; url = "https://h.example"; \
interval = "4.5s"; };`,
    /push\.interval' is not of type .*from 5s to 5m/,
  ],
  [
    'a queue that is old at once',
    `${AGENT} services.flint.agent.push = { enable = true; url = "https://h.example"; \
queueAgeMax = "09s"; };`,
    /push\.queueAgeMax' is not of type .*from 1m to 30d/,
  ],
  [
    'a page for everybody',
    'services.flint.probe = { enable = true; settings.listen.address = "0.0.0.0"; };',
    /listen\.address' is not of type/,
  ],
  [
    'units of node_exporter with a quote',
    `services.flint.nodeExporter = { enable = true; units = "a'b"; };`,
    /nodeExporter\.units' is not of type/,
  ],
  [
    'a range for a jump host',
    `${AGENT} services.flint.agent.lockdown = { enable = true; jumpHosts = [ "fd00::/64" ]; };`,
    /jumpHosts.* is not of type/,
  ],
  [
    'a firewall of iptables beside the lockdown',
    `${AGENT} services.flint.agent.lockdown.enable = true; \
networking.nftables.enable = lib.mkForce false;`,
    /lockdown: without networking\.nftables\.enable/,
  ],
  [
    'a table of the lockdown by somebody else',
    `${AGENT} services.flint.agent.lockdown.enable = true; \
networking.nftables.tables.flint = { family = "inet"; content = ""; };`,
    /table inet flint is the lockdown's own/,
  ],
  [
    'a page at the port of SSH',
    `${AGENT} services.flint.agent.lockdown.enable = true; \
services.flint.probe.settings.listen.port = 22;`,
    /sshPort and pagePort are both 22/,
  ],
  [
    'SSH among the ports of probes',
    `${AGENT} services.flint.agent.lockdown = { enable = true; sshPort = 62000; };`,
    /lockdown\.sshPort' is not of type .*61439/,
  ],
  [
    'a page at any port',
    'services.flint.probe = { enable = true; settings.listen.port = 0; };',
    /listen\.port' is not of type/,
  ],
  [
    'a page at the port of node_exporter',
    `${AGENT} services.flint.nodeExporter.enable = true; services.flint.agent.push = { \
enable = true; url = "https://h.example"; }; services.flint.probe.settings.listen.port = 9100;`,
    /two programs of the board .*nodeExporter\.port = 9100.*listen\.port = 9100/,
  ],
  [
    'a page at the port of vmagent',
    `${AGENT} services.flint.agent.push = { enable = true; url = "https://h.example"; }; \
services.flint.probe.settings.listen.port = 9741;`,
    /two programs of the board .*vmagent/,
  ],
  [
    'the interface of the LAN as that of the mesh',
    `${AGENT} services.flint.agent.interface = "end0"; ${TAILNET} = { enable = true; \
loginServer = "https://h.example"; interface = "end0"; };`,
    /the LAN would be let in as the mesh/,
  ],
  [
    'a mesh on loopback',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; \
interface = "lo"; };`,
    /interface' is not of type/,
  ],
  [
    'an interface that looks like an option',
    `${AGENT} services.flint.agent.interface = "-f";`,
    /interface' is not of type/,
  ],
  [
    'a board that reads from itself over the mesh',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; \
address = "fd00::7"; readers = [ "fd00::7" ]; };`,
    /readers: fd00::7 is this board's own/,
  ],
  [
    'a tailnet without tailscale',
    `${AGENT} ${TAILNET} = { enable = true; loginServer = "https://h.example"; }; \
services.tailscale.enable = lib.mkForce false;`,
    /services\.tailscale\.enable is off/,
  ],
  [
    'a section of the mesh that nothing is made ready for',
    `${AGENT} services.flint.agent.settings.tailnet = { kind = "tailscale"; \
loginServer = "https://h.example"; };`,
    /settings\.tailnet is a section .*agent\.tailnet\.enable/,
  ],
  [
    'data with a key of its own',
    `services.flint.data = { ${PROBE} script = "x"; };`,
    /services\.flint\.data\.script' does not exist/,
  ],
  [
    'data with a shell in a host',
    `services.flint.data = { ${PROBE} measurements.smokeping.targets = [ "a$(reboot)" ]; };`,
    /is not of type/,
  ],
  [
    'data with two lines for a name',
    'services.flint.data = { schema = 1; hardware = "generic"; name = "a\\nb"; };',
    /data\.name' is not of type/,
  ],
  [
    'data with a path for its hardware',
    'services.flint.data = { schema = 1; hardware = "../x"; name = "a"; };',
    /data\.hardware' is not of type/,
  ],
  [
    'data with a policy',
    `services.flint.data = { ${PROBE} policy = { }; };`,
    /services\.flint\.data\.policy' does not exist/,
  ],
  [
    'data of a later time',
    'services.flint.data = { schema = 2; hardware = "generic"; name = "a"; };',
    /data\.schema' is not of type/,
  ],
];

/** The refusal of Nix, or those of assertions. */
function refusalOf(module: string): string {
  try {
    const modules = `[ ${BOARD} ${DATA} ({ lib, ... }: { ${module} }) ]`;
    return evaluateOne(modules).failedAssertions.join('\n');
  } catch (error) {
    return String(error);
  }
}

suite('nix: refusals of boards', (s) => {
  const missing = missingEvaluation();

  for (const [what, module, words] of CASES) {
    s.testIf(missing, `${what} is refused, and told`, () => match(refusalOf(module), words));
  }

  s.testIf(missing, 'what is at the edge is not', () => {
    const module = `${AGENT} services.flint.agent = {
      pins = lib.genList (_: "${PIN}") 8;
      secrets."a.b-c_9" = "/run/x";
      lockdown = { enable = true; infra = [ "10.0.0.0/8" "fd00::1" "cache.example" ]; };
      push = { enable = true; url = "http://[fd00::1]:65535/write"; interval = "5s";
        queueAgeMax = "1.5h"; nodeExporter = "[::1]:9100"; };
    };
    services.flint.probe = { enable = true; settings.listen.address = "127.1.2.3"; };
    services.flint.agent.settings.tailnet.enable = false;
    networking.firewall.trustedInterfaces = [ "br-lan" "tailscale0" ];`;
    deepEqual(refusalOf(module), '');
  });

  s.testIf(missing, 'plain HTTP to this very machine is not', () => {
    for (const origin of ['http://127.0.0.1:8740', 'http://[::1]:8740', 'http://localhost']) {
      const module = `services.flint.agent = { enable = true; control = "${origin}"; };`;
      deepEqual(refusalOf(module), '', origin);
    }
  });
});
