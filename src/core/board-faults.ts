import type { BoardState, LockdownState, MeshState, PushState } from './board-state.ts';

// What is wrong with mesh, lockdown and push, and what to do: said in the same words by the board's
// own page, by the control and in the health of a probe.

export interface BoardFault {
  part: 'mesh' | 'lockdown' | 'push';
  /** As in the judgement of a report: 100 and more is trouble. */
  badness: number;
  /** A sentence without a full stop, about "it". */
  reason: string;
  /** What to do, in whole sentences. */
  advice: string;
}

const LOCKDOWN_OFF = 400;
const PUSH_REFUSED = 200;
const MESH_AWAY = 150;
const NEWS = 20;

/** Worst first; none of what a board does not have. */
export function boardFaults(board: BoardState | null): BoardFault[] {
  if (board === null) return [];
  return [
    ...(board.lockdown === null ? [] : lockdownFaults(board.lockdown)),
    ...(board.push === null ? [] : pushFaults(board.push)),
    ...(board.mesh === null ? [] : meshFaults(board.mesh)),
  ].sort((a, b) => b.badness - a.badness);
}

/** Whether a reason is about these, which strangers need not read. */
export function isAboutBoard(reason: string): boolean {
  return ALL_WORDS.some((words) => words !== null && reason.startsWith(words[1]));
}

type Words = readonly [badness: number, reason: string, advice: string];

const LOCKDOWN: Readonly<Record<LockdownState['state'], Words | null>> = {
  'in-force': null,
  drifted: [
    LOCKDOWN_OFF,
    'somebody changed its packet filter, and it could not be put back',
    'Find out who: `flint lockdown verify` on the board says what differs.',
  ],
  failed: [
    LOCKDOWN_OFF,
    'its packet filter is not in force',
    'The kernel refused the rules: `flint lockdown apply` on the board says why.',
  ],
  absent: [
    LOCKDOWN_OFF,
    'it has no packet filter',
    'Install nftables on the board: without it nothing is shut.',
  ],
};

function lockdownFaults({ state, reason }: LockdownState): BoardFault[] {
  return faultOf('lockdown', LOCKDOWN[state], reason);
}

const PUSH: Readonly<Record<PushState['state'], Words | null>> = {
  pushing: null,
  waiting: [
    NEWS,
    'it does not push its metrics yet',
    'Nothing is lost: the round store and the queue keep what is measured.',
  ],
  stalled: [
    PUSH_REFUSED,
    'its metrics wait on the board, because the server does not take them',
    'Look at the metrics server and the mesh; what waits is sent later, in order.',
  ],
  refused: [
    PUSH_REFUSED,
    'the metrics server does not know its bearer',
    'Give the board the bearer that the server has, or bring the server up to date.',
  ],
  down: [
    PUSH_REFUSED,
    'its vmagent does not run',
    'The log of the board says why; it is started again by itself.',
  ],
  absent: [PUSH_REFUSED, 'it has no vmagent', 'Install vmagent on the board.'],
};

// Where it is tried again before long, and nothing is lost meanwhile.
const UNTAKEN: Words = [
  NEWS,
  'its metrics wait on the board for the moment',
  'It is tried again by itself; what waits is sent later, in order.',
];

function pushFaults({ state, reason }: PushState): BoardFault[] {
  if (state === 'pushing' && reason !== null) return faultOf('push', UNTAKEN, reason);
  return faultOf('push', PUSH[state], reason);
}

const MESH: Readonly<Record<MeshState['state'], Words | null>> = {
  joined: null,
  joining: [NEWS, 'it is joining its mesh', 'This takes a minute; then the reason would be here.'],
  absent: [
    MESH_AWAY,
    'the program of its mesh does not answer',
    'Install or start it on the board: `flint tailnet status` says what is missing.',
  ],
  'needs-key': [
    MESH_AWAY,
    'it has no key to join its mesh with',
    'Put a new one into secrets.d on the board, or let the control hand it out.',
  ],
  'needs-approval': [
    MESH_AWAY,
    'its mesh address is not approved',
    'Approve its route at the server of the mesh.',
  ],
  stopped: [
    MESH_AWAY,
    'somebody stopped its mesh',
    'Start it again on the board: `flint tailnet join`.',
  ],
};

const DOUBTED: Words = [
  NEWS,
  'it is on its mesh, but not all is well there',
  'The reason says what to look at; others reach the board meanwhile.',
];

function meshFaults({ state, reason, isVersionOld, version, versionMin }: MeshState): BoardFault[] {
  // Without a reason it was switched off on purpose.
  if (state === 'stopped' && reason === null) return [];
  const isDoubted = state === 'joined' && reason !== null;
  const faults = faultOf('mesh', isDoubted ? DOUBTED : MESH[state], reason);
  if (!isVersionOld) return faults;
  const old: Words = [
    NEWS,
    `its mesh client ${version ?? ''} is older than ${versionMin ?? 'it may be'}`,
    'Bring it up to date: servers stop to accept old clients.',
  ];
  return [...faults, ...faultOf('mesh', old, null)];
}

const ALL_WORDS = [LOCKDOWN, PUSH, MESH, { UNTAKEN, DOUBTED }].flatMap((table) =>
  Object.values<Words | null>(table),
);

function faultOf(part: BoardFault['part'], words: Words | null, why: string | null): BoardFault[] {
  if (words === null) return [];
  const [badness, reason, advice] = words;
  const because = why === null ? '' : `: ${why.replace(/\.$/, '')}`;
  return [{ part, badness, reason: `${reason}${because}`, advice }];
}
