import * as v from 'valibot';

// The configuration of the control. Filled in by its owner below; the type is what others need.

export interface ControlConfig {
  listen: { address: string; port: number };
  /** The origin that boards and people use; null: `http://<listen>` on loopback. */
  origin: string;
  /** Addresses or prefixes of proxies whose X-Forwarded-* is believed. */
  trustedProxies: string[];
  tls: { certFile: string; keyFile: string } | null;
  /** Name of the organisation, shown on the pages. */
  title: string;
  /** Probes are called `<namePrefix><number>` unless named. */
  namePrefix: string;
  /** Probes get their addresses out of it, e.g. `fd00:1:2:3::/64`; null gives none. */
  addressPrefix: string | null;
  /** Rounds for graphs: how long and how many bytes at most. */
  history: { keepMs: number; bytesMax: number };
}

export const CONTROL_CONFIG = v.strictObject({ schema: v.literal(1) });
