import { type BoardFault, boardFaults } from '../core/board-faults.ts';
import type { BoardState } from '../core/board-state.ts';
import { TROUBLE } from '../core/report-judge.ts';
import { boardContext, lastBoardState, writeBoardState } from './agent-board.ts';
import type { AgentSettings } from './agent-config.ts';
import { type Agent, failed } from './agent-state.ts';
import type { BoardPart, PartContext, PartName } from './part.ts';
import { reasonOf } from './places.ts';

// Mesh, lockdown and push beside the agent's own steps: each in a loop of its own, opened when the
// settings ask for it, closed when they no longer do, opened anew when they say something else.

/** How a part is opened, which may be tried again; null when these settings do not ask for it. */
export type PartOpeners = {
  [Name in PartName]: (
    settings: AgentSettings,
    context: PartContext,
  ) => (() => Promise<BoardPart<Name>>) | null;
};

export interface Parts {
  state(): BoardState;
  /** Opens, leaves alone and closes, as the settings say. */
  configure(settings: AgentSettings): Promise<void>;
  /** Resolves when every part was stepped once; whether all are well. */
  once(): Promise<boolean>;
  /** How long the longest step under way has taken. */
  busyMs(): number;
  close(): Promise<void>;
}

export interface PartsOptions {
  agent: Agent;
  openers: PartOpeners;
  isOnce: boolean;
  /** How often the daemon is told how the board stands, though nothing changes. */
  boardMs: number;
}

/** How soon the daemon hears whether the control answers. */
const TELL_MS = 5000;
const FAILED_MS = 30_000;
const STEP_MS_MIN = 100;
const STEP_MS_MAX = 3_600_000;
/** The lockdown first: whatever else fails, the board is shut. */
const NAMES: readonly PartName[] = ['lockdown', 'mesh', 'push'];

export function openParts({ agent, openers, isOnce, boardMs }: PartsOptions): Parts {
  const slots = new Map<PartName, Slot>();
  const board: BoardState = { schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null };
  const context = boardContext(agent, () => board);
  const tell = openTeller(agent, board, boardMs);
  let before = lastBoardState(agent);
  // A board may have no part at all, or one whose step takes long: the agent lives all the same.
  const timer = setInterval(tell, Math.min(TELL_MS, boardMs));

  function open(name: PartName, opener: Opener, key: string): Slot {
    return openSlot({
      ...{ name, opener, key, isOnce, agent },
      take(state, isNews) {
        // The schema is asked when the whole is written.
        Object.assign(board, { [name]: state });
        tell();
        for (const other of isNews ? slots.values() : []) if (other.name !== name) other.wake();
      },
    });
  }

  async function close(slot: Slot): Promise<void> {
    // Busy until it has ended: one that hangs is the watchdog's.
    await slot.close();
    slots.delete(slot.name);
    Object.assign(board, { [slot.name]: null });
  }

  return {
    state: () => board,
    async configure(settings) {
      for (const name of NAMES) {
        const key = keyOf(settings, name);
        const slot = slots.get(name);
        if (slot?.key === key) continue;
        if (slot !== undefined) await close(slot);
        const opening = openers[name](settings, context);
        if (opening === null) continue;
        Object.assign(board, { [name]: before?.[name] ?? null });
        slots.set(name, open(name, opening, key));
      }
      before = null;
      tell();
    },
    async once() {
      await Promise.all([...slots.values()].map(({ first }) => first));
      return [...slots.keys()].every((name) => isWell(board, name));
    },
    busyMs: () => Math.max(0, ...[...slots.values()].map((slot) => slot.busyMs())),
    async close() {
      clearInterval(timer);
      await Promise.all([...slots.values()].map(close));
    },
  };
}

