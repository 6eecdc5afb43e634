// kill -9 of the real agent, at each step of its way and at random: what is on the disk is whole at
// any moment, the key stays the same, and in the end the board is enrolled and configured.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { equal, is, ok } from 'uvu/assert';
import { loadCredentials } from '../../src/board/credentials.ts';
import { loadIdentity } from '../../src/board/identity.ts';
import { loadKept } from '../../src/board/kept-config.ts';
import { type Endpoint, type FakeControl, openFakeControl } from '../fake/control.ts';
import { createRandom, type Random } from '../fake/random.ts';
import { suite } from '../helper.ts';
import { type AgentProcess, CLAIM, startProcess } from './agent-process.ts';
import { MAC, until } from './agents.ts';
import { type BoardPlace, inPlace } from './place.ts';

const ENDPOINTS: readonly [Endpoint, ...Endpoint[]] = ['challenge', 'enroll', 'config', 'report'];
const WHENS = ['before', 'after'] as const;
/** Three boards at once: a start is mostly waiting for the disk and the loader. */
const LANES = 3;
const EARLY_KILLS = 4;
const RANDOM_KILLS = 9;
/** One that comes to no step, or to no end, is a failure and nothing to wait for. */
const AGENT_MS_MAX = 30_000;

/** Null, or what is damaged. The key is looked at by its public part. */
function inspect({ places, log, lines }: BoardPlace): {
  key: string | null;
  damage: string | null;
} {
  const key = loadIdentity(places.identity)?.publicKey ?? null;
  const before = lines.length;
  loadCredentials(places.credentials, log);
  loadKept(places, log);
  if (existsSync(places.handedConfig)) JSON.parse(readFileSync(places.handedConfig, 'utf8'));
  return { key, damage: lines.length > before ? (lines.at(-1) ?? null) : null };
}

async function crash(place: BoardPlace, control: FakeControl, moment: Promise<unknown>) {
  const agent = startProcess(place, control.origin);
  try {
    await within(Promise.race([moment, agent.ended]), agent);
  } finally {
    agent.child.kill('SIGKILL');
  }
  is(await within(agent.ended, agent), 'SIGKILL', agent.output.stderr);
}

async function within<Value>(what: Promise<Value>, { output }: AgentProcess): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = (): void => reject(new Error(`nothing in ${AGENT_MS_MAX} ms: ${output.stderr}`));
    timer = setTimeout(late, AGENT_MS_MAX);
  });
  try {
    return await Promise.race([what, limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function stallAndCrash(place: BoardPlace, control: FakeControl): Promise<number> {
  let kills = 0;
  for (const endpoint of ENDPOINTS) {
    for (const when of WHENS) {
      const probe = control.probes.get(MAC);
      // Each point is reached only by a board that has to enrol.
      probe?.apiKeys.clear();
      control.always(endpoint, { kind: 'stall', when });
      await crash(place, control, control.until(endpoint, control.count(endpoint) + 1));
      control.always(endpoint, null);
      const { key, damage } = inspect(place);
      is(damage, null, `${endpoint} ${when}`);
      ok(key !== null);
      kills++;
    }
  }
  return kills;
}

/** While lock, key and first files are made. */
async function crashEarly(place: BoardPlace, control: FakeControl, random: Random) {
  const keys = new Set<string>();
  for (let kill = 0; kill < EARLY_KILLS; kill++) {
    const before = changedMs(place.places.state);
    const begun = until(() => changedMs(place.places.state) !== before);
    await crash(place, control, after(begun, random.unit() * 6));
    const { key, damage } = inspect(place);
    is(damage, null);
    if (key !== null) keys.add(key);
  }
  ok(keys.size <= 1, 'a key was made anew');
  return keys;
}

function changedMs(directory: string): number | null {
  return statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

async function crashAtRandom(place: BoardPlace, control: FakeControl, random: Random) {
  const keys = new Set<string>();
  for (let kill = 0; kill < RANDOM_KILLS; kill++) {
    control.document = { etag: `"${kill}"`, text: `{"schema":1,"kill":${kill}}` };
    const endpoint = random.pick(ENDPOINTS);
    // A board that is bound does not enrol without a reason.
    if (endpoint === 'challenge' || endpoint === 'enroll') control.probes.get(MAC)?.apiKeys.clear();
    const seen = control.until(endpoint, control.count(endpoint) + 1);
    await crash(place, control, after(seen, random.unit() * 12));
    const { key, damage } = inspect(place);
    is(damage, null);
    if (key !== null) keys.add(key);
  }
  return keys;
}

function after(moment: Promise<unknown>, delayMs: number): Promise<unknown> {
  return moment.then(() => new Promise((done) => setTimeout(done, delayMs)));
}

async function live(seed: number): Promise<number> {
  const control = await openFakeControl();
  control.register(MAC, CLAIM);
  try {
    return await liveWith(control, seed);
  } finally {
    // One that listens on keeps a run that failed from ending.
    await control.close();
  }
}

async function liveWith(control: FakeControl, seed: number): Promise<number> {
  let kills = 0;
  await inPlace(async (place) => {
    const random = createRandom(seed);
    const early = await crashEarly(place, control, random);
    kills += EARLY_KILLS + (await stallAndCrash(place, control));
    const keys = new Set([...early, ...(await crashAtRandom(place, control, random))]);
    kills += RANDOM_KILLS;

    const last = startProcess(place, control.origin, { words: ['--once'] });
    try {
      is(await within(last.ended, last), 0, last.output.stderr);
    } finally {
      last.child.kill('SIGKILL');
    }
    const { key, damage } = inspect(place);
    equal([damage, [...keys]], [null, [key]]);
    is(control.probes.get(MAC)?.publicKey, key);
    const handed = JSON.parse(readFileSync(place.places.handedConfig, 'utf8'));
    is(handed.etag, control.document.etag);
  });
  return kills;
}

suite('board/agent: kill -9', ({ test }) => {
  test('between any two steps leaves a whole state, and the same key enrols', async () => {
    const seeds = Array.from({ length: LANES }, (_, lane) => 20_261_122 + lane);
    const kills = await Promise.all(seeds.map(live));

    const total = kills.reduce((sum, one) => sum + one, 0);
    ok(total >= 60, `${total} kills`);
  }, 120_000);
});
