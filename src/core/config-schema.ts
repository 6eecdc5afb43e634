import * as v from 'valibot';
import { isLoopback, parseAddress } from './address.ts';
import { PATH } from './config-path.ts';
import { INTERVAL_MS_MAX, INTERVAL_MS_MIN, TARGET } from './config-target.ts';
import { duration, expecting, flag, objectMessage, text, wholeNumber } from './config-value.ts';

// The configuration document of a probe: keys, limits and defaults. Everything but `schema` may be
// left out.

export const SCHEMA_VERSION = 1;
export const TARGETS_MAX = 2048;

const MIB = 1_048_576;

const SMOKEPING = v.strictObject(
  {
    enable: v.optional(flag(), true),
    interval: v.optional(duration(INTERVAL_MS_MIN, INTERVAL_MS_MAX), '1s'),
    round: v.optional(duration(5000, 600_000), '30s'),
    timeout: v.optional(duration(100, 60_000), '5s'),
    targets: v.optional(
      v.pipe(
        v.array(TARGET, expecting('an array of targets')),
        v.maxLength(TARGETS_MAX, expecting(`at most ${TARGETS_MAX} targets`)),
      ),
      [],
    ),
  },
  objectMessage('an object'),
);

const LISTEN_ADDRESS = v.pipe(
  v.string(expecting('an IP address')),
  v.maxLength(64, expecting('an IP address')),
  v.check((value) => parseAddress(value) !== null, expecting('an IP address')),
  v.check(
    isLoopbackText,
    (issue) =>
      `${expecting('a loopback address (127.0.0.1 or ::1)')(issue)}: the page asks for no ` +
      'password, so it is served to this machine alone (others reach it through ssh -L)',
  ),
);

const LISTEN = v.strictObject(
  {
    address: v.optional(LISTEN_ADDRESS, '127.0.0.1'),
    port: v.optional(wholeNumber(0, 65_535), 9740),
  },
  objectMessage('an object'),
);

const HOSTNAME = text(
  'a host name of up to 253 characters or null',
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/,
  253,
);

const STORE = v.strictObject(
  {
    keep: v.optional(duration(3_600_000, 90 * 86_400_000), '48h'),
    bytesMax: v.optional(wholeNumber(4 * MIB, 4096 * MIB), 64 * MIB),
  },
  objectMessage('an object'),
);

const MEASUREMENTS = v.strictObject(
  { smokeping: v.optional(SMOKEPING, {}), path: v.optional(PATH, {}) },
  objectMessage('an object of measurements'),
);

export const DOCUMENT = v.strictObject(
  {
    schema: v.literal(SCHEMA_VERSION, expecting(String(SCHEMA_VERSION))),
    hostname: v.optional(v.nullable(HOSTNAME), null),
    listen: v.optional(LISTEN, {}),
    measurements: v.optional(MEASUREMENTS, {}),
    store: v.optional(STORE, {}),
  },
  objectMessage('an object'),
);

export type ConfigDocument = v.InferOutput<typeof DOCUMENT>;
export type SmokepingDocument = ConfigDocument['measurements']['smokeping'];

function isLoopbackText(value: string): boolean {
  const address = parseAddress(value);
  return address !== null && isLoopback(address);
}
