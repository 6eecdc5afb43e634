import { deepEqual, equal, match } from 'node:assert/strict';
import * as v from 'valibot';
import { TAILSCALE_SETTINGS } from '../../../src/board/mesh/settings.ts';
import {
  hasHeard,
  heardOf,
  isApproved,
  readTailnet,
  type TailnetFacts,
} from '../../../src/board/mesh/tailnet-state.ts';
import { parseStatus, type TailscaleStatus } from '../../../src/board/mesh/tailscale-status.ts';
import { MESH_STATE } from '../../../src/core/board-state.ts';
import { suite } from '../../helper.ts';
import { LOGGED_OUT, SELF, STATUS } from './fake-tailscale.ts';

const ADDRESS = 'fd8f:89ae:ca73:3::1';
const READER = 'fd8f:89ae:ca73:2::1';
const SETTINGS = v.parse(TAILSCALE_SETTINGS, {
  ...{ kind: 'tailscale', loginServer: 'https://h.example', address: ADDRESS, readers: [READER] },
});
const APPROVED = { ...SELF, AllowedIPs: [...SELF.AllowedIPs, `${ADDRESS}/128`] };

function statusOf(change: Record<string, unknown> = {}): TailscaleStatus {
  const status = parseStatus(JSON.stringify({ ...STATUS, Self: APPROVED, ...change }));
  if (status === null) throw new Error('the status of the case cannot be read');
  return status;
}

function read(change: Partial<TailnetFacts> = {}) {
  const reading = readTailnet({
    ...{ settings: SETTINGS, fixedAddress: ADDRESS, status: statusOf(), fault: null },
    ...{ onInterface: ['fd7a:115c:a1e0::1', ADDRESS], action: { do: 'nothing' } as const },
    ...{ failure: null, isKeyMissing: false, clientVersion: null, lastAddress: null, strict: [] },
    serverAnswers: false,
    ...change,
  });
  return v.parse(MESH_STATE, { ...reading, joinedMs: null });
}

