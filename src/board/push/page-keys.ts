import { createHmac, randomBytes } from 'node:crypto';
import { readWhole, writeWhole } from '../../host/file.ts';
import type { PushPlaces } from './places.ts';

// vmagent's page on loopback takes metrics from whoever asks, tells its settings, and can be told
// to read them again. So it gets keys of its own, all made of one that only we can read: vmagent
// hears of them in its environment. Before 1.80 the password covers neither figures nor flags nor
// pprof, each of which has a key instead; later a key stands above the password. We only ever ask
// for the figures: the password goes nowhere, so that nobody who takes the port hears of it.

export interface PageKeys {
  /** Of everything that has no key of its own: above all of what takes metrics. */
  password: string;
  /** Of the figures, for vmagent's scrape of itself and for us. */
  metrics: string;
  /** Of what nobody is to ask for. */
  shut: string;
}

/** In the place of those that are not to be seen. */
export const HIDDEN_KEYS: PageKeys = {
  password: '(not shown)',
  metrics: '(not shown)',
  shut: '(not shown)',
};

const ROOT_BYTES = 32;
const ROOT = /^[A-Za-z0-9_-]{43}$/;
const FILE_BYTES_MAX = 4096;

/**
 * Those of before, or new ones; `<run>/push` must be there. They last as long as that directory,
 * so that a vmagent which outlives us need not be started again. Throws ERR_STATE_IO.
 */
export function keepPageKeys(places: PushPlaces): PageKeys {
  const kept = loadPageKeys(places);
  if (kept !== null) return kept;
  const root = randomBytes(ROOT_BYTES).toString('base64url');
  writeWhole(places.pageKey, root, { isDirectoryGiven: true });
  return derive(root);
}

/** Null when there are none, or when we may not read them. */
export function loadPageKeys({ pageKey }: PushPlaces): PageKeys | null {
  try {
    const owners = [process.getuid?.() ?? 0];
    const root = readWhole(pageKey, { bytesMax: FILE_BYTES_MAX, owners });
    return root !== null && ROOT.test(root) ? derive(root) : null;
  } catch {
    return null;
  }
}

function derive(root: string): PageKeys {
  const of = (what: string): string => createHmac('sha256', root).update(what).digest('base64url');
  return { password: of('password'), metrics: of('metrics'), shut: of('shut') };
}
