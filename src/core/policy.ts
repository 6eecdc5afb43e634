import * as v from 'valibot';
import { type AddressRange, parseRange } from './address-range.ts';
import type { ConfigIssue } from './config.ts';
import { expecting, isRecord, objectMessage, show, wholeNumber } from './config-value.ts';

// What the machine's owner lets anybody else make it do. It comes with the machine and never from
// the control, and its reader is as strict as that of a local configuration: a key that is not
// understood might have been a limit.

/** Kinds of measurement that a policy can name, those of later versions among them. */
export const POLICY_KINDS = ['smokeping', 'path', 'http', 'dns', 'tcp', 'throughput'] as const;

export type PolicyKind = (typeof POLICY_KINDS)[number];

export interface Policy {
  /** May be measured although they are not public. */
  privateRanges: AddressRange[];
  packetsPerSecond: number;
  /** To one address, of all kinds together. */
  packetsPerSecondPerDestination: number;
  /** Sent and received. */
  bytesPerDay: number;
  kinds: PolicyKind[];
  httpMethods: string[];
}

export type ParsedPolicy = { ok: true; policy: Policy } | { ok: false; issues: ConfigIssue[] };

const SCHEMA_VERSION = 1;
const RANGES_MAX = 256;

const RANGE = v.pipe(
  v.string(expecting('a range such as "10.20.0.0/16"')),
  v.maxLength(64, expecting('a range such as "10.20.0.0/16"')),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const range = parseRange(dataset.value);
    if (range !== null) return range;
    const message = `expected a range such as "10.20.0.0/16" but got ${show(dataset.value)}`;
    addIssue({ message: `${message}: behind the prefix every bit is 0` });
    return NEVER;
  }),
);

const POLICY = v.object(
  {
    schema: v.literal(SCHEMA_VERSION, expecting(String(SCHEMA_VERSION))),
    privateRanges: v.optional(
      v.pipe(
        v.array(RANGE, expecting('an array of ranges')),
        v.maxLength(RANGES_MAX, expecting(`at most ${RANGES_MAX} ranges`)),
      ),
      [],
    ),
    packetsPerSecond: v.optional(wholeNumber(1, 100_000), 1000),
    packetsPerSecondPerDestination: v.optional(wholeNumber(1, 10_000), 50),
    bytesPerDay: v.optional(wholeNumber(1_000_000, 1e15), 2_147_483_648),
    kinds: v.optional(
      v.pipe(
        v.array(
          v.picklist(POLICY_KINDS, expecting(`one of ${POLICY_KINDS.join(', ')}`)),
          expecting('an array of kinds'),
        ),
        v.maxLength(POLICY_KINDS.length, expecting(`at most ${POLICY_KINDS.length} kinds`)),
      ),
      ['smokeping', 'path'],
    ),
    httpMethods: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            v.string(expecting('a method such as "GET"')),
            v.regex(/^[A-Z]{1,16}$/, expecting('a method such as "GET"')),
          ),
          expecting('an array of methods'),
        ),
        v.maxLength(16, expecting('at most 16 methods')),
      ),
      ['GET', 'HEAD'],
    ),
  },
  objectMessage('an object'),
);

/** What holds for the control's document where there is no policy of the machine's own. */
export const DEFAULT_POLICY: Policy = toPolicy(v.parse(POLICY, { schema: SCHEMA_VERSION }));

/** Reads a policy document (parsed JSON). An unknown key is an issue. Never throws. */
export function parsePolicy(document: unknown): ParsedPolicy {
  const parsed = v.safeParse(POLICY, document, { abortPipeEarly: true });
  const issues = (parsed.issues ?? []).map((issue) => ({
    path: v.getDotPath(issue) ?? '',
    message: issue.message,
  }));
  const known = Object.keys(POLICY.entries);
  for (const key of isRecord(document) ? Object.keys(document) : []) {
    if (known.includes(key)) continue;
    issues.push({ path: show(key), message: `unknown key: expected ${known.join(', ')}` });
  }
  if (!parsed.success || issues.length > 0) return { ok: false, issues: issues.slice(0, 20) };
  return { ok: true, policy: toPolicy(parsed.output) };
}

function toPolicy({ schema: _, ...policy }: v.InferOutput<typeof POLICY>): Policy {
  return policy;
}
