import { MEASURED_KINDS } from '../../core/policy-caps.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import { isConfigGood } from './smokeping.ts';
import { type Family, labelSet, type MetricType, putHistogram } from './text.ts';

// The probe about itself: engine, clock, store, configuration, process.

export const SELF_FAMILIES: readonly Family<DaemonSnapshot>[] = [
  {
    ...describe('flint_build_info', 'gauge', 'info', ['version', 'node', 'addon']),
    help: 'Constantly 1, labelled by the versions of the probe, of Node and of the addon.',
    write(probe, put) {
      const node = process.versions.node;
      put(1, labelSet({ version: probe.version, node, addon: probe.addon }));
    },
  },
  {
    ...describe('flint_engine_info', 'gauge', 'info', ['transport', 'stamps']),
    help: 'Constantly 1, labelled by the transport and by the time stamps that the kernel granted.',
    write({ engine }, put) {
      put(1, labelSet({ transport: engine.transport, stamps: engine.stamps }));
    },
  },
  {
    ...describe('flint_start_time_seconds', 'gauge', 'seconds'),
    help: 'When the probe started.',
    write: (probe, put) => put(probe.startedMs / 1000),
  },
  {
    ...describe('flint_engine_ticks_total', 'counter', 'wake-ups'),
    help: 'Wake-ups of the engine.',
    write: ({ engine }, put) => put(engine.ticks),
  },
  {
    ...describe('flint_engine_tick_late_seconds', 'histogram', 'seconds'),
    help: 'How much later than due the engine woke up.',
    write({ engine }, put) {
      const bounds = engine.tickLate.bounds.map((bound) => labelSet({ le: String(bound) }));
      putHistogram(put, bounds, engine.tickLate.counts, engine.tickLate.sumSeconds);
    },
  },
  {
    ...describe('flint_engine_inflight', 'gauge', 'packets'),
    help: 'Packets that wait for their answer.',
    write: ({ engine }, put) => put(engine.inflight),
  },
  {
    ...describe('flint_engine_drops_total', 'counter', 'records', ['table']),
    help: 'What a full table could not take.',
    write({ engine }, put) {
      for (const [table, count] of sorted(engine.drops)) put(count, labelSet({ table }));
    },
  },
  {
    ...describe('flint_alien_packets_total', 'counter', 'packets', ['reason']),
    help: 'Packets that came but were no answer to one of ours.',
    write({ engine }, put) {
      for (const [reason, count] of sorted(engine.alien)) put(count, labelSet({ reason }));
    },
  },
  {
    ...describe('flint_socket_overflows_total', 'counter', 'packets'),
    help: 'Packets that the kernel dropped because a receive buffer was full.',
    write: ({ engine }, put) => put(engine.overflows),
  },
  {
    ...describe('flint_clock_steps_total', 'counter', 'steps'),
    help: 'Jumps of the wall clock against the monotonic one.',
    write: ({ engine }, put) => put(engine.clockSteps),
  },
  {
    ...describe('flint_clock_synced', 'gauge', 'boolean'),
    help: 'Whether the wall clock is synchronised.',
    write: ({ clock }, put) => put(clock.state === 'synced' ? 1 : 0),
  },
  {
    ...describe('flint_clock_offset_seconds', 'gauge', 'seconds'),
    help: 'Estimated offset of the wall clock; absent while unknown.',
    write: ({ clock }, put) => put(clock.offsetNs === null ? null : clock.offsetNs / 1e9),
  },
  {
    ...describe('flint_store_bytes', 'gauge', 'bytes'),
    help: 'Bytes that the round store holds on disk.',
    write: ({ store }, put) => put(store.bytes),
  },
  {
    ...describe('flint_store_oldest_timestamp_seconds', 'gauge', 'seconds'),
    help: 'How far back the round store goes; absent while it is empty.',
    write: ({ store }, put) => put(store.oldestMs === null ? null : store.oldestMs / 1000),
  },
  {
    ...describe('flint_store_errors_total', 'counter', 'errors'),
    help: 'Writes to the round store that failed.',
    write: ({ store }, put) => put(store.errors),
  },
  {
    ...describe('flint_config_last_reload_successful', 'gauge', 'boolean'),
    help: 'Whether the last configuration was read and accepted.',
    write: (probe, put) => put(isConfigGood(probe) ? 1 : 0),
  },
  {
    ...describe('flint_control_config_applied_timestamp_seconds', 'gauge', 'seconds'),
    help: 'When the configuration of the control was applied; absent while none is in force.',
    write({ control }, put) {
      const appliedMs = control?.appliedMs ?? null;
      put(appliedMs === null ? null : appliedMs / 1000);
    },
  },
  {
    ...describe('flint_control_config_refused', 'gauge', 'boolean'),
    help: 'Whether the newest configuration of the control was refused; absent without an agent.',
    write({ control }, put) {
      put(control == null ? null : Number(control.error !== null));
    },
  },
  {
    ...describe('flint_control_config_unsupported', 'gauge', 'keys'),
    help: 'Keys in the configuration of the control that this version does not know.',
    write: ({ control }, put) => put(control?.unsupported.length ?? null),
  },
  {
    ...describe('flint_report_errors_total', 'counter', 'errors'),
    help: 'Reports to the agent that could not be written.',
    write: ({ reportErrors }, put) => put(reportErrors ?? null),
  },
  {
    ...describe('flint_policy_capped', 'gauge', 'limits'),
    help: 'Limits of the policy that change what the configuration asks for.',
    write: ({ policy }, put) => put(policy?.capped.length ?? null),
  },
  {
    ...describe('flint_policy_held_back_total', 'counter', 'packets', ['kind']),
    help: 'Packets that the policy did not let go when they were due.',
    write({ policy }, put) {
      if (policy === undefined) return;
      for (const kind of MEASURED_KINDS) put(policy.heldBack[kind], labelSet({ kind }));
    },
  },
  {
    ...describe('flint_process_resident_memory_bytes', 'gauge', 'bytes'),
    help: 'Resident memory of the process.',
    write: (_probe, put) => put(process.memoryUsage.rss()),
  },
  {
    ...describe('flint_process_cpu_seconds_total', 'counter', 'seconds'),
    help: 'Processor time of the process, user and system.',
    write(_probe, put) {
      const { user, system } = process.cpuUsage();
      put((user + system) / 1e6);
    },
  },
];

function describe(name: string, type: MetricType, unit: string, labels: readonly string[] = []) {
  return { name, type, unit, labels };
}

// Sorted, so that two scrapes can be compared as text.
function sorted(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts).sort(([left], [right]) => (left < right ? -1 : 1));
}
