// How the series of one address share what may be sent to it. Many names may turn out to be one
// address, all at once or one after the other, and may come and go: each that comes makes the
// intervals of all there longer, and begins at a moment of its own, so that however ids and
// answers are chosen no two of them fall together.

export interface Wanted {
  intervalMs: number;
  /** When it may begin, if it was told so before and waited for it. */
  turnMs?: number | null;
  /** Called when it must send less often, at once. */
  onSlower: (intervalMs: number) => void;
}

export interface Share {
  intervalMs: number;
  /** From now to its first echo; null leaves it to the target. */
  phaseMs: number | null;
}

export interface SlowedAddress {
  ip: string;
  series: number;
  /** How many times longer their intervals are. */
  factor: number;
}

interface Member extends Wanted {
  place: Place;
}

interface Place {
  ip: string;
  members: Set<Member>;
  /** Packets a second. */
  wanted: number;
  /** What the members' intervals were last made for. */
  fitted: number;
  /** When the next may begin, and the next may become faster. */
  beginMs: number;
  shortenMs: number;
}

/** One part in so many of the limit is for those that begin, or become faster. */
const PARTS = 5;
/** Where more is wanted than allowed: what is used in steady state. */
const STEADY = 1 - 1 / PARTS;
/** Members are slowed down again when so much more is wanted. */
const MARGIN = 1.25;
/** Sums of fractions are a little off. */
const ROUNDING = 1 + 1e-9;
/** The look at a series comes once a second, and takes what a second has room for. */
const LOOK_MS = 1000;
const PLACES_MAX = 8192;

export class Shares {
  /** Packets a second to one address; null for no limit. */
  private most: number | null = null;
  private readonly places = new Map<string, Place>();
  private readonly members = new Map<object, Member>();
  private readonly monoMs: () => number;

  constructor(monoMs: () => number) {
    this.monoMs = monoMs;
  }

  limit(perSecond: number | null): void {
    this.most = perSecond;
  }

  /** A series joins those of an address, and leaves where it was. */
  join(owner: object, ip: string, series: Wanted): Share {
    this.leave(owner);
    const place = this.placeOf(ip);
    const member = { ...series, place };
    this.members.set(owner, member);
    place.wanted += 1000 / series.intervalMs;
    this.fit(place);
    place.members.add(member);
    if (this.most === null) return { intervalMs: series.intervalMs, phaseMs: null };
    const isAlone = place.members.size === 1;
    const nowMs = this.monoMs();
    const turnMs = series.turnMs ?? null;
    const phaseMs =
      turnMs === null ? this.take(place, 'beginMs', nowMs) : Math.max(0, turnMs - nowMs);
    const intervalMs = series.intervalMs * this.factorOf(place);
    return { intervalMs, phaseMs: isAlone && phaseMs === 0 ? null : phaseMs };
  }

  /** Says what a series wants from now on. */
  change(owner: object, intervalMs: number): void {
    const member = this.members.get(owner);
    if (member === undefined) return;
    const { place } = member;
    place.wanted += 1000 / intervalMs - 1000 / member.intervalMs;
    member.intervalMs = intervalMs;
    this.fit(place);
  }

  leave(owner: object): void {
    const member = this.members.get(owner);
    if (member === undefined) return;
    this.members.delete(owner);
    const { place } = member;
    place.members.delete(member);
    // Sums of fractions drift; an empty place begins anew.
    place.wanted = place.members.size === 0 ? 0 : place.wanted - 1000 / member.intervalMs;
    place.fitted = Math.min(place.fitted, place.wanted);
  }

  /** The interval that a series should have now; null when nothing limits it. */
  intervalOf(owner: object): number | null {
    const member = this.members.get(owner);
    if (member === undefined || this.most === null) return null;
    return member.intervalMs * this.factorOf(member.place);
  }

  /** Whether its interval may be made shorter now: all at once would go on together for ever. */
  mayShorten(owner: object): boolean {
    const place = this.members.get(owner)?.place;
    if (place === undefined || this.most === null || place.members.size === 1) return true;
    const nowMs = this.monoMs();
    if (nowMs < place.shortenMs) return false;
    this.take(place, 'shortenMs', nowMs - LOOK_MS);
    return true;
  }

  /** Addresses whose series had to slow down. */
  slowed(): SlowedAddress[] {
    return [...this.places.values()]
      .map((place) => ({
        ip: place.ip,
        series: place.members.size,
        factor: this.factorOf(place),
      }))
      .filter(({ factor }) => factor > 1);
  }

  private factorOf({ wanted }: Place): number {
    const { most } = this;
    return most === null || wanted <= most * ROUNDING ? 1 : wanted / (most * STEADY);
  }

  private placeOf(ip: string): Place {
    const known = this.places.get(ip);
    if (known !== undefined) return known;
    if (this.places.size >= PLACES_MAX) this.forgetEmpty();
    const never = Number.NEGATIVE_INFINITY;
    const sums = { wanted: 0, fitted: 0, beginMs: never, shortenMs: never };
    const place: Place = { ip, members: new Set(), ...sums };
    this.places.set(ip, place);
    return place;
  }

  private forgetEmpty(): void {
    const nowMs = this.monoMs();
    for (const [ip, { members, beginMs }] of this.places) {
      if (members.size === 0 && beginMs <= nowMs) this.places.delete(ip);
    }
  }

  /** In steps of a quarter: a thousand that come must not touch each other a million times. */
  private fit(place: Place): void {
    const { most } = this;
    const until = Math.max((most ?? 0) * ROUNDING, place.fitted * MARGIN);
    if (most === null || place.wanted <= until) return;
    place.fitted = place.wanted;
    const factor = this.factorOf(place);
    for (const member of place.members) member.onSlower(member.intervalMs * factor);
  }

  /** The times at which one may begin or become faster lie some fifths of the limit apart. */
  private take(place: Place, key: 'beginMs' | 'shortenMs', nowMs: number): number {
    const stepMs = (1000 * PARTS) / (this.most ?? 1);
    place[key] = Math.max(nowMs, place[key] + stepMs);
    return place[key] - nowMs;
  }
}
