import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { ask } from '../../../src/board/push/ask.ts';
import { isTokenKnown } from '../../../src/board/vmauth/reload.ts';
import { loadVmauthSettings, type VmauthSettings } from '../../../src/board/vmauth/settings.ts';
import { syncUsers } from '../../../src/board/vmauth/sync.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';
import { type Answering, answer } from '../push/http-lab.ts';

// With a real vmauth: what it takes and what it refuses is its own affair.

const missing = spawnSync('vmauth', ['-version']).error === undefined ? null : 'no vmauth here';
const KEY = 'metrics-key-of-the-control';

interface Lab {
  control: Answering;
  said: { status: number; text: string };
  vmauth: string;
  file: string;
  settings: VmauthSettings;
  run(isDryRun?: boolean, mayShrink?: boolean): ReturnType<typeof syncUsers>;
  start(): Promise<void>;
  /** What vmauth answers to a write with this token. */
  write(token: string): Promise<number>;
}

function users(...names: string[]): string {
  const list = names.map((name) => ({
    bearer_token: `token-of-${name}`,
    url_prefix: `http://localhost:8428/api/v1/write?extra_label=instance=${name}`,
  }));
  return JSON.stringify({ status: 'ok', data: { users: list } });
}

async function withLab(use: (lab: Lab) => Promise<void>) {
  await inPlace(async (place) => {
    const children: ChildProcess[] = [];
    const current = { status: 200, text: users('probe01') };
    const control = await answer(({ body }) =>
      body.toString() === `metrics-api-key=${KEY}` ? current : { status: 403, text: '{}' },
    );
    const { directory } = place;
    mkdirSync(join(directory, 'secrets.d'));
    writeFileSync(join(directory, 'secrets.d', 'metrics-api-key'), `${KEY}\n`, { mode: 0o600 });
    const vmauth = `http://127.0.0.1:${await freePort()}`;
    const file = join(directory, 'users.json');
    const settings = loadVmauthSettings('/nonexistent', false, {
      ...{ control: control.url.replace(/\/$/, ''), file, vmauth },
    });
    const lab: Lab = {
      ...{ control, said: current, vmauth, file, settings },
      run: (isDryRun = false, mayShrink = false) =>
        syncUsers({ settings, env: {}, configDirectory: directory, isDryRun, mayShrink }),
      async start() {
        const words = [`-httpListenAddr=${new URL(vmauth).host}`, `-auth.config=${file}`];
        const child = spawn('vmauth', words, { stdio: 'ignore' });
        children.push(child);
        for (let attempt = 0; attempt < 200; attempt++) {
          const up = await ask({ url: `${vmauth}/health`, timeoutMs: 1000, bytesMax: 100 });
          if (up.ok) return;
          await new Promise((resolve) => {
            setTimeout(resolve, 25);
          });
        }
        throw new Error('vmauth does not start');
      },
      async write(token) {
        const headers = { authorization: `Bearer ${token}` };
        const given = await ask({ url: `${vmauth}/`, headers, timeoutMs: 5000, bytesMax: 100 });
        return given.ok ? given.status : 0;
      },
    };
    try {
      await use(lab);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await control.close();
    }
  });
}

