// What other pingers report for each echo, by the address and the order of sending.
import { type Namespace, sleep } from '../test/lab/net.ts';
import { scrape, sumOf } from './scrape.ts';

/** Address → RTT (ns) of its first, second … echo; null where it reported none. */
export type Reported = ReadonlyMap<string, readonly (number | null)[]>;

type Ask = (namespace: Namespace, milliseconds: number) => Promise<Reported>;

/** fping prints three or four digits: at 5 ms a grain of 10 µs, so 5 µs too much on average. */
export function askFping(targets: readonly string[], intervalMs: number): Ask {
  return async (namespace, milliseconds) => {
    const count = Math.floor(milliseconds / intervalMs);
    const words = ['-c', `${count}`, '-p', `${intervalMs}`, '-i', '1', ...targets];
    const { stdout } = await namespace.exec('fping', words, { timeoutMs: milliseconds + 10_000 });
    return collect(
      stdout.matchAll(/^(\S+)\s*: \[(\d+)\], .*?([\d.]+) ms/gm),
      ([, address = '', index, rtt]) => [address, Number(index), Number(rtt)],
    );
  };
}

/** One process for each target. */
export function askPing(targets: readonly string[], intervalMs: number): Ask {
  return async (namespace, milliseconds) => {
    const count = Math.floor(milliseconds / intervalMs);
    const words = ['-n', '-c', `${count}`, '-i', `${intervalMs / 1000}`];
    const outputs = await Promise.all(
      targets.map((target) =>
        namespace.exec('ping', [...words, target], { timeoutMs: milliseconds + 10_000 }),
      ),
    );
    const text = outputs.map(({ stdout }) => stdout).join('\n');
    return collect(
      text.matchAll(/from (\S+): icmp_seq=(\d+) .*time=([\d.]+) ms/g),
      ([, address = '', sequence, rtt]) => [address, Number(sequence) - 1, Number(rtt)],
    );
  };
}

export interface ProberOptions {
  targets: readonly string[];
  intervalMs: number;
  milliseconds: number;
}

/** The mean over all samples; the prober has nothing finer than its buckets. */
export async function askProber(
  namespace: Namespace,
  { targets, intervalMs, milliseconds }: ProberOptions,
): Promise<{ meanUs: number; count: number }> {
  const listen = '127.0.0.1:9374';
  const prober = namespace.spawn('prometheus-smokeping-prober', [
    '--config.file=',
    '--privileged',
    `--web.listen-address=${listen}`,
    `--ping.interval=${intervalMs}ms`,
    ...targets,
  ]);
  try {
    await sleep(milliseconds);
    const text = await scrape(namespace, `http://${listen}/metrics`);
    const sum = sumOf(text, 'smokeping_response_duration_seconds_sum');
    const count = sumOf(text, 'smokeping_response_duration_seconds_count');
    return { meanUs: (sum / count) * 1e6, count };
  } finally {
    await prober.stop();
  }
}

function collect<T>(
  found: Iterable<T>,
  read: (one: T) => readonly [address: string, index: number, rttMs: number],
): Reported {
  const reported = new Map<string, (number | null)[]>();
  for (const one of found) {
    const [address, index, rttMs] = read(one);
    const rtts = reported.get(address) ?? [];
    reported.set(address, rtts);
    while (rtts.length <= index) rtts.push(null);
    rtts[index] = rttMs * 1e6;
  }
  return reported;
}
