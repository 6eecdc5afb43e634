import * as v from 'valibot';
import {
  duration,
  expecting,
  flag,
  objectMessage,
  text,
  wholeNumber,
} from '../../core/config-value.ts';
import { SECRET_NAME } from '../../host/secret.ts';
import { HOST_AND_PORT } from '../given-address.ts';

// The section `push` of agent.json: where the metrics go, and how much may wait on the board.

const FILE = text('an absolute path', /^\/[^\0]{1,4095}$/, 4096);

const URL_TEXT = v.pipe(
  v.string(expecting('a URL such as http://[fd00::1]/remote_write')),
  v.maxLength(500, expecting('a URL of at most 500 characters')),
  v.check(
    (value) => isPushUrl(value),
    expecting('an http or https URL without user, password, query, fragment, comma and quotes'),
  ),
);

export const PUSH_SETTINGS = v.strictObject(
  {
    enable: v.optional(flag(), true),
    url: URL_TEXT,
    /** Name of the secret with the bearer. */
    bearer: v.optional(text('the name of a secret', SECRET_NAME, 63), 'push-bearer'),
    /** What may wait on disk; vmagent keeps whole files of up to 500 MB. */
    queueBytesMax: v.optional(wholeNumber(536_870_912, 1e12), 1_073_741_824),
    /** Of a queue older than this, an alarm. */
    queueAgeMax: v.optional(duration(60_000, 30 * 86_400_000), '10m'),
    interval: v.optional(duration(5_000, 300_000), '15s'),
    /** Where the daemon serves its metrics. */
    daemon: v.optional(HOST_AND_PORT, '127.0.0.1:9740'),
    /** Loopback port of vmagent's own page and metrics. */
    port: v.optional(wholeNumber(1, 65_535), 9741),
    /** Loopback port of the relay, which runs only in front of an old vmauth. */
    relayPort: v.optional(wholeNumber(1, 65_535), 9742),
    /** Where node_exporter listens; null leaves it out. */
    nodeExporter: v.optional(v.nullable(HOST_AND_PORT), '127.0.0.1:9100'),
    /**
     * `unit`: systemd runs vmagent from the files that are written; `child`: the agent does;
     * `auto`: a unit where the agent is one, since its own sandbox lets it become nobody else.
     */
    supervise: v.optional(v.picklist(['auto', 'child', 'unit']), 'auto'),
    /** User of a vmagent that is our child, when we are root. */
    user: v.optional(
      text(
        'the name or number of a user that is not root',
        /^(?!(?:root|0+)$)([a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})$/,
        32,
      ),
      'flint-push',
    ),
    program: v.optional(FILE),
  },
  objectMessage('the settings of the push'),
);

export type PushSettings = v.InferOutput<typeof PUSH_SETTINGS>;

function isPushUrl(value: string): boolean {
  // vmagent reads a comma as the start of the next URL.
  if (!/^[A-Za-z0-9:/[\]._~%-]+$/.test(value) || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash, port } = new URL(value);
  const isHttp = (protocol === 'http:' || protocol === 'https:') && port !== '0';
  return isHttp && [username, password, search, hash].every((part) => part === '');
}
