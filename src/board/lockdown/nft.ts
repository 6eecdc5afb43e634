import { type CommandResult, findProgram, lastWords, runCommand } from '../../host/command.ts';
import { TABLE } from './rules.ts';

// The program nft, and nothing else of netfilter's: it speaks to the kernel in whole transactions.

export interface Nft {
  /** As it calls itself: its words for the same rules change between versions. */
  version: string;
  /** All of it or nothing; the reason when it was refused. */
  load(text: string): Promise<NftAnswer>;
  /** The table without counts; null when there is none. */
  list(): Promise<{ ok: true; text: string | null } | { ok: false; reason: string }>;
}

export type NftAnswer = { ok: true } | { ok: false; reason: string };

export type NftOpened = { ok: true; nft: Nft } | { ok: false; reason: string };

/** For who only wants to know what would be loaded. */
export const NO_NFT: Nft = {
  version: '',
  load: async () => ({ ok: false, reason: 'nothing is loaded here' }),
  list: async () => ({ ok: false, reason: 'nothing is asked here' }),
};

const TIMEOUT_MS = 10_000;
const BYTES_MAX = 4 << 20;

export interface NftOptions {
  env: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal;
}

/** Finds nft. Not there: a reason that says what to do. */
export async function openNft({ env, signal }: NftOptions): Promise<NftOpened> {
  const path = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const file = findProgram('nft', { PATH: path });
  if (file === null) {
    return { ok: false, reason: 'nft is not installed: on Debian `apt install nftables`' };
  }
  const run = (words: readonly string[], input?: string): Promise<CommandResult> =>
    runCommand(file, words, {
      timeoutMs: TIMEOUT_MS,
      bytesMax: BYTES_MAX,
      env: { PATH: path, LC_ALL: 'C' },
      ...(input === undefined ? {} : { input }),
      ...(signal === undefined ? {} : { signal }),
    });
  const told = await run(['--version']);
  if (told.code !== 0) return { ok: false, reason: `${file} does not run: ${lastWords(told)}` };
  return { ok: true, nft: nftOf(told.stdout.trim().slice(0, 100), run) };
}

function nftOf(
  version: string,
  run: (words: readonly string[], input?: string) => Promise<CommandResult>,
): Nft {
  return {
    version,
    async load(text) {
      const result = await run(['-f', '-'], text);
      return result.code === 0 ? { ok: true } : { ok: false, reason: reasonOf(result) };
    },
    async list() {
      const result = await run(['--stateless', 'list', 'table', ...TABLE.split(' ')]);
      if (result.code === 0 && !result.isCut) return { ok: true, text: result.stdout };
      const isMissing = /No such file or directory/.test(result.stderr) && result.code === 1;
      if (isMissing) return { ok: true, text: null };
      return { ok: false, reason: reasonOf(result) };
    },
  };
}

// Its last line shows where in the rules; what is wrong stands in the first.
function reasonOf(result: CommandResult): string {
  const first = /(?:Error: |netlink: )?.*/.exec(result.stderr.trim())?.[0] ?? '';
  const words = first.replace(/[^ -~]/g, '?').slice(0, 300);
  if (/Operation not permitted/.test(result.stderr)) {
    return 'nft was refused (EPERM): this needs root, or CAP_NET_ADMIN';
  }
  return result.failure === null && !result.isTimedOut && words !== '' ? words : lastWords(result);
}
