import * as v from 'valibot';
import { type Address, isIpv4Mapped, isLoopback, parseAddress } from '../core/address.ts';
import { parseRange } from '../core/address-range.ts';
import { show } from '../core/config-value.ts';

// Addresses, ranges and hosts as an operator writes them into agent.json, judged so far that none
// passes in silence and then means nothing: a filter of packets never says that it matches nobody.

/** Of one machine, by which others reach it. */
export const MACHINE_ADDRESS = judged(64, faultOfMachine);

/** `10.20.0.0/16`, of at least one bit. */
export const RANGE = judged(49, faultOfRange);

/** An address, a range or a host name. */
export const MACHINES = judged(257, (written) => {
  if (written.includes('/')) return faultOfRange(written);
  if (parseAddress(written) !== null) return faultOfMachine(written);
  return faultOfName(written);
});

/** `HOST:PORT`, `[ADDRESS]:PORT`. */
export const HOST_AND_PORT = judged(264, faultOfHostAndPort);

/** What Linux takes for a name of an interface, but for those that are none. */
export const DEVICE_NAME = judged(15, (written) => {
  const isName = /^[A-Za-z0-9._][A-Za-z0-9._-]{0,14}$/.test(written);
  if (isName && !NO_DEVICES.includes(written)) return null;
  return `expected the name of an interface such as "tailscale0" but got ${show(written)}`;
});

// Of /proc/sys/net/ipv4/conf, of directories, and the one that every machine has for itself.
const NO_DEVICES: readonly string[] = ['.', '..', 'all', 'default', 'lo'];
const NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*\.?$/;
/** What was meant for an address, and is none. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$/;

function faultOfMachine(written: string): string | null {
  const address = parseAddress(written);
  if (address === null) return `expected an IP address but got ${show(written)}`;
  const { family, bytes, zone } = address;
  if (zone !== null) return `${written}: a zone has no meaning here`;
  if (family === 'v6' && isIpv4Mapped(bytes)) {
    return `${written}: write it as ${bytes.subarray(12).join('.')}`;
  }
  if (!isMachine(address)) return `${written} is no address by which others reach a machine`;
  return null;
}

/** Neither loopback, link-local, multicast, broadcast nor unspecified. */
function isMachine(address: Address): boolean {
  const { family, bytes } = address;
  const [first = 0, second = 0] = bytes;
  if (isLoopback(address)) return false;
  if (family === 'v4') return first > 0 && first < 224 && !(first === 169 && second === 254);
  return first !== 0xff && !(first === 0xfe && second >= 0x80) && bytes.some((byte) => byte !== 0);
}

function faultOfRange(written: string): string | null {
  const range = parseRange(written);
  if (range === null) {
    return (
      'expected a range such as "10.20.0.0/16", without bits behind its prefix, ' +
      `but got ${show(written)}`
    );
  }
  if (range.length === 0) return `${written} is everything: name the networks that are meant`;
  const isMapped = range.family === 'v6' && range.length >= 96 && isIpv4Mapped(range.bytes);
  if (!isMapped) return null;
  const plain = `${range.bytes.subarray(12).join('.')}/${range.length - 96}`;
  return `${written}: write it as ${plain}`;
}

function faultOfName(written: string): string | null {
  const isName = written.length <= 253 && NAME.test(written) && !ENDS_IN_NUMBER.test(written);
  return isName ? null : `expected an address, a range or a host name but got ${show(written)}`;
}

function faultOfHostAndPort(written: string): string | null {
  const [, bracketed, plain = '', port = ''] =
    /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(written) ?? [];
  const isHost =
    bracketed === undefined
      ? parseAddress(plain) !== null || faultOfName(plain) === null
      : parseAddress(bracketed)?.family === 'v6';
  if (isHost && Number(port) >= 1 && Number(port) <= 65_535) return null;
  return `expected HOST:PORT such as "127.0.0.1:9100", port 1 to 65535, but got ${show(written)}`;
}

/** Text whose fault, if it has one, is the message. */
function judged(max: number, faultOf: (written: string) => string | null) {
  return v.pipe(
    v.string(({ input }) => `expected text but got ${show(input)}`),
    v.maxLength(max, ({ input }) => `${show(input)} is longer than ${max} characters`),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed ? faultOf(dataset.value) : null;
      if (message !== null) addIssue({ message });
    }),
  );
}
