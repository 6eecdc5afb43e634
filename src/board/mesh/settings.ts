import * as v from 'valibot';
import { expecting, flag, objectMessage, text, wholeNumber } from '../../core/config-value.ts';
import { originOf } from '../../core/enroll-wire.ts';
import { SECRET_NAME } from '../../host/secret.ts';
import { DEVICE_NAME, HOST_AND_PORT, MACHINE_ADDRESS } from '../given-address.ts';

// The section `tailnet` of agent.json: by which mesh the board is reached, and who may read from
// it there. One of two kinds: tailscale's client against a headscale, or plain WireGuard.

const SECRET = text('the name of a secret, such as "tailnet-key"', SECRET_NAME, 63);
const HOST_NAME = text('a host name', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 63);
const VERSION = text('a version such as "1.80"', /^[0-9]{1,4}(\.[0-9]{1,4}){1,2}$/, 14);
const FILE = text('an absolute path', /^\/[^\0]{1,4095}$/, 4096);
const READERS = v.pipe(
  v.array(MACHINE_ADDRESS, expecting('an array of addresses')),
  v.maxLength(16, expecting('at most 16 addresses')),
);

const COMMON = {
  enable: v.optional(flag(), true),
  /** The board's fixed address on the mesh; null takes the one that the mesh gives. */
  address: v.optional(v.nullable(MACHINE_ADDRESS), null),
  /** Who may read the daemon's page and metrics there. */
  readers: v.optional(READERS, []),
};

const LOGIN_SERVER = v.pipe(
  v.string(expecting('a URL such as https://headscale.example')),
  v.maxLength(300, expecting('a URL of at most 300 characters')),
  v.check(
    (value) => originOf(value) !== null,
    expecting('a URL such as https://headscale.example, without a path'),
  ),
);

export const TAILSCALE_SETTINGS = v.strictObject(
  {
    kind: v.literal('tailscale'),
    ...COMMON,
    loginServer: LOGIN_SERVER,
    /** Name of the secret with a pre-auth key; without one the control is asked. */
    key: v.optional(SECRET, 'tailnet-key'),
    /** Null: the name that the control gave the board, else the machine's. */
    hostname: v.optional(v.nullable(HOST_NAME), null),
    acceptRoutes: v.optional(flag(), true),
    interface: v.optional(DEVICE_NAME, 'tailscale0'),
    versionMin: v.optional(VERSION, '1.80'),
    /** Of tailscaled's own firewall; the lockdown has rules for each. */
    netfilter: v.optional(v.picklist(['off', 'nodivert', 'on']), 'off'),
    program: v.optional(FILE),
    socket: v.optional(FILE),
  },
  objectMessage('the settings of a tailnet'),
);

const WIREGUARD_KEY = text('a WireGuard public key', /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 44);

export const WIREGUARD_PEER = v.strictObject(
  {
    name: text('a name', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 63),
    publicKey: WIREGUARD_KEY,
    /** Name of the secret with a preshared key. */
    presharedKey: v.optional(v.nullable(SECRET), null),
    /** HOST:PORT, or [ADDRESS]:PORT; null for a peer that calls us. */
    endpoint: v.optional(v.nullable(HOST_AND_PORT), null),
    allowedAddresses: v.pipe(
      v.array(
        text('an address or a range', /^[0-9A-Fa-f:.]{2,45}(\/[0-9]{1,3})?$/, 49),
        expecting('an array of ranges'),
      ),
      v.minLength(1, expecting('at least one range')),
      v.maxLength(64, expecting('at most 64 ranges')),
    ),
    keepaliveS: v.optional(wholeNumber(0, 65_535), 25),
  },
  objectMessage('a WireGuard peer'),
);

export const WIREGUARD_SETTINGS = v.strictObject(
  {
    kind: v.literal('wireguard'),
    ...COMMON,
    /** Plain WireGuard gives none: it must be said. */
    address: MACHINE_ADDRESS,
    interface: v.optional(DEVICE_NAME, 'flint0'),
    /** 0 takes any: nobody has to call us. */
    listenPort: v.optional(wholeNumber(0, 65_535), 0),
    mtu: v.optional(wholeNumber(1280, 9000), 1420),
    peers: v.pipe(
      v.array(WIREGUARD_PEER, expecting('an array of peers')),
      v.minLength(1, expecting('at least one peer')),
      v.maxLength(32, expecting('at most 32 peers')),
    ),
  },
  objectMessage('the settings of a WireGuard mesh'),
);

export const MESH_SETTINGS = v.variant('kind', [TAILSCALE_SETTINGS, WIREGUARD_SETTINGS]);

export type TailscaleSettings = v.InferOutput<typeof TAILSCALE_SETTINGS>;
export type WireguardPeer = v.InferOutput<typeof WIREGUARD_PEER>;
export type WireguardSettings = v.InferOutput<typeof WIREGUARD_SETTINGS>;
export type MeshSettings = v.InferOutput<typeof MESH_SETTINGS>;