/** Writes the board's state when it is another one, and after `boardMs` though it is the same. */
function openTeller(agent: Agent, board: BoardState, boardMs: number): () => void {
  const written = { text: '', atMs: Number.NEGATIVE_INFINITY };
  return () => {
    board.controlAway = agent.state.controlAway;
    const text = JSON.stringify({ ...board, writtenMs: 0 });
    const nowMs = performance.now();
    if (text === written.text && nowMs - written.atMs < boardMs) return;
    board.writtenMs = Math.max(0, agent.clock.nowMs());
    if (!writeBoardState(agent, board)) return;
    written.text = text;
    written.atMs = nowMs;
  };
}

interface Slot {
  name: PartName;
  /** Of the settings that it was opened with. */
  key: string;
  /** When it was stepped for the first time. */
  first: Promise<unknown>;
  /** Steps it now. */
  wake(): void;
  busyMs(): number;
  close(): Promise<void>;
}

type Opener = () => Promise<BoardPart<PartName>>;

interface SlotOptions {
  name: PartName;
  opener: Opener;
  key: string;
  isOnce: boolean;
  agent: Agent;
  take(state: BoardState[PartName], isNews: boolean): void;
}

function openSlot({ name, opener, key, isOnce, agent, take }: SlotOptions): Slot {
  // Woken while it is stepped, it is stepped again at once.
  const life = { isClosed: false, isWoken: false, isKnown: false, wake: (): void => undefined };
  let part: BoardPart<PartName> | null = null;
  let busySinceMs: number | null = null;
  let closingSinceMs: number | null = null;

  async function step(): Promise<number> {
    busySinceMs = performance.now();
    try {
      part ??= await opener();
      // It took so long that nobody wants it any more.
      if (life.isClosed) return STEP_MS_MIN;
      const { state, nextMs, isNews } = await part.step();
      agent.voice.well(`part ${name}`, `the ${name} of this board is looked after again`);
      life.isKnown = true;
      if (!life.isClosed) take(state, isNews);
      return Math.min(STEP_MS_MAX, Math.max(STEP_MS_MIN, nextMs));
    } catch (error) {
      // Neither what is missing here nor a mistake of ours may end the agent of a board that nobody
      // can reach.
      failed(agent, `part ${name}`, `the ${name} of this board failed: ${reasonOf(error)}`);
      // What a forerunner said is not true any more.
      if (!(life.isKnown || life.isClosed)) take(null, false);
      return FAILED_MS;
    } finally {
      busySinceMs = null;
    }
  }

  async function end(one: BoardPart<PartName> | null): Promise<void> {
    try {
      await one?.close();
    } catch (error) {
      failed(agent, `part ${name}`, `the ${name} of this board did not end: ${reasonOf(error)}`);
    }
  }

  async function live(first: Promise<number>): Promise<void> {
    let nextMs = await first;
    while (!(life.isClosed || isOnce)) {
      if (!life.isWoken) await sleep(nextMs);
      life.isWoken = false;
      if (!life.isClosed) nextMs = await step();
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      life.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function wake(): void {
    life.isWoken = true;
    life.wake();
  }

  const first = step();
  const ended = live(first);
  return {
    ...{ name, key, first },
    wake,
    busyMs() {
      const sinceMs = Math.min(busySinceMs ?? Infinity, closingSinceMs ?? Infinity);
      return sinceMs === Infinity ? 0 : performance.now() - sinceMs;
    },
    async close() {
      closingSinceMs ??= performance.now();
      life.isClosed = true;
      wake();
      const early = part;
      await end(early);
      await ended;
      if (part !== early) await end(part);
    },
  };
}

// Lockdown and push follow what other sections say.
function keyOf(settings: AgentSettings, name: PartName): string {
  const { control, tailnet, lockdown, push } = settings;
  if (name === 'mesh') return JSON.stringify(tailnet);
  return name === 'push'
    ? JSON.stringify(push)
    : JSON.stringify([control, tailnet, lockdown, push]);
}

/** Whether it is looked after, and nothing is wrong with it that somebody has to mend. */
function isWell(board: BoardState, name: PartName): boolean {
  return board[name] !== null && !boardFaults(board).some(isTroubleOf(name));
}

function isTroubleOf(name: PartName): (fault: BoardFault) => boolean {
  return ({ part, badness }) => part === name && badness >= TROUBLE;
}
