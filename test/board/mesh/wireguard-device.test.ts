// With a wireguard-go that only sleeps: the real one is in test/mesh/wireguard.netns.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is } from 'uvu/assert';
import { openDevice } from '../../../src/board/mesh/wireguard-device.ts';
import type { Tools } from '../../../src/board/mesh/wireguard-tools.ts';
import type { CommandResult } from '../../../src/host/command.ts';
import { suite } from '../../helper.ts';

const WELL: CommandResult = {
  ...{ code: 0, stdout: '', stderr: '', isTimedOut: false, isCut: false, failure: null },
};
const DUMP = '(none)\t(none)\t0\toff\n';

suite('board/mesh/wireguard-device', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-wg-device-'));
  const pids = join(directory, 'pids');
  const all: number[] = [];
  s.after(() => {
    for (const pid of all.filter(isAlive)) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true });
  });

  function openMachine(stubborn = '') {
    const go = join(directory, 'wireguard-go');
    const version = '[ "$1" = --version ] && { echo wireguard-go 0.0.1; exit; }';
    const script = `#!/bin/sh\n${version}\n${stubborn}\necho $$ >> ${pids}\n`;
    writeFileSync(go, `${script}while :; do sleep 0.05; done\n`, { mode: 0o755 });
    writeFileSync(pids, '');
    const started = (): number[] =>
      readFileSync(pids, 'utf8').split('\n').filter(Boolean).map(Number);
    const state = { isAnswering: true };
    const tools: Tools = {
      wg: async () => {
        const isThere = state.isAnswering && started().some(isAlive);
        return isThere ? { ...WELL, stdout: DUMP } : { ...WELL, code: 1 };
      },
      ip: async (words) =>
        words.includes('add') ? { ...WELL, code: 2, stderr: 'Unknown device type' } : WELL,
      go,
      env: { PATH: process.env['PATH'] },
    };
    const options = { onEnd: () => undefined, monoMs: () => performance.now(), isLasting: false };
    return { device: openDevice(options), tools, started, state };
  }

  s.test('one that does not answer is ended before another is started', async () => {
    const { device, tools, started, state } = openMachine();
    await device.ensure(tools, 'flint0');
    state.isAnswering = false;
    const again = device.ensure(tools, 'flint0');
    const untilMs = performance.now() + 10_000;
    while (started().length < 2 && performance.now() < untilMs) await pause(20);
    state.isAnswering = true;
    await again;

    all.push(...started());
    equal(started().map(isAlive), [false, true]);
    await device.close();
    equal(started().map(isAlive), [false, false]);
  });

  s.test('one that does not want to end is killed', async () => {
    const { device, tools, started } = openMachine("trap '' TERM");
    await device.ensure(tools, 'flint0');
    all.push(...started());
    await device.close();
    equal(started().map(isAlive), [false]);
    is(device.version(), 'wireguard-go 0.0.1');
  });
});

function isAlive(pid: number): boolean {
  try {
    // One that has ended and was not waited for has no words.
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1') !== '';
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
