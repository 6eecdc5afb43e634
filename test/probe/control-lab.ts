// A daemon that a control configures: the agent's part is played by the test, which writes and
// reads the files in the run directory.
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { PROBE_REPORT, type ProbeReport } from '../../src/core/report.ts';
import type { DaemonLab, RunningDaemon, StartOptions } from './daemon-lab.ts';

export interface ControlLab {
  /** The run directory. */
  run: string;
  /** Without a configuration file; waits until it measures. */
  start(options?: StartOptions & { config?: string }): Promise<RunningDaemon>;
  /** Puts a document in its place, as the agent does. Returns its ETag. */
  send(document: unknown): string;
  /** Puts any text there. */
  put(text: string, uid?: number): void;
  remove(): void;
  /** Null while there is none; fails for one that is not as it should be. */
  report(): ProbeReport | null;
}

let documents = 0;

export function openControlLab(lab: DaemonLab): ControlLab {
  const run = join(lab.directory, 'run');
  const file = join(run, 'agent', 'config.json');

  function put(text: string, uid = 0): void {
    mkdirSync(join(run, 'agent'), { recursive: true });
    writeFileSync(`${file}.new`, text, { mode: 0o644 });
    chownSync(`${file}.new`, uid, uid);
    renameSync(`${file}.new`, file);
  }

  return {
    run,
    async start({ config, ...options } = {}) {
      const state = join(lab.directory, options.state ?? 'state');
      const words = ['probe', '--run', run, '--state', state];
      const started = lab.flint(
        config === undefined ? words : [...words, '--config', config],
        options,
      );
      await started.waitFor(' measuring ', 10_000);
      return lab.attach(started, options.port);
    },
    send(document) {
      const etag = `"d${++documents}"`;
      put(JSON.stringify({ schema: 1, etag, receivedMs: Date.now(), document }));
      return etag;
    },
    put,
    remove: () => rmSync(file),
    report() {
      let text: string;
      try {
        text = readFileSync(join(run, 'probe', 'report.json'), 'utf8');
      } catch {
        return null;
      }
      return v.parse(PROBE_REPORT, JSON.parse(text));
    },
  };
}
