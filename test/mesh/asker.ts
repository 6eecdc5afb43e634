// Asks by HTTP from inside a namespace, by any address: one process for as long as the namespace
// lives, since a program a question would be most of the work of a test.
import type { Namespace } from '../lab/net.ts';

export interface Said {
  /** 0 when there was no answer; `body` is then why: an error's code, or `silence`. */
  status: number;
  body: string;
}

export type Ask = (url: string, host?: string) => Promise<Said>;

const SILENCE_MS = 1500;

const PROGRAM = `
const http = require('node:http');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [url, host] = JSON.parse(line);
  const tell = (said) => process.stdout.write(JSON.stringify(said) + '\\n');
  const headers = host === null ? {} : { host };
  const options = { headers, agent: false, timeout: ${SILENCE_MS} };
  http.get(url, options, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (part) => { body += part; });
    response.on('end', () => tell({ status: response.statusCode, body }));
  }).on('timeout', function () { this.destroy(Object.assign(new Error(), { code: 'silence' })); })
    .on('error', (error) => tell({ status: 0, body: error.code }));
});
`;

/** One question after the other. */
export function openAsker(from: Namespace): Ask {
  const { child } = from.spawn(process.execPath, ['-e', PROGRAM]);
  const waiting: ((said: Said) => void)[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.(JSON.parse(line) as Said);
  });
  let last: Promise<unknown> = Promise.resolve();
  return (url, host) => {
    const said = last.then(
      () =>
        new Promise<Said>((resolve) => {
          waiting.push(resolve);
          child.stdin.write(`${JSON.stringify([url, host ?? null])}\n`);
        }),
    );
    last = said;
    return said;
  };
}
