// The loops of mesh, lockdown and push, through the agent that has them.
import { existsSync, readFileSync } from 'node:fs';
import { equal, is, match, ok } from 'uvu/assert';
import type { AgentSettings } from '../../src/board/agent-config.ts';
import { NO_PARTS } from '../../src/board/agent-openers.ts';
import type { PartOpeners } from '../../src/board/agent-parts.ts';
import type { PartContext } from '../../src/board/part.ts';
import type { BoardState } from '../../src/core/board-state.ts';
import { fakeLockdown, fakeMesh } from '../fake/board.ts';
import { type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { MAC, settingsFor, startTestAgent, until } from './agents.ts';
import { type BoardPlace, inPlace } from './place.ts';

const CLAIM = 'flint_claim_abcdefgh';

interface Trial {
  control: FakeControl;
  place: BoardPlace;
  settings(change?: Partial<AgentSettings>): AgentSettings;
  written(): BoardState | null;
}

async function trial(run: (trial: Trial) => Promise<void>): Promise<void> {
  const control = await openFakeControl();
  control.register(MAC, CLAIM);
  try {
    await inPlace((place) =>
      run({
        control,
        place,
        settings: (change) => settingsFor(control.origin, { claimToken: CLAIM, ...change }),
        written: () =>
          existsSync(place.places.boardState)
            ? JSON.parse(readFileSync(place.places.boardState, 'utf8'))
            : null,
      }),
    );
  } finally {
    await control.close();
  }
}

/** A mesh that plays back; null throws. */
function meshOf(states: (BoardState['mesh'] | null)[], seen: { steps: number; closed: number }) {
  return () => async () => ({
    name: 'mesh' as const,
    async step() {
      const state = states[Math.min(seen.steps++, states.length - 1)] ?? null;
      if (state === null) throw new Error('a slip of the pen');
      return { state, nextMs: 1, isNews: true };
    },
    async close() {
      seen.closed++;
    },
  });
}

suite('board/agent-parts', ({ test }) => {
  test('how a part stands reaches the daemon and the control', () =>
    trial(async ({ control, place, settings, written }) => {
      const seen = { steps: 0, closed: 0 };
      const openers: PartOpeners = { ...NO_PARTS, mesh: meshOf([fakeMesh()], seen) };
      const agent = await startTestAgent(place, settings(), { openers });
      await control.until('report', 2);
      await until(() => written()?.mesh?.state === 'joined');
      await agent.stop();
      equal(control.reports.at(-1)?.agent.board?.mesh, fakeMesh());
      is(control.reports.at(-1)?.agent.board?.push, null);
      is(seen.closed, 1);
    }));

  test('a control that does not answer is told to the daemon, until it does', () =>
    trial(async ({ control, place, settings, written }) => {
      const lockdown = () => async () => ({
        name: 'lockdown' as const,
        step: async () => ({ state: fakeLockdown(), nextMs: 5, isNews: false }),
        close: async () => undefined,
      });
      const agent = await startTestAgent(place, settings(), { openers: { ...NO_PARTS, lockdown } });
      await control.until('report', 1);
      await until(() => written()?.controlAway === null);
      control.always('report', { kind: 'say', status: 503, body: '' });
      await until(() => typeof written()?.controlAway?.reason === 'string');
      control.always('report', null);
      await until(() => written()?.controlAway === null);
      await agent.stop();
    }));

  test('a board that has no parts says all the same that its agent lives', () =>
    trial(async ({ control, place, settings, written }) => {
      const agent = await startTestAgent(place, settings());
      const first = await until(() => written() !== null).then(() => written()?.writtenMs ?? 0);
      await until(() => (written()?.writtenMs ?? 0) > first);
      control.always('report', { kind: 'say', status: 503, body: '' });
      await until(() => typeof written()?.controlAway?.reason === 'string');
      await agent.stop();
    }));

  test('an agent that starts anew says what its forerunner said until it knows better', () =>
    trial(async ({ place, settings, written }) => {
      const hang = new AbortController();
      const slow = () => async () => ({
        name: 'mesh' as const,
        step: () =>
          new Promise<never>((_, reject) => {
            hang.signal.addEventListener('abort', () => reject(new Error('gone')));
          }),
        close: async () => undefined,
      });
      const mesh = meshOf([fakeMesh()], { steps: 0, closed: 0 });
      const first = await startTestAgent(place, settings(), { openers: { ...NO_PARTS, mesh } });
      await until(() => written()?.mesh?.state === 'joined');
      await first.stop();
      const before = written()?.writtenMs ?? 0;
      const next = await startTestAgent(place, settings(), {
        openers: { ...NO_PARTS, mesh: slow },
      });
      await until(() => (written()?.writtenMs ?? 0) > before);
      is(written()?.mesh?.state, 'joined');
      hang.abort();
      await until(() => written()?.mesh === null);
      await next.stop();
    }));

  test('one that fails is told, and tried again, and the rest goes on', () =>
    trial(async ({ control, place, settings, written }) => {
      const openers: PartOpeners = {
        ...NO_PARTS,
        mesh: meshOf([null], { steps: 0, closed: 0 }),
        lockdown: () => async () => ({
          name: 'lockdown',
          step: async () => ({ state: fakeLockdown(), nextMs: 5, isNews: false }),
          close: async () => undefined,
        }),
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await until(() => written()?.lockdown?.state === 'in-force');
      await control.until('report', 3);
      is(written()?.mesh, null);
      await agent.stop();
      match(place.lines.join(''), 'the mesh of this board failed: a slip of the pen');
    }));

  test('one that cannot be opened holds up no other, and is told to the control', () =>
    trial(async ({ control, place, settings, written }) => {
      const openers: PartOpeners = {
        ...NO_PARTS,
        lockdown: () => () => Promise.reject(new Error('there is no nft')),
        mesh: meshOf([fakeMesh()], { steps: 0, closed: 0 }),
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await until(() => written()?.mesh?.state === 'joined');
      await until(() => control.reports.some(({ agent: { lastError } }) => lastError !== null));
      await agent.stop();
      match(place.lines.join(''), 'the lockdown of this board failed: there is no nft');
    }));

  test('one whose step does not end is told to the watchdog', () =>
    trial(async ({ place, settings }) => {
      const hang = new AbortController();
      const openers: PartOpeners = {
        ...NO_PARTS,
        push: () => async () => ({
          name: 'push',
          step: () =>
            new Promise((_, reject) => {
              hang.signal.addEventListener('abort', () => reject(new Error('let go')));
            }),
          close: async () => hang.abort(),
        }),
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await until(() => agent.busyMs() > 200);
      await agent.stop();
      is(agent.busyMs(), 0);
    }));

  test('so is one whose end does not come', () =>
    trial(async ({ place, settings, written }) => {
      let letGo = (): void => undefined;
      const openers: PartOpeners = {
        ...NO_PARTS,
        lockdown: () => async () => ({
          name: 'lockdown',
          step: async () => ({ state: fakeLockdown(), nextMs: 3_600_000, isNews: false }),
          close: () =>
            new Promise((resolve) => {
              letGo = resolve;
            }),
        }),
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await until(() => written()?.lockdown?.state === 'in-force');
      const stopped = agent.stop();
      await until(() => agent.busyMs() > 200);
      letGo();
      await stopped;
      is(agent.busyMs(), 0);
    }));

  test('news of one part wakes another that sleeps', () =>
    trial(async ({ place, settings }) => {
      let looks = 0;
      const openers: PartOpeners = {
        ...NO_PARTS,
        mesh: meshOf([fakeMesh()], { steps: 0, closed: 0 }),
        lockdown: () => async () => ({
          name: 'lockdown',
          async step() {
            looks++;
            return { state: fakeLockdown(), nextMs: 3_600_000, isNews: false };
          },
          close: async () => undefined,
        }),
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await until(() => looks > 2);
      await agent.stop();
    }));

  test('is opened anew only when its own settings change, and closed when they go', () =>
    trial(async ({ place, settings, control, written }) => {
      const push = { url: 'http://127.0.0.1:9/' } as AgentSettings['push'];
      const lockdown = { sshPort: 22 } as AgentSettings['lockdown'];
      const opened: string[] = [];
      let now = settings({ push, lockdown });
      const openers: PartOpeners = {
        ...NO_PARTS,
        lockdown: (asked) => {
          if (asked.lockdown === null) return null;
          opened.push(`lockdown ${asked.lockdown.sshPort}`);
          return async () => ({
            name: 'lockdown',
            step: async () => ({ state: fakeLockdown(), nextMs: 5, isNews: false }),
            close: async () => void opened.push('closed'),
          });
        },
      };
      const agent = await startTestAgent(place, () => now, { openers });
      await until(() => written()?.lockdown !== null && written() !== null);
      now = settings({ push, lockdown, mac: MAC });
      agent.reload();
      await control.until('report', 3);
      equal(opened, ['lockdown 22']);
      now = settings({ push, lockdown: { sshPort: 23 } as AgentSettings['lockdown'] });
      agent.reload();
      await until(() => opened.length === 3);
      now = settings();
      agent.reload();
      await until(() => written()?.lockdown === null);
      await agent.stop();
      equal(opened, ['lockdown 22', 'closed', 'lockdown 23', 'closed']);
    }));

  test('asks the control on behalf of a part, once the board is enrolled', () =>
    trial(async ({ place, settings, control }) => {
      const words: unknown[] = [];
      let context: PartContext | null = null;
      const openers: PartOpeners = {
        ...NO_PARTS,
        mesh: (_, given) => {
          context = given;
          return async () => ({
            name: 'mesh',
            async step() {
              words.push(await given.askControl('/api/v1/none-such', {}));
              return { state: fakeMesh(), nextMs: 20, isNews: false };
            },
            close: async () => undefined,
          });
        },
      };
      const agent = await startTestAgent(place, settings(), { openers });
      await control.until('report', 1);
      await until(() => words.some((word) => (word as { ok: boolean }).ok));
      await agent.stop();
      equal(words[0], {
        ok: false,
        reason: 'this board is not enrolled yet',
        retryAfterMs: null,
      });
      equal(words.at(-1), { ok: true, value: null });
      ok((context as PartContext | null)?.probeName());
    }));

  test('a single pass steps each part once, and says whether all are well', () =>
    trial(async ({ place, settings }) => {
      for (const [state, isWell] of [
        ['joined', true],
        ['needs-key', false],
      ] as const) {
        const seen = { steps: 0, closed: 0 };
        const openers: PartOpeners = { ...NO_PARTS, mesh: meshOf([fakeMesh({ state })], seen) };
        const agent = await startTestAgent(place, settings(), { openers, isOnce: true });
        is(await agent.ended, isWell);
        equal(seen, { steps: 1, closed: 1 });
      }
    }));
});
