// Memory and processor time of a process, as the kernel counts them.
import { readFileSync } from 'node:fs';

/** MiB. Private is what ends with the process; the rest is files that others may share. */
export interface Memory {
  rss: number;
  pss: number;
  private: number;
}

export function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024;
  return {
    rss: mib('Rss'),
    pss: mib('Pss'),
    private: mib('Private_Clean') + mib('Private_Dirty'),
  };
}

/** User and system time of all threads, those that ended too; in ticks of 10 ms. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Children of a process that run now. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
