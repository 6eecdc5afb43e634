import type { Notice, NoticeKind } from './notice.ts';

// Many notices of one kind: the first few are told, and one more counts the rest.

const ALIKE_MAX = 4;

const MORE_OF: Record<NoticeKind, string> = {
  probe: 'things about the probe itself',
  down: 'do not answer either',
  unresolved: 'have no address',
  outage: 'were silent for a while',
  loss: 'lose 1\u202f% or more',
  path: 'paths changed',
  shift: 'have another median',
  'path-loss': 'paths lose packets',
  'path-end': 'paths do not reach their target',
  address: 'have a new address',
  family: 'families are not available',
};

/** In the order that they have. */
export function foldAlike(notices: readonly Notice[]): Notice[] {
  const counts = new Map<NoticeKind, number>();
  for (const { kind } of notices) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const places = new Map<NoticeKind, number>();
  return notices.flatMap((notice) => {
    const place = places.get(notice.kind) ?? 0;
    const count = counts.get(notice.kind) ?? 0;
    places.set(notice.kind, place + 1);
    if (count <= ALIKE_MAX || place < ALIKE_MAX - 1) return [notice];
    return place === ALIKE_MAX - 1 ? [restOf(notice, count - place)] : [];
  });
}

/** The same for what is not worded yet, worst first: only what is shown is. */
export function firstOf<One>(all: readonly One[], toNotice: (one: One) => Notice): Notice[] {
  if (all.length <= ALIKE_MAX) return all.map(toNotice);
  const told = all.slice(0, ALIKE_MAX).map(toNotice);
  return told.map((notice, place) =>
    place < ALIKE_MAX - 1 ? notice : restOf(notice, all.length - place),
  );
}

function restOf(notice: Notice, count: number): Notice {
  const title = `${count} more ${MORE_OF[notice.kind]}.`;
  return { ...notice, title, detail: '', target: null };
}
