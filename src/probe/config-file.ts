// The configuration as a file: read, judged, watched. A bad file changes nothing.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { createHash } from 'node:crypto';
import { type ConfigIssue, type ProbeConfig, parseProbeConfig } from '../core/config.ts';
import { ProbeError } from '../core/error.ts';
import { readJsonFile } from '../host/json-file.ts';

export interface LoadedConfig {
  config: ProbeConfig;
  /** Names these very settings: SHA-256 of the configuration with its defaults, 16 digits. */
  etag: string;
}

/** Reads and judges a file. Throws ERR_CONFIG_INVALID with file, path and reason. */
export function loadConfig(file: string): LoadedConfig {
  return judgeConfig(readJsonFile(file), file);
}

/** Judges a document; `source` names it in messages. */
export function judgeConfig(document: unknown, source: string): LoadedConfig {
  const parsed = parseProbeConfig(document, 'local');
  if (!parsed.ok) throw invalid(source, parsed.issues.map(issueText).join('; '));
  const { config } = parsed;
  return { config, etag: etagOf(config) };
}

export function etagOf(config: ProbeConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}

/** Whether the file can be read now, e.g. after root was given up. */
export function isReadable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

const SETTLE_MS = 200;

/**
 * Calls `changed` after the file was written, replaced or removed. Editors replace files, so the
 * directory is watched. Where that is not possible only SIGHUP reloads: `failed` is told why.
 */
export function watchConfig(
  file: string,
  changed: () => void,
  failed: (reason: string) => void,
): { close(): void } {
  const name = path.basename(file);
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = fs.watch(path.dirname(file), { persistent: false }, (_event, touched) => {
      if (touched !== null && touched !== name) return;
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    });
    watcher.on('error', (error) => failed(error.message));
    return {
      close() {
        clearTimeout(timer);
        watcher.close();
      },
    };
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return { close: () => undefined };
  }
}

function issueText(issue: ConfigIssue): string {
  return issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`;
}

function invalid(source: string, text: string): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', `${source}: ${text}`);
}
