// The modules of the boards, evaluated. What comes out as JSON is judged by the programs' own
// parsers, so that options and schemas cannot drift apart.
import { deepEqual, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { loadSettings } from '../../src/board/agent-config.ts';
import { parseProbeConfig } from '../../src/core/config.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { suite } from '../helper.ts';
import {
  evaluate,
  exposure,
  type Machine,
  missingEvaluation,
  missingPrograms,
  ROOT,
  readJson,
  ruleFaults,
  unitFaults,
} from './lab.ts';

/** Exposure that each may have; others have 2. Root, whatever it may no more, counts much. */
const EXPOSURE_MAX: Readonly<Record<string, number>> = { 'flint-agent.service': 4 };

suite('nix: boards', (s) => {
  const missing = missingEvaluation();
  const machines: Record<string, Machine> =
    missing === null ? evaluate(`${ROOT}test/nix/probe.nix`) : {};

  function machine(name: string): Machine {
    const found = machines[name];
    if (found === undefined) throw new Error(`there is no configuration ${name}`);
    return found;
  }

  function agentOf(name: string) {
    return loadSettings(machine(name).files.agent, true);
  }

  s.testIf(missing, 'no configuration that should work is refused', () => {
    for (const [name, { failedAssertions }] of Object.entries(machines)) {
      deepEqual(failedAssertions, [], name);
    }
  });

  s.testIf(missing, 'nothing is there before something is enabled', () => {
    const { units, users, etc } = machine('nothing');
    const names = [...Object.keys(units), ...Object.keys(users), ...Object.keys(etc)];
    deepEqual(
      names.filter((name) => name.includes('flint')),
      [],
    );
  });

  s.testIf(missing ?? missingPrograms('systemd-analyze'), 'systemd can read every unit', () => {
    for (const [name, { units }] of Object.entries(machines)) {
      deepEqual(unitFaults(units), [], name);
      equal(/@[a-z-]+@/.exec(JSON.stringify(units))?.[0], undefined, name);
    }
  });

  s.testIf(missing ?? missingPrograms('systemd-analyze'), 'our services are locked in', () => {
    const judged = new Set<string>();
    for (const { units } of Object.values(machines)) {
      for (const [name, text] of Object.entries(units)) {
        if (!/^flint-.*\.service$/.test(name) || judged.has(text)) continue;
        judged.add(text);
        const found = exposure(name, text);
        equal(found <= (EXPOSURE_MAX[name] ?? 2), true, `${name} is at ${found}`);
      }
    }
    equal(judged.size > 4, true);
  });

  s.testIf(missing ?? missingPrograms('nft', 'unshare'), 'nft takes every rule', () => {
    for (const [name, { nftables }] of Object.entries(machines)) {
      equal(nftables === '' ? '' : ruleFaults(nftables), '', name);
    }
  });

  s.testIf(missing, 'the probe itself takes every configuration that is made for it', () => {
    const made = Object.entries(machines).filter(([, { etc }]) => 'flint/probe.json' in etc);
    equal(made.length > 5, true);
    for (const [name, { files, etc }] of made) {
      const parsed = parseProbeConfig(readJson(files.probe), 'local');
      equal(parsed.ok, true, `${name}: ${JSON.stringify(parsed)}`);
      const policy = parsePolicy(readJson(etc['flint/policy.json'] ?? ''));
      equal(policy.ok, true, `${name}: ${JSON.stringify(policy)}`);
    }
  });

  s.testIf(missing, 'the agent itself takes every configuration that is made for it', () => {
    const made = Object.entries(machines).filter(([, { etc }]) => 'flint/agent.json' in etc);
    equal(made.length > 8, true);
    for (const [name] of made) equal(typeof agentOf(name).control, 'string', name);
  });

  s.testIf(missing, 'the agent gets what was said of the mesh', () => {
    const { tailnet } = agentOf('tailscale-full');
    if (tailnet?.kind !== 'tailscale') throw new Error('no tailnet');
    equal(tailnet.interface, 'ts0');
    equal(tailnet.acceptRoutes, false);
    equal(tailnet.netfilter, 'nodivert');
    deepEqual(tailnet.readers, ['fd00::1', '10.0.0.1']);
    const other = agentOf('wireguard-full').tailnet;
    if (other?.kind !== 'wireguard') throw new Error('no WireGuard');
    equal(other.mtu, 1280);
    equal(other.peers[0]?.endpoint, '[fd00::5]:51820');
    equal(other.peers[0]?.presharedKey, 'wireguard-psk-monitor');
    deepEqual(machine('wireguard-full').openPorts.udp, [51820]);
    deepEqual(machine('wireguard-bare').openPorts.udp, []);
  });

  s.testIf(missing, 'the lockdown knows the ports of its neighbours, and opens no other', () => {
    const { lockdown } = agentOf('lockdown-full');
    equal(lockdown?.sshPort, 2222);
    equal(lockdown?.pagePort, 9999);
    deepEqual(lockdown?.measured, ['10.20.0.0/16']);
    const { nftables, flushRuleset, openPorts } = machine('lockdown-full');
    equal(flushRuleset, false);
    deepEqual(openPorts.tcp, []);
    deepEqual(nftables.match(/.*tcp dport \{[^}]+\} accept/g), [
      'iifname "tailscale0" tcp dport { 2222, 9999 } accept',
    ]);
    match(
      machine('lockdown-alone').units['flint-lockdown.service'] ?? '',
      /^Before=.*network-pre\.target/m,
    );
  });

  s.testIf(missing, 'the push knows whether there is a node_exporter', () => {
    equal(agentOf('push-full').push?.nodeExporter, '127.0.0.1:9101');
    equal(agentOf('push-bare').push?.nodeExporter, null);
    equal(agentOf('push-full').push?.supervise, 'unit');
  });

  s.testIf(missing, 'the push reads the probe where that listens', () => {
    equal(agentOf('other-places').push?.daemon, '[::1]:9999');
    equal(agentOf('push-bare').push?.daemon, '127.0.0.1:9740');
    equal(agentOf('other-places').lockdown?.pagePort, 9999);
  });

  s.testIf(missing, 'an interface of any name is one for the firewall too', () => {
    match(
      machine('other-places').nftables,
      /iifname "7mesh\.a-b_c" tcp dport \{ 22, 9999 \} accept/,
    );
  });

  s.testIf(missing, 'a board whose configuration has other modules keeps what it needs', () => {
    const { flushRuleset, networkd, openPorts, warnings } = machine('beside-others');
    equal(flushRuleset, false, 'though it is on by default for so old a state');
    deepEqual(networkd, { ManageForeignRoutes: false, ManageForeignRoutingPolicyRules: false });
    deepEqual(openPorts.tcp, [8080]);
    deepEqual(warnings, []);
    const { push, tailnet } = agentOf('beside-others');
    equal(push?.nodeExporter, null);
    equal(tailnet?.kind === 'tailscale' && tailnet.acceptRoutes, false);
  });

  s.testIf(missing, 'who can log in to no board is told, and nobody else', () => {
    const told = (name: string) => machine(name).warnings.join();
    equal(told('image-with-key-file'), '');
    match(told('image-without-keys'), /no user has an authorized key/);
    match(told('lockdown-without-mesh'), /jumpHosts: SSH is let in on the mesh alone/);
  });

  s.testIf(missing, 'boards of SPARKY join, push, and can be changed by who could before', () => {
    const { tailnet, push, lockdown } = agentOf('sparky-image');
    if (tailnet?.kind !== 'tailscale') throw new Error('no tailnet');
    equal(tailnet.loginServer, 'https://headscale.example.net');
    equal(tailnet.address, null, 'that is what the control gives');
    deepEqual(tailnet.readers, ['fd8f:89ae:ca73:2::1']);
    deepEqual(lockdown?.jumpHosts, ['fd8f:89ae:ca73:1::1']);
    equal(push?.url, agentOf('sparky').push?.url);
    equal('flint-mac.service' in machine('sparky-image').units, true);
    for (const name of ['sparky', 'sparky-image']) equal(machine(name).hasSudo, true, name);
    equal(machine('probe01').hasSudo, false);
  });

  s.testIf(missing, 'secrets are named, never held: no unit, file or argument has one', () => {
    for (const name of ['tailscale-full', 'push-full', 'agent-full', 'wireguard-full']) {
      const { units, files } = machine(name);
      const text = JSON.stringify(units) + readFileSync(files.agent, 'utf8');
      equal(/tailnet-key"?:\s*"\/|auth-key|bearer"?:\s*"\//.exec(text)?.[0], undefined, name);
    }
    const { units, etc } = machine('sparky');
    equal(JSON.stringify([units, etc]).includes('not-a-secret-any-more'), false);
  });

  s.testIf(missing, 'images are those of their boards', () => {
    equal(machine('image-r2s').images.includes('sdImage'), true);
    equal(machine('image-r2s').kernelParams.join(' ').includes('console=ttyS2,1500000'), true);
    equal('flint-mac.service' in machine('image-r2s').units, true);
    equal('flint-mac.service' in machine('image-s920').units, false);
  });

  s.testIf(missing, 'a probe of the example is what its file says', () => {
    equal(machine('probe01').hostName, 'probe01');
    equal(agentOf('probe01').hardware, 'r2s');
    match(JSON.stringify(readJson(machine('probe01').files.probe)), /@gateway/);
  });
});
