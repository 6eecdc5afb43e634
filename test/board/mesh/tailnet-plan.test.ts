import { deepEqual, equal } from 'node:assert/strict';
import {
  driftsOf,
  isChange,
  planOf,
  type TailnetView,
} from '../../../src/board/mesh/tailnet-plan.ts';
import {
  isKeyRefused,
  parsePrefs,
  parseStatus,
  type TailscalePrefs,
} from '../../../src/board/mesh/tailscale-status.ts';
import { suite } from '../../helper.ts';
import { LOGGED_OUT, PREFS, SELF, STATUS } from './fake-tailscale.ts';

const WANTED = {
  loginServer: 'https://headscale.example',
  acceptRoutes: true,
  hostname: 'probe01',
  advertiseRoutes: ['fd8f:89ae:ca73:3::1/128'],
  netfilter: 'off' as const,
};

interface Case {
  status?: Record<string, unknown>;
  prefs?: Record<string, unknown>;
  hasKey?: boolean | null;
  doubt?: string;
}

function prefsOf(change: Record<string, unknown>): TailscalePrefs {
  const prefs = parsePrefs(JSON.stringify({ ...PREFS, ...change }));
  if (prefs === null) throw new Error('the settings of the case cannot be read');
  return prefs;
}

function viewOf({ status = {}, prefs = {}, hasKey = null, doubt: why }: Case): TailnetView {
  const doubt = why === undefined ? null : { why, isProvable: true };
  const read = parseStatus(JSON.stringify({ ...STATUS, ...status }));
  if (read === null) throw new Error('the status of the case cannot be read');
  return { status: read, prefs: prefsOf(prefs), wanted: WANTED, hasKey, doubt };
}

const does = (one: Case): string => planOf(viewOf(one)).do;

suite('the plan of a tailnet', (s) => {
  s.test('leaves a node alone that is as it should be', () => {
    equal(does({}), 'nothing');
    equal(does({ hasKey: true }), 'nothing');
    equal(does({ prefs: { ControlURL: 'https://Headscale.example/' } }), 'nothing');
  });

  s.test('looks for a key only where a login is wanted', () => {
    const wants: Case[] = [
      { status: LOGGED_OUT },
      { status: { BackendState: 'NoState' }, prefs: { LoggedOut: true } },
      { status: { BackendState: 'Stopped' }, prefs: { LoggedOut: true } },
      { status: { Self: { ...SELF, Expired: true } } },
      { status: { AuthURL: 'https://h/register/1', Self: { ...SELF, Online: false } } },
    ];

    for (const one of wants) {
      equal(does(one), 'find-key');
      equal(does({ ...one, hasKey: false }), 'need-key');
      deepEqual(
        { ...planOf(viewOf({ ...one, hasKey: true })), why: '' },
        { do: 'join', why: '', isReauth: one.status?.['AuthURL'] !== undefined },
      );
    }
  });

  s.test('waits where only time helps', () => {
    for (const BackendState of ['Starting', 'NeedsMachineAuth', 'InUseOtherUser']) {
      equal(does({ status: { BackendState } }), 'wait');
    }
    equal(does({ status: { BackendState: 'NoState' } }), 'wait');
  });

  s.test('starts a node that somebody stopped, without a key', () => {
    equal(does({ status: { BackendState: 'Stopped' }, prefs: { WantRunning: false } }), 'up');
  });

  s.test('moves to another login server with a key, and stays where it is without one', () => {
    const elsewhere = { prefs: { ControlURL: 'https://controlplane.tailscale.com' } };

    for (const status of [{}, { BackendState: 'Stopped' }]) {
      equal(does({ ...elsewhere, status, hasKey: false }), 'need-key');
      deepEqual(planOf(viewOf({ ...elsewhere, status, hasKey: true })), {
        do: 'join',
        why: 'it is at https://controlplane.tailscale.com',
        isReauth: true,
      });
    }
  });

  s.test('mends each setting that differs', () => {
    const changes: [Record<string, unknown>, string][] = [
      [{ CorpDNS: true }, 'dns'],
      [{ RouteAll: false }, 'routes'],
      [{ AdvertiseRoutes: null }, 'own-routes'],
      [{ AdvertiseRoutes: ['fd8f:89ae:ca73:3::1/128', '0.0.0.0/0'] }, 'own-routes'],
      [{ AdvertiseRoutes: ['fd8f:89ae:ca73:2::1/128'] }, 'own-routes'],
      [{ Hostname: 'other' }, 'hostname'],
      [{ NetfilterMode: 2 }, 'netfilter'],
      [{ ExitNodeID: 'n1' }, 'exit-node'],
      [{ ExitNodeIP: '100.64.0.9' }, 'exit-node'],
      [{ RunSSH: true }, 'ssh'],
    ];

    for (const [prefs, drift] of changes) {
      deepEqual(driftsOf(prefsOf(prefs), WANTED), [drift]);
      equal(does({ prefs }), 'set');
    }
    deepEqual(driftsOf(prefsOf({ Hostname: 'x' }), { ...WANTED, hostname: null }), []);
  });

  s.test('asks the server again where there is doubt, but mends first', () => {
    equal(does({ doubt: 'no peer was heard' }), 'ask-again');
    equal(does({ doubt: 'no peer was heard', status: { BackendState: 'Starting' } }), 'ask-again');
    equal(does({ doubt: 'no peer was heard', prefs: { CorpDNS: true } }), 'set');
    equal(does({ doubt: 'no peer was heard', status: LOGGED_OUT }), 'find-key');
  });

  s.test('knows what changes something', () => {
    const all = ['nothing', 'wait', 'find-key', 'need-key', 'up', 'set', 'ask-again'] as const;
    deepEqual(
      all.filter((one) => isChange({ do: one, why: '', isProvable: true })),
      ['find-key', 'up', 'set', 'ask-again'],
    );
  });

  s.test('tells a refused key from a server that is away', () => {
    const refused = [
      'backend error: authkey already used',
      'backend error: authkey expired',
      'backend error: invalid pre auth key',
      'You are logged out. The last login error was: AuthKey not found',
      'backend error: invalid key: API key kabc not valid',
    ];
    const away = [
      'timeout waiting for Tailscale service to enter a Running state',
      'fetch control key: Get "https://h/key?v=145": dial tcp: connect: no route to host',
      'fetch control key: tls: failed to verify certificate: x509: certificate signed by unknown',
      'fetch control key: x509: certificate has expired or is not yet valid',
      'changing settings via the flags',
    ];

    deepEqual(
      refused.map(isKeyRefused),
      refused.map(() => true),
    );
    deepEqual(
      away.map(isKeyRefused),
      away.map(() => false),
    );
  });
});
