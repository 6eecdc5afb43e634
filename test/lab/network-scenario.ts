// Scenarios of routed networks: data files of test/scenario/path, and the lines of the network's
// language (path_language.h) that they become. What a setting means is told there.
import * as v from 'valibot';
import type { Family } from '../../src/core/round.ts';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Ms = v.pipe(v.number(), v.minValue(0));
const Chance = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const Addresses = v.nullable(v.union([v.string(), v.array(v.string())]));
const State = v.picklist(['answer', 'open', 'closed', 'silent', 'filtered', 'prohibited']);
const Service = v.picklist(['icmp', 'udp', 'tcp']);

const When = v.union([
  v.picklist(['always', 'never']),
  Chance,
  v.strictObject({ every: Count }),
  v.strictObject({ burst: Count, chance: Chance }),
]);

const Rewrite = v.strictObject({
  source: v.optional(Addresses),
  destination: v.optional(Addresses),
  sourcePort: v.optional(v.nullable(Count)),
  destinationPort: v.optional(v.nullable(Count)),
  checksum: v.optional(v.nullable(Count)),
  ttl: v.optional(v.nullable(Count)),
  length: v.optional(v.nullable(Count)),
});

const Label = v.strictObject({
  label: Count,
  exp: v.optional(Count, 0),
  bottom: v.boolean(),
  ttl: Count,
});

const SETTINGS = {
  v4: v.optional(Addresses),
  v6: v.optional(Addresses),
  choose: v.optional(v.picklist(['flow', 'ports', 'packet'])),
  salt: v.optional(Count),
  delayMs: v.optional(Ms),
  jitterMs: v.optional(Ms),
  loss: v.optional(When),
  silence: v.optional(When),
  answerDelayMs: v.optional(Ms),
  answerJitterMs: v.optional(Ms),
  limit: v.optional(v.nullable(v.strictObject({ perSecond: Count, burst: Count }))),
  duplicate: v.optional(v.strictObject({ when: When, copies: Count, gapMs: Ms })),
  reorder: v.optional(v.strictObject({ when: When, byMs: Ms })),
  quote: v.optional(v.union([v.picklist(['full', 'min']), Count])),
  hasLength: v.optional(v.boolean()),
  mpls: v.optional(v.array(Label)),
  rewrite: v.optional(Rewrite),
  ttl: v.optional(Count),
};

const Hop = v.strictObject({
  ...SETTINGS,
  mtu: v.optional(v.nullable(Count)),
  unreachable: v.optional(v.nullable(v.picklist(['host', 'net', 'prohibited']))),
  filter: v.optional(v.array(Service)),
  loopTo: v.optional(v.nullable(Count)),
});

const Host = v.strictObject({
  ...SETTINGS,
  echo: v.optional(State),
  udp: v.optional(State),
  tcp: v.optional(v.union([State, v.record(v.string(), State)])),
});

const Change = v.strictObject({
  /** One of these says when: so long after the network opened, or when the test says so. */
  atMs: v.optional(Ms),
  cue: v.optional(v.string()),
  /** What changes: the path that is taken, and settings of a path's hops or host. */
  take: v.optional(v.string()),
  path: v.optional(v.string(), 'main'),
  hops: v.optional(v.record(v.string(), Hop), {}),
  host: v.optional(Host),
});

const Scenario = v.strictObject({
  about: v.string(),
  seed: v.optional(Count, 1),
  /** The path `main`, nearest hop first. A hop without addresses gets its own of each family;
   * null is none. */
  hops: v.array(Hop),
  host: v.optional(Host, {}),
  /** Other paths: `main` but for these hops, by TTL. */
  variants: v.optional(v.record(v.string(), v.record(v.string(), Hop)), {}),
  events: v.optional(v.array(Change), []),
});

export type PathScenario = v.InferOutput<typeof Scenario>;
type Hop = v.InferOutput<typeof Hop>;
type Host = v.InferOutput<typeof Host>;
type When = v.InferOutput<typeof When>;
type Change = v.InferOutput<typeof Change>;

/** What can answer at each TTL, by TTL - 1; empty where nobody has an address. */
export type Hops = Readonly<Record<Family, readonly (readonly string[])[]>>;

export const NETWORK_PREFIXES = ['10.91.0.0/16', 'fd91::/64'];

/** Fails with the place and the reason of what is wrong. */
export function parseScenario(json: unknown): PathScenario {
  const parsed = v.safeParse(Scenario, json);
  if (parsed.success) return parsed.output;
  const told = parsed.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
  throw new Error(`not a scenario of a path: ${told.join('; ')}`);
}

