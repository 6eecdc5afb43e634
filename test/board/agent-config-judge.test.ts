import { equal, match } from 'uvu/assert';
import { faultsOf } from '../../src/board/agent-config-judge.ts';
import { suite } from '../helper.ts';
import { agentSettings, TAILNET, WIREGUARD_KEY } from './lockdown/settings-samples.ts';

const WIREGUARD = {
  kind: 'wireguard',
  address: 'fd57::a',
  peers: [{ name: 'hub', publicKey: WIREGUARD_KEY, allowedAddresses: ['fd57::/64'] }],
};
const PUSH = { url: 'http://[fd12:3:4::9]:8427/' };

function faultOf(settings: Parameters<typeof agentSettings>[0], ownInterface = 'eth0'): string {
  const faults = faultsOf({ ...agentSettings(settings), interface: ownInterface });
  equal(faults.length < 2, true, faults.join('; '));
  return faults[0] ?? 'all fits together';
}

suite('board/agent-config-judge', ({ test }) => {
  test('what fits together is left alone', () => {
    const lockdown = { jumpHosts: ['fd12:3:4::8'] };
    equal(faultOf({ tailnet: TAILNET, lockdown, push: PUSH }), 'all fits together');
    equal(faultOf({ tailnet: WIREGUARD, lockdown: {} }), 'all fits together');
    equal(faultOf({ lockdown: {}, push: { url: 'http://127.0.0.1:1/' } }), 'all fits together');
  });

  test('the interface of the LAN is never the mesh', () => {
    match(faultOf({ tailnet: { ...TAILNET, interface: 'eth0' } }), 'the LAN would be let in');
    match(faultOf({ tailnet: { ...WIREGUARD, interface: 'eth0' } }), 'the LAN would be let in');
  });

  test('the board itself is neither reader, jump host nor metrics server', () => {
    const own = 'FD12:3:4:0::7';
    match(faultOf({ tailnet: { ...TAILNET, readers: [own] } }), /readers: .* own address/);
    const lockdown = { jumpHosts: [own] };
    match(faultOf({ tailnet: TAILNET, lockdown }), /jumpHosts: .* own address/);
    match(
      faultOf({ tailnet: TAILNET, push: { url: `http://[${own}]/` } }),
      /push\.url: .* own address/,
    );
  });

  test('nobody is named twice, however it is written', () => {
    const readers = ['fd12:3:4::9', 'FD12:3:4:0::9'];
    match(faultOf({ tailnet: { ...TAILNET, readers } }), /readers: .* is there twice/);
    match(faultOf({ tailnet: TAILNET, lockdown: { jumpHosts: readers } }), /jumpHosts: .* twice/);
  });

  test('a jump host that could never come in is told', () => {
    const lockdown = { jumpHosts: ['fd57::1', 'fd58::1'] };
    match(faultOf({ tailnet: WIREGUARD, lockdown }), 'fd58::1 is behind no peer');
  });

  test('one port has one service', () => {
    match(faultOf({ lockdown: { sshPort: 9740 } }), 'readers would reach SSH');
    match(faultOf({ push: { ...PUSH, relayPort: 9741 } }), '9741 is there twice');
    match(faultOf({ push: { ...PUSH, port: 9100 } }), '9100 is there twice');
    const elsewhere = { ...PUSH, nodeExporter: '192.0.2.1:9741' };
    equal(faultOf({ push: elsewhere }), 'all fits together');
  });

  test('a plan of WireGuard that cannot be right is told before there is a board', () => {
    const peers = WIREGUARD.peers.map((peer) => ({ ...peer, allowedAddresses: ['fd57::1/64'] }));
    match(faultOf({ tailnet: { ...WIREGUARD, peers } }), /fd57::1\/64 is no range/);
    const two = [...WIREGUARD.peers, ...WIREGUARD.peers];
    match(faultOf({ tailnet: { ...WIREGUARD, peers: two } }), /is there twice/);
    const psk = WIREGUARD.peers.map((peer) => ({ ...peer, presharedKey: 'wg-psk' }));
    equal(faultOf({ tailnet: { ...WIREGUARD, peers: psk } }), 'all fits together');
  });
});