suite('vmauth-sync', ({ test, testIf }) => {
  test('before the first answer there is a file that lets nobody in', async () => {
    await withLab(async (lab) => {
      lab.said.status = 500;
      const result = await lab.run();
      equal([result.ok, result.reason], [false, 'the control answered 500']);
      equal(JSON.parse(readFileSync(lab.file, 'utf8')).users.length, 1);
    });
  });

  test('a file of somebody else is neither read nor replaced', async () => {
    await withLab(async (lab) => {
      for (const text of ['users:\n- bearer_token: x\n', '{"users":[]}', '{']) {
        writeFileSync(lab.file, text);
        for (const status of [200, 500]) {
          lab.said.status = status;
          const { ok: isFine, reason } = await lab.run();
          equal(isFine, false);
          ok(reason?.includes('was not written by this command'), reason ?? '');
          equal(readFileSync(lab.file, 'utf8'), text);
        }
      }
      writeFileSync(lab.file, '\n');
      await lab.run();
      equal(JSON.parse(readFileSync(lab.file, 'utf8')).users.length, 1);
    });
  });

  testIf(missing, 'a control that forgets its probes shuts nobody out by itself', async () => {
    await withLab(async (lab) => {
      const names = Array.from({ length: 8 }, (_, index) => `probe${index}`);
      lab.said.text = users(...names);
      await lab.run();
      await lab.start();
      for (const left of [[], names.slice(0, 3)]) {
        lab.said.text = users(...left);
        const { ok: isFine, users: count, reason } = await lab.run();
        equal([isFine, count], [false, 8]);
        ok(reason?.includes('--shrink'), reason ?? '');
        equal((await lab.run(true)).reason, reason);
        equal(await lab.write('token-of-probe7'), 502);
      }
      lab.said.text = users();
      equal((await lab.run(false, true)).ok, true);
      ok([400, 401].includes(await lab.write('token-of-probe7')));
      equal((await lab.run()).ok, true);
    });
  });

  test('what a vmauth does not take is not what it would start with', async () => {
    await withLab(async (lab) => {
      // One that reloads, and goes on with what it had.
      const stubborn = await answer(({ url }) => ({ status: url === '/-/reload' ? 200 : 401 }));
      await lab.run();
      lab.settings.vmauth = stubborn.url.replace(/\/$/, '');
      const before = readFileSync(lab.file, 'utf8');
      lab.said.text = users('probe01', 'probe02');
      const { ok: isFine, isWritten, reason } = await lab.run();
      equal([isFine, isWritten], [false, false]);
      ok(reason?.includes('the file of before is back'), reason ?? '');
      equal(readFileSync(lab.file, 'utf8'), before);
      // One that is away will read the new file when it starts.
      await stubborn.close();
      equal((await lab.run()).isWritten, true);
      ok(readFileSync(lab.file, 'utf8').includes('probe02'));
    });
  });

  test('a link in the place of the file leads nowhere', async () => {
    await withLab(async (lab) => {
      const elsewhere = `${lab.file}.elsewhere`;
      writeFileSync(elsewhere, 'of somebody');
      symlinkSync(elsewhere, lab.file);
      equal((await lab.run()).ok, false);
      equal(readFileSync(elsewhere, 'utf8'), 'of somebody');
    });
  });

  testIf(missing, 'who is added may push, who is removed may not, the last one too', async () => {
    await withLab(async (lab) => {
      const first = await lab.run();
      equal([first.isWritten, first.ok], [true, false], 'vmauth does not run yet');
      await lab.start();
      // 502: let through, and no store behind it.
      equal(await lab.write('token-of-probe01'), 502);
      equal((await lab.run()).isWritten, false);

      lab.said.text = users('probe02');
      const second = await lab.run();
      equal(second.ok, true, second.reason ?? '');
      equal(second.difference, { added: ['probe02'], removed: ['probe01'], changed: [] });
      equal(await lab.write('token-of-probe02'), 502);
      ok([400, 401].includes(await lab.write('token-of-probe01')));

      lab.said.text = users();
      equal((await lab.run()).ok, true);
      ok([400, 401].includes(await lab.write('token-of-probe02')));
    });
  });

  testIf(missing, 'nonsense, refusals and silence leave all as it is', async () => {
    await withLab(async (lab) => {
      await lab.run();
      await lab.start();
      const before = readFileSync(lab.file, 'utf8');
      for (const text of ['null', '', '{"status":"ok","data":null}', '<html>']) {
        lab.said.text = text;
        equal((await lab.run()).ok, false, text);
      }
      Object.assign(lab.said, { status: 403, text: users() });
      equal((await lab.run()).ok, false);
      await lab.control.close();
      const away = await lab.run();
      equal([away.ok, away.users], [false, 1]);
      equal(readFileSync(lab.file, 'utf8'), before);
      equal(await lab.write('token-of-probe01'), 502);
    });
  });

  testIf(missing, 'a dry run changes nothing and shows no secret', async () => {
    await withLab(async (lab) => {
      const result = await lab.run(true);
      equal(result.difference.added, ['probe01']);
      ok(!JSON.stringify(result).includes('token-of'));
      equal(existsSync(lab.file), false);
    });
  });

  testIf(missing, 'a token that vmauth does not have is not taken for known', async () => {
    await withLab(async (lab) => {
      await lab.run();
      await lab.start();
      equal((await isTokenKnown(lab.vmauth, 'token-of-probe01')).ok, true);
      equal((await isTokenKnown(lab.vmauth, 'token-of-nobody')).ok, false);
      equal((await isTokenKnown('http://127.0.0.1:1', 'token-of-nobody')).ok, false);
    });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
