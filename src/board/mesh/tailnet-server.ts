const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');
const net = process.getBuiltinModule('node:net');

import type { LookupFunction } from 'node:net';
import { openResolver, type Resolve } from './resolve.ts';

// Whether the login server is there at all, by the question that every node begins with: its public
// key. tailscaled says the same of a node that was deleted and of a server that is down.

export interface LoginServer {
  answers(): Promise<boolean>;
}

export interface LoginServerOptions {
  /** An origin: `https://headscale.example`. */
  loginServer: string;
  signal: AbortSignal;
  /** One look-up of a name at a time, however often this is asked. */
  resolve?: Resolve;
}

const ANSWER_MS_MAX = 4_000;
const ANSWER_BYTES_MAX = 16_384;
/** Servers answer in JSON to every capability version from 39 on. */
const KEY_PATH = '/key?v=113';
const MACHINE_KEY = /"publicKey"\s*:\s*"mkey:[0-9a-f]{64}"/;

export function openLoginServer(options: LoginServerOptions): LoginServer {
  const { loginServer, signal, resolve = openResolver() } = options;
  const lookup = lookupBy(resolve);
  return {
    answers: () => ask(new URL(KEY_PATH, loginServer), lookup, signal),
  };
}

function lookupBy(resolve: Resolve): LookupFunction {
  return (host, { all }, done) => {
    resolve(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
        const [first = { address: '', family: 0 }] = found;
        if (all) done(null, found);
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, []),
    );
  };
}

function ask(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    // Nothing secret is sent, and nothing believed but that such a server is there. Whether it is
    // the right one is for tailscaled to judge, whose authorities may be others than ours, as on a
    // board whose clock is not set yet.
    const options = { agent: false, rejectUnauthorized: false, lookup };
    const request = (url.protocol === 'https:' ? https : http).get(url, options);
    const end = (isThere: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
      request.destroy();
      resolve(isThere);
    };
    const give = (): void => end(false);
    const timer = setTimeout(give, ANSWER_MS_MAX);
    signal.addEventListener('abort', give, { once: true });
    request.on('error', give);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > ANSWER_BYTES_MAX) give();
      });
      response.on('error', give);
      response.on('end', () => end(response.statusCode === 200 && MACHINE_KEY.test(text)));
    });
    if (signal.aborted) give();
  });
}
