import type { AgentTrouble } from './agent-trouble.ts';
import type { LockdownState, MeshState, PushState } from './board-state.ts';

// How mesh, lockdown, push and the agent of a board stand, in words: the only place that has them.
// Its own page, the pages of the control and `flint fleet` say the same sentences.

export interface BoardWords {
  tone: 'good' | 'info' | 'warn' | 'bad';
  /** As in the judgement of a report: 100 and more is trouble, 0 is no fault. */
  badness: number;
  /** Behind the name of the part: "mesh joined". */
  short: string;
  /** A sentence about the board, without a capital and a full stop. */
  says: string;
  /** As the board tells it, without a full stop; null when there is no more to say. */
  why: string | null;
  /** What to do, in whole sentences; empty when there is nothing. */
  todo: string;
}

export const MESH_NAMES: Readonly<Record<MeshState['kind'], string>> = {
  tailscale: 'tailnet',
  wireguard: 'WireGuard',
};

export function meshWords({ kind, state, reason }: MeshState): BoardWords {
  // Without a reason it was switched off on purpose.
  if (state === 'stopped' && reason === null) return because(OFF, null);
  const isDoubted = state === 'joined' && reason !== null;
  return because(isDoubted ? DOUBTED : MESH[kind][state], reason);
}

/** Beside how the mesh stands; null unless its program is too old. */
export function meshVersionWords(mesh: MeshState): BoardWords | null {
  if (!mesh.isVersionOld) return null;
  const version = mesh.version ?? 'it does not tell its version';
  const min = mesh.versionMin === null ? '' : `, and ${mesh.versionMin} is the oldest`;
  return because(OLD, `${version}${min}${min === '' ? '' : ' that is known to be sound'}`);
}

export function lockdownWords({ state, reason }: LockdownState): BoardWords {
  return because(LOCKDOWN[state], reason);
}

export function pushWords({ state, reason }: PushState): BoardWords {
  return because(state === 'pushing' && reason !== null ? UNTAKEN : PUSH[state], reason);
}

/** What it failed at while it reports. */
export function agentWords({ message, isBehind }: AgentTrouble): BoardWords {
  return because(isBehind ? AGENT.behind : AGENT.failed, message);
}

/** Whether a reason has one of these sentences in it, which strangers need not read. */
export function isAboutBoard(reason: string): boolean {
  return SENTENCES.some((one) => reason.includes(one));
}

type Words = Omit<BoardWords, 'why'>;

function because(words: Words, reason: string | null): BoardWords {
  return { ...words, why: reason === null ? null : reason.trim().replace(/\.$/, '') };
}

const LOCKDOWN_OFF = 400;
const PUSH_REFUSED = 200;
const CONFIG_OLD = 250;
const MESH_AWAY = 150;
const NEWS = 20;

const OFF: Words = {
  ...{ tone: 'info', badness: 0, short: 'off' },
  says: 'the mesh of the board is switched off',
  todo: '',
};

const JOINED: Words = {
  ...{ tone: 'good', badness: 0, short: 'joined' },
  says: 'the board is on the mesh',
  todo: '',
};

const DOUBTED: Words = {
  ...{ tone: 'info', badness: NEWS, short: 'joined' },
  says: 'the board is on the mesh, but not all is well there',
  todo: 'The reason says what to look at; others reach the board meanwhile.',
};

const OLD: Words = {
  ...{ tone: 'warn', badness: NEWS, short: 'joined, old version' },
  says: 'the mesh client of the board is too old',
  todo: 'Update it: servers stop to accept old clients.',
};

const JOINING: Omit<Words, 'todo'> = {
  ...{ tone: 'warn', badness: NEWS, short: 'joining' },
  says: 'the board is trying to join the mesh',
};

const STOPPED: Omit<Words, 'todo'> = {
  ...{ tone: 'bad', badness: MESH_AWAY, short: 'stopped' },
  says: 'the board is not on the mesh',
};

