// Three ways to show a ping: JSON lines for programs, a live block of lines on a terminal, plain
// lines elsewhere.
import { formatRtt } from '../../graph/format.ts';
import { liveLine, type PingFigures, printable, summaryLine } from '../../graph/terminal.ts';
import type { PingLine, PingTarget } from './lines.ts';

export interface PingView {
  begin(target: PingTarget): void;
  line(line: PingLine): void;
  /** Called after every tick. */
  draw(targets: readonly PingTarget[]): void;
  summary(target: PingTarget, summary: Record<string, unknown>): void;
  /** Leaves the terminal as it was; also after a failure. */
  end(): void;
}

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export function openJsonView(output: Output): PingView {
  const print = (value: object): void => {
    output.write(`${JSON.stringify(value)}\n`);
  };
  return {
    begin: () => undefined,
    line: print,
    draw: () => undefined,
    summary: (_target, summary) => print(summary),
    end: () => undefined,
  };
}

export function openTextView(output: Output): PingView {
  return output.isTTY === true ? openLiveView(output) : openPlainView(output);
}

function openPlainView(output: Output): PingView {
  return {
    begin: (target) => {
      output.write(`${nameOf(target)}\n`);
    },
    line: (line) => {
      output.write(`${lineText(line)}\n`);
    },
    draw: () => undefined,
    summary: (target) => {
      output.write(`${summaryLine(nameOf(target), figuresOf(target))}\n`);
    },
    end: () => undefined,
  };
}

const DRAW_MS = 100;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_DOWN = '\u001b[J';

function openLiveView(output: Output): PingView {
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isHidden = false;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\r${ERASE_DOWN}`);
  return {
    begin: () => undefined,
    line: (line) => {
      // Losses are in the picture; an error has words worth reading.
      if (line.type !== 'error') return;
      output.write(`${erase()}${lineText(line)}\n`);
      drawn = 0;
    },
    draw: (targets) => {
      if (performance.now() - drawnAt < DRAW_MS) return;
      drawnAt = performance.now();
      const shown = targets.slice(0, Math.max(1, (output.rows ?? 24) - 2));
      const width = (output.columns ?? 80) - 1;
      const nameWidth = Math.max(...shown.map((target) => nameOf(target).length));
      const lines = shown.map((target) => liveOf(target, nameWidth, width));
      // Only now: a Ctrl-C while names are looked up must find the cursor where it was.
      output.write(`${isHidden ? '' : HIDE_CURSOR}${erase()}${lines.join('\n')}\n`);
      isHidden = true;
      drawn = lines.length;
    },
    summary: (target) => {
      output.write(`${erase()}${summaryLine(nameOf(target), figuresOf(target))}\n`);
      drawn = 0;
    },
    end: () => {
      if (isHidden) output.write(SHOW_CURSOR);
      isHidden = false;
    },
  };
}

function liveOf(target: PingTarget, nameWidth: number, width: number): string {
  const figures = figuresOf(target);
  return liveLine({ name: nameOf(target), nameWidth, values: target.recent, figures, width });
}

function nameOf(target: PingTarget): string {
  const host = printable(target.host);
  return host === target.ip ? host : `${host} (${target.ip})`;
}

function figuresOf(target: PingTarget): PingFigures {
  const { sent, received, lost, samples } = target;
  const figures = samples.figures();
  return {
    sent,
    received,
    lost,
    minNs: figures?.min ?? null,
    medianNs: figures?.p50 ?? null,
    p99Ns: figures?.p99 ?? null,
    maxNs: figures?.max ?? null,
    jitterNs: samples.jitterNs(),
  };
}

/** One line for a person: what came of probe `seq`. */
export function lineText(line: PingLine): string {
  const head = headText(line);
  if (line.type === 'error') {
    const from = line.from === undefined ? '' : ` (from ${line.from})`;
    return `${head} ${printable(line.reason ?? 'failed')}${from}`;
  }
  if (line.type === 'lost') return `${head} lost`;
  const rtt = line.rttNs === null ? '' : ` ${formatRtt(line.rttNs)}`;
  const word = line.type === 'reply' ? '' : ` ${line.type}`;
  const ttl = line.ttl === null ? '' : `, ttl ${line.ttl}`;
  const quality =
    line.quality === null || line.quality === 'kernel' ? '' : `, ${line.quality} stamps`;
  return `${head}${word}${rtt}${ttl}${quality}`;
}

function headText({ host, ip, seq }: PingLine): string {
  const address = ip === null || ip === host ? '' : ` (${ip})`;
  return `${printable(host)}${address}${seq === null ? '' : ` seq ${seq}`}:`;
}
