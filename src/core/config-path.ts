import * as v from 'valibot';
import { TARGET, type TargetConfig, toTargetConfig } from './config-target.ts';
import { duration, expecting, flag, objectMessage, wholeNumber } from './config-value.ts';
import { formatDuration } from './duration.ts';
import { PATH_PROTOCOLS, type PathProtocol } from './path.ts';

// The part of a configuration that says which paths are traced, how often, and how gently.

/** A target of path measurements with every default filled in; a SYN has no payload. */
export interface PathTargetConfig extends TargetConfig {
  protocol: PathProtocol;
  /** Destination port of UDP and TCP; null for the protocol's usual one. */
  port: number | null;
}

export interface PathConfig {
  enable: boolean;
  /** The interval of a target that gives none itself. */
  intervalMs: number;
  /** Whether all paths of a target are looked for, and not one flow's alone. */
  multipath: boolean;
  /** Probes to each hop in each trace. */
  probes: number;
  maxTtl: number;
  /** Probes of all paths together, and those that one router is asked for. */
  packetsPerSecond: number;
  answersPerSecond: number;
  targets: PathTargetConfig[];
}

export const PATH_TARGETS_MAX = 1024;
const INTERVAL_MS_MIN = 5000;
const INTERVAL_MS_MAX = 3_600_000;
const PROTOCOL = v.picklist(PATH_PROTOCOLS, expecting('"icmp", "udp" or "tcp"'));

export const PATH_TARGET = v.strictObject(
  {
    ...TARGET.entries,
    size: v.optional(wholeNumber(20, 1472), 32),
    protocol: v.optional(PROTOCOL),
    port: v.optional(v.nullable(wholeNumber(1, 65_535)), null),
  },
  objectMessage('a host or an object'),
);

export const PATH = v.strictObject(
  {
    enable: v.optional(flag(), true),
    interval: v.optional(duration(INTERVAL_MS_MIN, INTERVAL_MS_MAX), '30s'),
    protocol: v.optional(PROTOCOL, 'icmp'),
    multipath: v.optional(flag(), false),
    probes: v.optional(wholeNumber(1, 10), 3),
    maxTtl: v.optional(wholeNumber(1, 64), 30),
    packetsPerSecond: v.optional(wholeNumber(1, 10_000), 100),
    answersPerSecond: v.optional(wholeNumber(1, 10_000), 10),
    targets: v.optional(
      v.pipe(
        v.array(PATH_TARGET, expecting('an array of targets')),
        v.maxLength(PATH_TARGETS_MAX, expecting(`at most ${PATH_TARGETS_MAX} targets`)),
      ),
      [],
    ),
  },
  objectMessage('an object'),
);

export type PathDocument = v.InferOutput<typeof PATH>;

export interface PathIssue {
  path: string;
  message: string;
}

/** Issues are added for what does not go together; paths begin at the measurement. */
export function toPathConfig(document: PathDocument, issues: PathIssue[]): PathConfig {
  const { interval, protocol, targets, ...rest } = document;
  return {
    ...rest,
    intervalMs: interval,
    targets: targets.flatMap((target, index) => {
      const { protocol: own, port, ...common } = target;
      const at = `targets.${index}`;
      if (target.interval !== undefined && target.interval < INTERVAL_MS_MIN) {
        const least = `at least "${formatDuration(INTERVAL_MS_MIN)}"`;
        const message = `expected ${least} but got "${formatDuration(target.interval)}"`;
        issues.push({ path: `${at}.interval`, message });
      }
      const result = toTargetConfig(common, interval);
      if (!result.ok) {
        issues.push({ path: `${at}.${result.path}`, message: result.message });
        return [];
      }
      return [{ ...result.target, protocol: own ?? protocol, port }];
    }),
  };
}
