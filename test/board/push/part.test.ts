import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import type { PartContext } from '../../../src/board/part.ts';
import { saveMarks } from '../../../src/board/push/marks-file.ts';
import { openPushPart } from '../../../src/board/push/part.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import type { PushState } from '../../../src/core/board-state.ts';
import { suite } from '../../helper.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';
import { answer, vmauthLike } from './http-lab.ts';
import { pushSettings } from './settings.ts';

const TOKEN = 'token-of-probe01-A';
const missing = spawnSync('vmagent', ['-version']).error === undefined ? null : 'no vmagent here';
let ports = 21_000 + (process.pid % 9_000);

function open(place: BoardPlace, said: object, context: Partial<PartContext> = {}) {
  chmodSync(place.directory, 0o755);
  const settings = pushSettings({
    ...{ user: 'nobody', interval: '5s', nodeExporter: null, supervise: 'child' },
    ...{ daemon: '127.0.0.1:1', port: ++ports, relayPort: ++ports },
    ...said,
  });
  const places = pushPlaces(place.state, place.run);
  const configDirectory = place.directory;
  return openPushPart({
    settings,
    context: makeContext(place.log, context),
    places,
    configDirectory,
  });
}

function writeSecret({ directory }: BoardPlace, text: string): void {
  mkdirSync(join(directory, 'secrets.d'), { recursive: true });
  writeFileSync(join(directory, 'secrets.d', 'push-bearer'), text, { mode: 0o600 });
}

async function stateOf(part: ReturnType<typeof open>): Promise<PushState> {
  const { state } = await part.step();
  if (state === null) throw new Error('there is no push');
  return state;
}

suite('push-part', ({ test, testIf }) => {
  test('a push that is not wanted is none', async () => {
    await inPlace(async (place) => {
      const part = open(place, { enable: false });
      equal((await part.step()).state, null);
      await part.close();
    });
  });

  test('without vmagent it is absent, and says what to do', async () => {
    await inPlace(async (place) => {
      const part = open(place, { program: '/nonexistent/vmagent' });
      const { state, reason } = await stateOf(part);
      equal(state, 'absent');
      ok(reason?.includes('install it'), reason ?? '');
      await part.close();
    });
  });

  test('nothing starts before the clock is right, or without a bearer', async () => {
    await inPlace(async (place) => {
      const clock = { isSynced: false, offMs: 0 };
      const part = open(
        place,
        { program: process.execPath },
        {
          isClockSynced: () => clock.isSynced,
          nowMs: () => Date.now() + clock.offMs,
        },
      );
      const reasons: string[] = [];
      const step = async (): Promise<void> => {
        const { state, reason } = await stateOf(part);
        reasons.push(`${state}: ${reason}`);
      };
      await step();
      Object.assign(clock, { isSynced: true, offMs: 3_600_000 });
      await step();
      clock.offMs = 0;
      await step();
      equal(reasons, [
        'waiting: the clock is not synchronised yet',
        'waiting: the clock of this machine is 3600 s off',
        'waiting: there is no bearer: no secret "push-bearer", and the control gives none',
      ]);
      await part.close();
    });
  });

  test('two at once would take the queue from each other', async () => {
    await inPlace(async (place) => {
      const said = { program: process.execPath };
      const [first, second] = [open(place, said), open(place, said)];
      await first.step();
      const { state, reason } = await stateOf(second);
      equal(state, 'down');
      ok(reason?.includes('in use by process'), reason ?? '');
      await first.close();
      await second.close();
    });
  });

  testIf(
    process.getuid?.() === 0 ? null : 'only root has ports that are not vmagent’s',
    'whoever sits on the relay’s port is never handed the bearer',
    async () => {
      await inPlace(async (place) => {
        writeSecret(place, TOKEN);
        const other = await answer(() => ({ status: 204 }));
        const said = { url: 'http://127.0.0.1:1/', relayPort: other.port };
        const part = open(place, { ...said, program: process.execPath });
        const { state, reason } = await stateOf(part);
        equal(state, 'down');
        ok(reason?.includes(`port ${other.port} of loopback is taken by user 0`), reason ?? '');
        await part.close();
        await other.close();
      });
    },
  );

  testIf(missing, 'it pushes, and a bearer is replaced while it does', async () => {
    await inPlace(async (place) => {
      const tokens = [TOKEN];
      const server = await answer(vmauthLike(() => tokens, 401));
      writeSecret(place, TOKEN);
      const { marks } = pushPlaces(place.state, place.run);
      mkdirSync(dirname(marks), { recursive: true });
      const old = { startedS: 1, writtenBytes: 9, accepted: 9, totalBytes: 9 };
      saveMarks(marks, { ...old, marks: [{ totalBytes: 0, timeMs: 1 }] });
      const part = open(place, { url: server.url });
      try {
        let state = await stateOf(part);
        equal([state.state, state.reason], ['pushing', null]);
        for (let attempt = 0; attempt < 60 && state.acceptedMs === null; attempt++) {
          await new Promise((resolve) => {
            setTimeout(resolve, 200);
          });
          state = await stateOf(part);
        }
        ok(state.acceptedMs !== null, place.lines.join('\n'));
        ok(state.server === `http://127.0.0.1:${server.port}`);
        equal([state.queueAgeMs, existsSync(marks)], [0, false], 'a queue of before has no age');

        writeSecret(place, 'token-of-probe01-B');
        tokens.push('token-of-probe01-B');
        await part.step();
        equal(
          readFileSync(pushPlaces(place.state, place.run).bearer, 'utf8'),
          'token-of-probe01-B',
        );
        tokens.shift();
        equal((await stateOf(part)).restarts, 0);
      } finally {
        await part.close();
        await server.close();
      }
      // No word of the log has a token.
      ok(!place.lines.join('\n').includes('token-of-probe01'), place.lines.join('\n'));
    });
  });
});