const MESH: Readonly<Record<MeshState['kind'], Readonly<Record<MeshState['state'], Words>>>> = {
  tailscale: {
    absent: {
      ...{ tone: 'bad', badness: MESH_AWAY, short: 'program missing' },
      says: 'the program of the mesh does not answer on the board',
      todo: 'Install tailscale and start tailscaled there; the board then joins by itself.',
    },
    'needs-key': {
      ...{ tone: 'bad', badness: MESH_AWAY, short: 'needs a key' },
      says: 'the board has no key to join the mesh with',
      todo: 'Put a pre-auth key into secrets.d on the board, or let the control hand one out.',
    },
    joining: {
      ...JOINING,
      todo: 'Nothing yet. If it lasts, the board may not reach the login server.',
    },
    'needs-approval': {
      ...{ tone: 'warn', badness: MESH_AWAY, short: 'needs approval' },
      says: 'the board is on the mesh, but its fixed address is not routed to it yet',
      todo: 'Approve its route at the login server.',
    },
    joined: JOINED,
    stopped: {
      ...STOPPED,
      todo: 'Mend what the reason names, or start it on the board: `flint tailnet join`.',
    },
  },
  wireguard: {
    absent: {
      ...{ tone: 'bad', badness: MESH_AWAY, short: 'program missing' },
      says: 'the board has no WireGuard',
      todo: 'Install wireguard-tools there and, where the kernel has none, wireguard-go.',
    },
    'needs-key': {
      ...{ tone: 'bad', badness: MESH_AWAY, short: 'needs a key' },
      says: 'the board has no WireGuard key of its own',
      todo: 'Look at the log of its agent, which makes one by itself where it may write.',
    },
    joining: {
      ...JOINING,
      todo: 'See that the other side knows the key of the board, and that UDP reaches it.',
    },
    // WireGuard has nobody who approves: only an agent of another version would say so.
    'needs-approval': {
      ...JOINING,
      badness: MESH_AWAY,
      todo: 'See that the other side routes its address to the board.',
    },
    joined: JOINED,
    stopped: {
      ...STOPPED,
      todo: 'Mend the section "tailnet" of its agent.json; the agent then joins by itself.',
    },
  },
};

const LOCKDOWN: Readonly<Record<LockdownState['state'], Words>> = {
  'in-force': {
    ...{ tone: 'good', badness: 0, short: 'in force' },
    says: 'the board answers nobody but those whom its rules name',
    todo: '',
  },
  drifted: {
    ...{ tone: 'bad', badness: LOCKDOWN_OFF, short: 'drifted' },
    says: 'somebody changed the packet filter of the board, and it could not be put back',
    todo: 'Find out who: `flint lockdown verify` on the board shows what differs.',
  },
  failed: {
    ...{ tone: 'bad', badness: LOCKDOWN_OFF, short: 'failed' },
    says: 'the packet filter of the board could not be put in force',
    todo: 'Run `flint lockdown apply --dry-run` on the board: it shows what it would do.',
  },
  absent: {
    ...{ tone: 'bad', badness: LOCKDOWN_OFF, short: 'absent' },
    says: 'the board has no packet filter, so whoever reaches it may knock at every port',
    todo: 'Install nftables on the board; its agent then puts the rules in force.',
  },
};

// Where it is tried again before long, and nothing is lost meanwhile.
const UNTAKEN: Words = {
  ...{ tone: 'info', badness: NEWS, short: 'waiting' },
  says: 'the metrics server did not take what the board measured last',
  todo: 'Nothing yet: it is tried again by itself, and nothing is lost meanwhile.',
};

const PUSH: Readonly<Record<PushState['state'], Words>> = {
  pushing: {
    ...{ tone: 'good', badness: 0, short: 'pushing' },
    says: 'what the board measures reaches the metrics server',
    todo: '',
  },
  waiting: {
    ...{ tone: 'info', badness: NEWS, short: 'waiting' },
    says: 'the board does not push its metrics yet',
    todo: 'Nothing: it begins by itself, and what is measured meanwhile is kept there.',
  },
  stalled: {
    ...{ tone: 'warn', badness: PUSH_REFUSED, short: 'stalled' },
    says: 'the metrics server does not take what the board measures',
    todo: 'See whether the board can reach it. While there is room, nothing is lost.',
  },
  refused: {
    ...{ tone: 'bad', badness: PUSH_REFUSED, short: 'refused' },
    says: 'the metrics server does not know the bearer of the board',
    todo: 'Hand out a new bearer, or let the server read its users again.',
  },
  down: {
    ...{ tone: 'bad', badness: PUSH_REFUSED, short: 'down' },
    says: 'vmagent does not run on the board',
    todo: 'Look at its log there; it is started again by itself.',
  },
  absent: {
    ...{ tone: 'bad', badness: PUSH_REFUSED, short: 'program missing' },
    says: 'the board has no vmagent, which pushes its metrics',
    todo: 'Install vmagent there; the agent then starts it.',
  },
};

const AGENT = {
  behind: {
    ...{ tone: 'warn', badness: CONFIG_OLD, short: 'older configuration' },
    says: 'the board measures by an older configuration, as it does not take the newest one',
    todo: 'Mend what the reason names; the agent then takes it by itself, within five minutes.',
  },
  failed: {
    ...{ tone: 'warn', badness: NEWS, short: 'failed at something' },
    says: 'the agent of the board failed at something',
    todo: 'See whether it lasts: the agent tries again by itself.',
  },
} satisfies Record<string, Words>;

const TABLES = [LOCKDOWN, PUSH, MESH.tailscale, MESH.wireguard, AGENT];
const SENTENCES = [...TABLES, { OFF, DOUBTED, OLD, UNTAKEN }]
  .flatMap((table) => Object.values<Words>(table))
  .map(({ says }) => says);