/** Each path's hops with their addresses filled in. */
export function pathsOf(scenario: PathScenario): Map<string, Hop[]> {
  const main = scenario.hops.map((hop, i) => ({
    ...hop,
    v4: hop.v4 === undefined ? `10.70.0.${i + 1}` : hop.v4,
    v6: hop.v6 === undefined ? `fd70::${(i + 1).toString(16)}` : hop.v6,
  }));
  const paths = new Map<string, Hop[]>([['main', main]]);
  for (const [name, changes] of Object.entries(scenario.variants)) {
    const last = Math.max(main.length, ...Object.keys(changes).map(Number));
    const ttls = Array.from({ length: last }, (_, i) => i);
    paths.set(
      name,
      ttls.map((i) => ({ ...main[i], ...changes[i + 1] })),
    );
  }
  return paths;
}

export function hopsOf(hops: readonly Hop[]): Hops {
  return { v4: hops.map((hop) => listOf(hop.v4)), v6: hops.map((hop) => listOf(hop.v6)) };
}

/** The lines that set up the paths, which `main` is taken of. */
export function scenarioLines(scenario: PathScenario): string[] {
  const lines = [`seed ${scenario.seed}`];
  for (const [name, hops] of pathsOf(scenario)) {
    lines.push(`path ${name}`);
    for (const [i, hop] of hops.entries()) lines.push(`hop ${name} ${i + 1} ${words(hop)}`);
    lines.push(`host ${name} ${words(scenario.host)}`);
  }
  return [...lines, ...takeLines('main')];
}

export function changeLines(change: Change): string[] {
  const hops = Object.entries(change.hops);
  return [
    ...hops.map(([ttl, hop]) => `hop ${change.path} ${ttl} ${words(hop)}`),
    ...(change.host === undefined ? [] : [`host ${change.path} ${words(change.host)}`]),
    ...(change.take === undefined ? [] : takeLines(change.take)),
  ];
}

function takeLines(name: string): string[] {
  return NETWORK_PREFIXES.map((prefix) => `route ${prefix} ${name}`);
}

/** A setting whose words are not just its name and its value. */
type Speak = { [Key in keyof (Hop & Host)]?: (value: NonNullable<(Hop & Host)[Key]>) => string };

const SPEAK: Speak = {
  v4: (value) => `v4 ${listOf(value).join(',') || 'none'}`,
  v6: (value) => `v6 ${listOf(value).join(',') || 'none'}`,
  delayMs: (value) => `delay ${value}ms`,
  jitterMs: (value) => `jitter ${value}ms`,
  answerDelayMs: (value) => `answer-delay ${value}ms`,
  answerJitterMs: (value) => `answer-jitter ${value}ms`,
  loss: (value) => `loss ${when(value)}`,
  silence: (value) => `silence ${when(value)}`,
  limit: ({ perSecond, burst }) => `limit ${perSecond} ${burst}`,
  duplicate: (value) => `duplicate ${when(value.when)} ${value.copies} ${value.gapMs}ms`,
  reorder: (value) => `reorder ${when(value.when)} ${value.byMs}ms`,
  hasLength: (value) => `length ${value ? 'on' : 'off'}`,
  mpls: (value) => {
    const labels = value.map((one) => [one.label, one.exp, Number(one.bottom), one.ttl].join('/'));
    return `mpls ${labels.join(',') || 'none'}`;
  },
  rewrite: (value) => {
    const each = Object.entries(value).flatMap(([what, to]) =>
      (Array.isArray(to) ? to : [to ?? 'none']).map((one) => `rewrite ${dashed(what)} ${one}`),
    );
    return each.join(' ');
  },
  filter: (value) => ['filter none', ...value.map((one) => `filter ${one}`)].join(' '),
  loopTo: (value) => `loop ${value}`,
  tcp: (value) => {
    if (typeof value === 'string') return `tcp ${value}`;
    const ports = Object.entries(value);
    return ports
      .map(([port, state]) => `tcp ${port === 'other' ? '' : `${port} `}${state}`)
      .join(' ');
  },
};

const NAMES: Record<string, string> = { loopTo: 'loop' };

function words(settings: Hop | Host): string {
  const said = Object.entries(settings).map(([key, value]) => {
    const speak = SPEAK[key as keyof Speak] as ((value: unknown) => string) | undefined;
    if (value === undefined) return '';
    if (value === null) return `${NAMES[key] ?? key} none`;
    return speak === undefined ? `${key} ${value}` : speak(value);
  });
  return said.filter(Boolean).join(' ');
}

function when(value: When): string {
  if (typeof value !== 'object') return String(value);
  return 'every' in value ? `every ${value.every}` : `burst ${value.chance} ${value.burst}`;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function listOf(addresses: string | readonly string[] | null | undefined): readonly string[] {
  return typeof addresses === 'string' ? [addresses] : (addresses ?? []);
}
