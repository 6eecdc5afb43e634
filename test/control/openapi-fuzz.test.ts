// timeout: 1900 s
// Everything that the API describes, asked rightly and wrongly by everybody who can come. No answer
// is a failure of ours or other than described, nobody changes what he may not, and no secret
// leaves. FLINT_FUZZ_S and FLINT_FUZZ_SEED make it longer and other.
import * as fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Fleet, openFleet } from './fuzz-fleet.ts';
import { broken, mayCall, operationsOf, type Shot, shotAt } from './fuzz-openapi.ts';
import { type Answer, credentialHeaders } from './lab.ts';
import { speak } from './running.ts';

const SECONDS = Number(process.env['FLINT_FUZZ_S'] ?? 9);
const SEED = Number(process.env['FLINT_FUZZ_SEED'] ?? 20_261_122);
const SHOTS_OF_A_FLEET = 250;
const SOCKET_PERCENT = 5;
const ANSWER_MS_MAX = 1_000;
const GROWN_BYTES_MAX = 300 * 2 ** 20;

suite('control/openapi-fuzz', (s) => {
  const title = `no request of any shape by anybody breaks a promise (${SECONDS} s, seed ${SEED})`;
  s.test(
    title,
    async () => {
      const range = await openRange();
      const startBytes = process.memoryUsage().rss;
      try {
        await fc.assert(fc.asyncProperty(range.shot, fc.nat(99), range.fire), {
          ...{ seed: SEED, numRuns: 1_000_000, endOnFailure: true, includeErrorInReport: true },
          ...{ interruptAfterTimeLimit: SECONDS * 1_000, markInterruptAsFailure: false },
        });
      } finally {
        await range.close();
      }
      const { fired, statuses } = range;
      const told = [...statuses].sort().map(([status, count]) => `${status}: ${count}`);
      process.stdout.write(`seed ${SEED}: ${fired()} requests; ${told.join(', ')}\n`);
      ok(fired() > 20 * SECONDS, `only ${fired()} requests`);
      for (const status of [200, 201, 400, 401, 403, 404]) ok(statuses.has(status), `no ${status}`);
      const grown = process.memoryUsage().rss - startBytes;
      ok(grown < GROWN_BYTES_MAX, `${Math.round(grown / 2 ** 20)} MiB more`);
    },
    SECONDS * 1_000 + 60_000,
  );
});

async function openRange() {
  let fleet = await openFleet();
  let port = await listen(fleet);
  let left = SHOTS_OF_A_FLEET;
  let count = 0;
  const statuses = new Map<number, number>();
  const { json } = await fleet.lab.ask({ url: '/api/v1/openapi.json' });
  const operations = operationsOf(json);
  async function renew(): Promise<void> {
    await inspect(fleet);
    fleet = await openFleet();
    port = await listen(fleet);
    left = SHOTS_OF_A_FLEET;
  }
  return {
    statuses,
    fired: () => count,
    shot: fc.constantFrom(...operations).chain((one) => shotAt(one, operations)),
    async fire(shot: Shot, dice: number): Promise<void> {
      if (left-- === 0) await renew();
      count++;
      const status = await judged(fleet, shot, dice < SOCKET_PERCENT ? port : null);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    },
    close: () => inspect(fleet),
  };
}

async function listen({ lab }: Fleet): Promise<number> {
  const address = await lab.server.listen({ host: '127.0.0.1', port: 0 });
  return Number(new URL(address).port);
}

/** What is left behind: a sound database, a log of whole lines, and no secret in it. */
async function inspect({ lab, secrets }: Fleet): Promise<void> {
  const { raw } = lab.context.store;
  equal(raw.pragma('integrity_check', { simple: true }), 'ok');
  equal(raw.pragma('foreign_key_check'), []);
  for (const text of lab.logLines()) {
    is(text.indexOf('\n'), text.length - 1, text);
    is(/level=error/.test(text), false, text);
    for (const secret of secrets) is(text.includes(secret), false, text);
  }
  await lab.close();
}

async function judged(fleet: Fleet, shot: Shot, port: number | null): Promise<number> {
  const { lab } = fleet;
  // Slowly enough that no probe is told to wait.
  lab.clock.nowMs += 6_000;
  const before = fleet.guarded(shot.caller);
  const startMs = performance.now();
  const answer = port === null ? await inject(fleet, shot) : await overSocket(fleet, shot, port);
  const elapsedMs = performance.now() - startMs;
  const type = String(answer.headers['content-type'] ?? '');
  const asked = `${shot.caller} ${shot.method} ${shot.url.slice(0, 200)}`;
  const told = `${asked} → ${answer.status} ${answer.text.slice(0, 300)}`;
  const wrong = broken(shot, { ...answer, type });
  ok(wrong === null, `${wrong}: ${told}\n${lab.logLines().at(-1)}`);
  ok(fleet.guarded(shot.caller) === before, `changed what he may not: ${told}`);
  ok(mayCall(shot) || answer.status >= 400, `let in: ${told}`);
  const whole = `${answer.text}\n${JSON.stringify(answer.headers)}`;
  const leaked = fleet.secrets.find((secret) => whole.includes(secret));
  ok(leaked === undefined, `told ${leaked}: ${told}`);
  ok(!/flint_(?:session|pat|claim|probe|login)_[\w-]{43}/.test(whole) || givesSecrets(shot), told);
  const limitMs = ANSWER_MS_MAX * (hashes(shot) ? 5 : 1);
  ok(elapsedMs < limitMs || (await isFast(fleet, shot)), `${elapsedMs} ms: ${told}`);
  return answer.status;
}

/** Answers that tell a new secret, once. */
function givesSecrets({ operation: { path, method } }: Shot): boolean {
  const secret = /\/(?:tokens|claim-tokens|enroll|login|link)$/;
  return method === 'POST' && secret.test(path);
}

/** Passwords are slow on purpose. */
function hashes({ operation: { path } }: Shot): boolean {
  return /\/(?:login|password|users(?:\/\{name\})?)$/.test(path);
}

/** Once may be the machine; twice is not. */
async function isFast(fleet: Fleet, shot: Shot): Promise<boolean> {
  const startMs = performance.now();
  await inject(fleet, shot);
  return performance.now() - startMs < ANSWER_MS_MAX;
}

let sources = 0;

async function inject({ lab, callers }: Fleet, shot: Shot): Promise<Answer> {
  sources++;
  const { method, url, headers, body, caller } = shot;
  const as = callers[caller];
  return await lab.ask({
    ...{ method, url, headers },
    // Of many networks, so that none of them is told to wait; all of this machine.
    from: `127.${(sources >> 8) & 255}.${sources & 255}.1`,
    ...(body === undefined ? {} : { body }),
    ...(as === undefined ? {} : { as }),
  });
}

async function overSocket({ callers }: Fleet, shot: Shot, port: number): Promise<Answer> {
  const { method, url, headers, body = '', caller } = shot;
  const all = { host: '127.0.0.1', ...credentialHeaders(callers[caller]), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  const words = Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('')}${length}${body}`);
  const { text } = await speak(port, [words.toString('latin1')]);
  const whole = Buffer.from(text, 'latin1').toString();
  const [head = '', ...rest] = whole.replace('HTTP/1.1 100 Continue\r\n\r\n', '').split('\r\n\r\n');
  const said = rest.join('\r\n\r\n');
  const named = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(': '));
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 599),
    headers: Object.fromEntries(
      named.map(([name = '', value = '']) => [name.toLowerCase(), value]),
    ),
    text: said,
    json: parsed(said),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
