import type { Metric, Registry as PromRegistry } from 'prom-client';
import { FAMILIES } from '../../core/round.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import { startSlice, type TimeSlice } from '../time-slice.ts';
import { BOARD_FAMILIES } from './mesh.ts';
import { MTR_FAMILIES, mtrRows, PATH_FAMILIES, pathRows } from './path.ts';
import { SELF_FAMILIES } from './self.ts';
import { SERIES_FAMILIES, seriesRows } from './series.ts';
import { SMOKEPING_FAMILIES, SMOKEPING_PROBER_FAMILIES, smokepingRows } from './smokeping.ts';
import {
  type BoundFamily,
  bindFamilies,
  familyHeader,
  familyLines,
  type MetricDescription,
  NO_LABELS,
} from './text.ts';

// Metrics are pulled: a scrape makes a registry whose metrics read the one snapshot it was given,
// and nothing is ever observed for each sample. Only the registry's own file of prom-client is
// loaded: its index brings @opentelemetry/api and 10 MiB with it.

export type MetricGroup = 'all' | 'smokeping' | 'path' | 'self';

export const METRIC_GROUPS: readonly MetricGroup[] = ['all', 'smokeping', 'path', 'self'];

/** Groups that have a name and a scrape job, but no measurement yet. */
export const METRIC_GROUPS_PLANNED: readonly string[] = ['http-v4', 'http-v6', 'throughput'];

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The text exposition of a group. */
export async function renderMetrics(group: MetricGroup, snapshot: DaemonSnapshot): Promise<string> {
  const parts: string[] = [];
  for await (const part of metricsParts(group, snapshot)) parts.push(part);
  return parts.join('');
}

/**
 * The same in parts of some 16 KB. Between parts, and while one is made, the event loop gets its
 * turn, so the snapshot must not change underneath: it is a copy.
 */
export async function* metricsParts(
  group: MetricGroup,
  snapshot: DaemonSnapshot,
): AsyncGenerator<string> {
  const slice = startSlice();
  for await (const families of familyBlocks(group, snapshot)) {
    const registry = registryOf(families);
    for (const family of families) {
      if (slice.isOver()) await slice.next();
      if (family.rows.length <= REGISTRY_ROWS_MAX && family.timestampsMs === null) {
        yield `${await registry.getSingleMetricAsString(family.name)}\n`;
      } else {
        yield* familyParts(family, slice);
      }
    }
  }
}

/** Every family that a group may export, for the documentation. */
export function describeMetrics(group: MetricGroup): readonly MetricDescription[] {
  const smokeping = [...SMOKEPING_FAMILIES, ...SMOKEPING_PROBER_FAMILIES, ...SERIES_FAMILIES];
  const path = [...MTR_FAMILIES.v4, ...MTR_FAMILIES.v6, ...PATH_FAMILIES];
  const self = [...SELF_FAMILIES, ...BOARD_FAMILIES];
  const groups = { smokeping, path, self };
  return group === 'all' ? [...smokeping, ...path, ...self] : groups[group];
}

/** Block by block, because making the labels of many targets is work of its own. */
export async function* familyBlocks(
  group: MetricGroup,
  snapshot: DaemonSnapshot,
): AsyncGenerator<readonly BoundFamily[]> {
  const slice = startSlice();
  const { series, paths, nowMs } = snapshot;
  const probe = [{ set: NO_LABELS, item: snapshot }];
  if (group === 'all' || group === 'smokeping') {
    yield bindFamilies(SMOKEPING_FAMILIES, await smokepingRows(series, slice));
    yield bindFamilies(SMOKEPING_PROBER_FAMILIES, probe);
    yield bindFamilies(SERIES_FAMILIES, await seriesRows(series, nowMs, slice));
  }
  if (group === 'all' || group === 'path') {
    for (const family of FAMILIES) {
      const rows = await mtrRows(paths, family, { ...snapshot, slice });
      yield bindFamilies(MTR_FAMILIES[family], rows);
    }
    yield bindFamilies(PATH_FAMILIES, await pathRows(paths, nowMs, slice));
  }
  if (group === 'all' || group === 'self') {
    yield bindFamilies(SELF_FAMILIES, probe);
    // A machine without an agent has none of these.
    if (snapshot.board != null) yield bindFamilies(BOARD_FAMILIES, probe);
  }
}

/** A registry of prom-client in which every family reads its rows when it is asked. */
export function registryOf(families: readonly BoundFamily[]): PromRegistry {
  const registry = new Registry();
  for (const family of families) {
    const { name, help, type } = family;
    // A registry asks of a metric no more than this: prom-client's classes, which keep values of
    // their own, are not needed.
    const metric = {
      name,
      help,
      type,
      get: async () => ({ name, help, type, values: valuesOf(family) }),
    };
    registry.registerMetric(metric as unknown as Metric);
  }
  return registry;
}

// The registry prints a family in one go, at some microseconds a line: well for a probe of the
// usual size; beyond that the loop would be held for too long.
const REGISTRY_ROWS_MAX = 16;
/** Rows between two looks at the clock: of a histogram, some 0.3 ms. */
const STEP_ROWS = 8;
const PART_LENGTH = 16_384;

const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
const Registry = require('prom-client/lib/registry.js') as new () => PromRegistry;

async function* familyParts(family: BoundFamily, slice: TimeSlice): AsyncGenerator<string> {
  let text = familyHeader(family);
  for (let row = 0; row < family.rows.length; row += STEP_ROWS) {
    if (slice.isOver()) await slice.next();
    text += familyLines(family, row, Math.min(row + STEP_ROWS, family.rows.length));
    if (text.length < PART_LENGTH) continue;
    yield text;
    text = '';
  }
  yield text;
}

function valuesOf(family: BoundFamily): object[] {
  const values: object[] = [];
  for (const [row, base] of family.rows.entries()) {
    family.write(row, (value, extra = NO_LABELS, suffix = '') => {
      if (value === null || !Number.isFinite(value)) return;
      const labels = { ...base.labels, ...extra.labels };
      values.push({ metricName: family.name + suffix, labels, value });
    });
  }
  return values;
}
