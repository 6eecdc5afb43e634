// What is in force, from its three sources: policy over control over local. The control rules its
// name for the probe and whole kinds of measurement; the policy rules what the control wrote and,
// where the machine has a policy of its own, what its owner wrote as well.
import type { ProbeConfig } from '../core/config.ts';
import { capConfig, MEASURED_KINDS, type MeasuredKind } from '../core/policy-caps.ts';
import { etagOf, type LoadedConfig } from './config-file.ts';
import type { ControlConfig } from './control-config.ts';
import type { LoadedPolicy } from './policy-file.ts';

export interface Sources {
  local: ProbeConfig;
  control: ControlConfig | null;
  policy: LoadedPolicy;
}

export interface Settings extends LoadedConfig {
  /** Kinds that the policy rules. */
  ruled: ReadonlySet<MeasuredKind>;
  /** What the policy changed, a sentence each. */
  capped: string[];
}

export function settle({ local, control, policy }: Sources): Settings {
  const merged = merge(local, control);
  const ruled = new Set(policy.file === null ? (control?.kinds ?? []) : MEASURED_KINDS);
  const { config, capped } =
    ruled.size === 0 ? { config: merged, capped: [] } : capConfig(merged, policy.policy, ruled);
  return { config, etag: etagOf(config), ruled, capped };
}

function merge(local: ProbeConfig, control: ControlConfig | null): ProbeConfig {
  if (control === null) return local;
  const { kinds, measurements: theirs } = control;
  const { smokeping, path } = local.measurements;
  const measurements = {
    smokeping: kinds.has('smokeping') ? theirs.smokeping : smokeping,
    path: kinds.has('path') ? theirs.path : path,
  };
  return { ...local, hostname: control.hostname ?? local.hostname, measurements };
}
