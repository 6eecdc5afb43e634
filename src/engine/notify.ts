import { loadAddon } from './addon.ts';

/**
 * A datagram to a socket by its path, or by @name where it has none (sd_notify(3)); does not wait.
 * 0, or an errno. Node has no such sockets. Throws ERR_ADDON_MISSING and ERR_ABI_MISMATCH.
 */
export function notify(address: string, text: string): number {
  return loadAddon().notify(address, text);
}