suite('how a tailnet stands', (s) => {
  s.test('is joined when the address is there and approved', () => {
    const { state, reason, address, version, isVersionOld } = read();

    deepEqual([state, reason, address], ['joined', null, ADDRESS]);
    deepEqual([version, isVersionOld], ['1.98.4-tabcdef012', false]);
  });

  s.test('warns where others may put files on the board, which no packet filter stops', () => {
    const CapMap = { 'https://tailscale.com/cap/file-sharing': null };
    const { state, reason } = read({ status: statusOf({ Self: { ...APPROVED, CapMap } }) });

    equal(state, 'joined');
    match(reason ?? '', /put files on this board: set taildrop\.enabled to false/);
    const other = { 'https://tailscale.com/cap/ssh': null };
    equal(read({ status: statusOf({ Self: { ...APPROVED, CapMap: other } }) }).reason, null);
    equal(read({ status: statusOf({ Self: { ...APPROVED, CapMap: 'odd' } }) }).reason, null);
  });

  s.test('waits for approval until the server says that others may reach it', () => {
    const pending = statusOf({ Self: SELF });
    const { state, reason } = read({ status: pending });

    equal(state, 'needs-approval');
    match(reason ?? '', /must approve the route fd8f:89ae:ca73:3::1/);
    equal(read({ status: pending, fixedAddress: null }).state, 'joined');
    equal(
      isApproved(statusOf({ Self: { ...SELF, PrimaryRoutes: [`${ADDRESS}/128`] } }), ADDRESS),
      true,
    );
    equal(isApproved(statusOf({ Self: { ...SELF, AllowedIPs: ['fd8f::/16'] } }), ADDRESS), false);
  });

  s.test('is as tailscaled says otherwise', () => {
    const out = statusOf(LOGGED_OUT);
    const find = { do: 'find-key', why: 'logged out' } as const;

    equal(read({ status: out, action: find }).state, 'joining');
    equal(read({ status: out, action: find, isKeyMissing: true }).state, 'needs-key');
    equal(read({ status: out, action: { do: 'need-key', why: 'x' } }).state, 'needs-key');
    equal(read({ status: statusOf({ BackendState: 'Stopped' }) }).state, 'stopped');
    equal(read({ status: statusOf({ BackendState: 'Starting' }) }).state, 'joining');
    const fault = { fault: 'silent', reason: 'it hangs' } as const;
    const absent = read({ status: null, action: null, fault, clientVersion: '1.79.0' });
    deepEqual([absent.state, absent.reason, absent.address], ['absent', 'it hangs', ADDRESS]);
    deepEqual([absent.version, absent.isVersionOld], ['1.79.0', true]);
  });

  s.test('has an address only while it is on the interface', () => {
    equal(read({ onInterface: ['fd7a:115c:a1e0::1'] }).address, null);
    equal(read({ onInterface: null }).interface, null);
    equal(read({ fixedAddress: null }).address, 'fd7a:115c:a1e0::1');
    const onlyV4 = statusOf({ TailscaleIPs: ['100.64.0.1'] });
    equal(
      read({ fixedAddress: null, status: onlyV4, onInterface: ['100.64.0.1'] }).address,
      '100.64.0.1',
    );
    const gone = { status: null, action: null, fixedAddress: null, lastAddress: ADDRESS };
    equal(read(gone).address, ADDRESS);
  });

  s.test('says what may go wrong though it is joined', () => {
    const health = ['You are logged out. The last login error was: fetch control key: refused'];
    const offline = statusOf({ Self: { ...APPROVED, Online: false }, Health: health });

    match(read({ status: offline }).reason ?? '', /out of reach: .*fetch control key/);
    match(read({ strict: ['eth0', 'a', 'b', 'c'] }).reason ?? '', /strict on eth0, a, b:/);
    const wide = { HostName: 'lan', PrimaryRoutes: ['fd00::1/128', '10.0.0.0/8'] };
    const led = statusOf({ Peer: { a: wide } });
    match(read({ status: led }).reason ?? '', /leads 10\.0\.0\.0\/8 to lan/);
    equal(read({ status: led, settings: { ...SETTINGS, acceptRoutes: false } }).reason, null);
    match(read({ onInterface: null }).reason ?? '', /there is no interface tailscale0/);
    match(read({ status: statusOf({ TUN: false }) }).reason ?? '', /without an interface/);
    equal(read({ failure: 'x'.repeat(900) }).reason?.length, 500);
  });

  s.test('lists readers first, then who spoke last, and no more than fit', () => {
    const at = (minute: number): string =>
      new Date(1_790_000_000_000 + minute * 60_000).toISOString();
    const crowd = Array.from({ length: 60 }, (_, i) => [
      `nodekey:${i}`,
      {
        HostName: `p${i}`,
        TailscaleIPs: [`100.64.1.${i}`],
        LastHandshake: at(i),
        Active: i === 59,
      },
    ]);
    const metrics = {
      ...{ DNSName: 'metrics.mesh.lab.', TailscaleIPs: ['100.64.0.2'], CurAddr: '192.0.2.7:1' },
      AllowedIPs: ['100.64.0.2/32', `${READER}/128`],
    };
    const peers = read({
      status: statusOf({ Peer: { ...Object.fromEntries(crowd), m: metrics } }),
    }).peers;

    equal(peers.length, 32);
    deepEqual(
      peers.slice(0, 3).map(({ name, address, via, relay }) => [name, address, via, relay]),
      [
        ['metrics.mesh.lab', READER, 'direct', null],
        ['p59', '100.64.1.59', 'relayed', '?'],
        ['p58', '100.64.1.58', 'idle', null],
      ],
    );
  });

  s.test('can tell whether anybody was heard', () => {
    const peer = (change: object) => heardOf(statusOf({ Peer: { a: { RxBytes: 5, ...change } } }));

    equal(hasHeard(peer({ TxBytes: 9 }), peer({ TxBytes: 10 })), false);
    equal(hasHeard(peer({}), peer({ RxBytes: 6 })), true);
    equal(hasHeard(peer({}), peer({ LastHandshake: '2026-11-22T11:12:22Z' })), true);
    equal(
      hasHeard(peer({}), peer({ RxBytes: 0 })),
      false,
      'a daemon that began anew heard nothing',
    );
  });
});
