import { ask } from './ask.ts';
import type { PageKeys } from './page-keys.ts';

// What vmagent tells of itself on loopback: how much waits, what was taken, what was given up.

export interface VmagentFigures {
  /** Unix seconds at which the process began: counters begin anew with it. */
  startedS: number;
  version: string | null;
  residentBytes: number;
  /** On disk and in memory. */
  pendingBytes: number;
  /** What went through the queue on disk, as it counts `pendingBytes`. */
  writtenBytes: number;
  sentBytes: number;
  /** Answered 2xx. */
  accepted: number;
  /** Answered 400 or 409, and given up. */
  rejected: number;
  /** Answered 401 or 403, and tried again. */
  unauthorized: number;
  /** Given up for any reason: refused as bad, or no room. */
  droppedBlocks: number;
}

const ANSWER_BYTES_MAX = 1 << 20;
const TIMEOUT_MS = 3_000;
/** Of the length before each block on disk. */
const BLOCK_HEADER_BYTES = 8;

/** Null when it does not answer (yet), or not to these keys. */
export async function readFigures(
  port: number,
  { metrics }: Pick<PageKeys, 'metrics'>,
  signal?: AbortSignal,
): Promise<VmagentFigures | null> {
  const answer = await ask({
    url: `http://127.0.0.1:${port}/metrics?authKey=${metrics}`,
    timeoutMs: TIMEOUT_MS,
    bytesMax: ANSWER_BYTES_MAX,
    ...(signal === undefined ? {} : { signal }),
  });
  if (!answer.ok || answer.status !== 200 || answer.isCut) return null;
  return parseFigures(answer.text);
}

/** Null when that is not what vmagent says. */
export function parseFigures(text: string): VmagentFigures | null {
  const samples = parseSamples(text);
  const sum = (name: string, status?: RegExp): number =>
    samples
      .filter((sample) => sample.name === name)
      .filter(({ labels }) => status === undefined || status.test(labels))
      .reduce((total, { value }) => total + value, 0);
  if (!samples.some(({ name }) => name === 'vmagent_remotewrite_pending_data_bytes')) return null;
  const requests = 'vmagent_remotewrite_requests_total';
  const writtenBlocks = sum('vm_persistentqueue_blocks_written_total');
  return {
    startedS: sum('process_start_time_seconds'),
    version: versionOf(samples),
    residentBytes: sum('process_resident_memory_bytes'),
    pendingBytes: sum('vmagent_remotewrite_pending_data_bytes'),
    writtenBytes:
      sum('vm_persistentqueue_bytes_written_total') + writtenBlocks * BLOCK_HEADER_BYTES,
    sentBytes: sum('vmagent_remotewrite_bytes_sent_total'),
    accepted: sum(requests, /status_code="2\w\w"/i),
    rejected: sum(requests, /status_code="4(?:00|09)"/),
    unauthorized: sum(requests, /status_code="40[13]"/),
    droppedBlocks:
      sum('vmagent_remotewrite_packets_dropped_total') +
      sum('vm_persistentqueue_blocks_dropped_total'),
  };
}

interface Sample {
  name: string;
  labels: string;
  value: number;
}

function parseSamples(text: string): Sample[] {
  const lines = text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([0-9.eE+-]+)$/gm);
  return [...lines].flatMap(([, name = '', labels = '', number = '']) => {
    const value = Number(number);
    return Number.isFinite(value) && value >= 0 ? [{ name, labels, value }] : [];
  });
}

// Debian's says nothing of its version.
function versionOf(samples: readonly Sample[]): string | null {
  const labels = samples.find(({ name }) => name === 'vm_app_version')?.labels ?? '';
  const version = /short_version="([^"]{1,64})"/.exec(labels)?.[1] ?? '';
  return /^[\w.+-]+$/.test(version) ? version : null;
}
