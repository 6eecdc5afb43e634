// Where the configuration comes from: a file of this machine or a document of the caller, the
// control by way of the run directory, and the policy. Read once here at the start, while root is
// not given up; reload.ts follows what changes.
const fs = process.getBuiltinModule('node:fs');

import type { ProbeConfig } from '../core/config.ts';
import { judgeConfig, loadConfig } from './config-file.ts';
import { type ControlConfig, controlFile, controlVersion, readControl } from './control-config.ts';
import { type LoadedPolicy, loadPolicy, NO_POLICY } from './policy-file.ts';
import { type Settings, settle } from './settings.ts';

/** A file, or a document made by the caller (`flint up`). */
export type DaemonConfig = LocalSource & {
  /** Where the agent leaves the control's document, and the daemon its report; null for neither. */
  runDirectory?: string | null;
  /** Null takes that of the machine, where it has one; leave it out for none at all. */
  policyFile?: string | null;
};

type LocalSource =
  /** `isOptional`: without the file nothing is measured but what the control says. */
  { file: string; isOptional?: boolean } | { document: unknown };

export interface Sources {
  file: string | null;
  /** Where the control's document would lie; null without a run directory. */
  controlFile: string | null;
  /** Whose file is believed there. */
  owners: readonly number[];
  local: ProbeConfig;
  control: ControlConfig | null;
  /** Of the control's file as it was read last. */
  controlVersion: string;
  policy: LoadedPolicy;
}

export interface FirstSources {
  sources: Sources;
  settings: Settings;
  /** Why the document that the agent kept was refused; null when it was not. */
  controlError: string | null;
}

/**
 * Reads them all. Throws ERR_CONFIG_INVALID for what the machine's owner wrote; what came from the
 * control stops no start. `userId` is who the process will be.
 */
export function readSources(config: DaemonConfig, userId: number | null): FirstSources {
  const file = 'file' in config ? config.file : null;
  const policy = config.policyFile === undefined ? NO_POLICY : loadPolicy(config.policyFile);
  const local = readLocal(config);
  const runDirectory = config.runDirectory ?? null;
  const own = process.getuid?.() ?? 0;
  const owners = [...new Set([0, own, userId ?? own])];
  const sources: Sources = {
    ...{ file, owners, local, policy },
    controlFile: runDirectory === null ? null : controlFile(runDirectory),
    control: null,
    controlVersion: '',
  };
  const read = followControl(sources);
  const controlError = read?.state === 'refused' ? read.error : null;
  return { sources, settings: settle(sources), controlError };
}

/** The local configuration as it is now. Throws ERR_CONFIG_INVALID. */
export function readLocal(config: DaemonConfig): ProbeConfig {
  if (!('file' in config)) return judgeConfig(config.document, 'configuration').config;
  if (config.isOptional === true && !fs.existsSync(config.file)) {
    return judgeConfig({ schema: 1 }, 'no configuration').config;
  }
  return loadConfig(config.file).config;
}

/** Reads the control's file where it is another now; null when it is not. */
export function followControl(sources: Sources): ReturnType<typeof readControl> | null {
  if (sources.controlFile === null) return null;
  // Before the file is read: one that is written meanwhile is read again.
  const version = controlVersion(sources.controlFile);
  if (version === sources.controlVersion) return null;
  sources.controlVersion = version;
  const read = readControl(sources.controlFile, sources.owners);
  if (read.state === 'none') sources.control = null;
  if (read.state === 'document') sources.control = read.control;
  return read;
}
