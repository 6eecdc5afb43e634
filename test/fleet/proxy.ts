// A proxy with the control's certificate, in front of a control that speaks plain HTTP on loopback.
// It loses requests and answers, doubles requests, and keeps what passed.
import type { Namespace } from '../lab/net.ts';

/** What befalls a request: it never arrives; its answer is lost, or comes in half; or it arrives
 * twice and the second answer counts. */
export type Mishap = 'lose-request' | 'lose-answer' | 'half-answer' | 'double';

export interface Passed {
  method: string;
  path: string;
  body: string;
  /** Of the control; 0 when it was not asked. */
  status: number;
  mishap: Mishap | null;
}

export interface LossyProxy {
  /** For the next `times` requests of this path. */
  befall(path: string, mishap: Mishap, times?: number): void;
  passed: Passed[];
}

export interface ProxyPlace {
  namespace: Namespace;
  address: string;
  port: number;
  certFile: string;
  keyFile: string;
  controlPort: number;
}

const PROGRAM = `
const fs = require('node:fs');
const [address, port, certFile, keyFile, controlPort] = process.argv.slice(1);
const rules = [];
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => rules.push(JSON.parse(line)));
function forward(request, body) {
  return new Promise((resolve, reject) => {
    const headers = { ...request.headers, connection: 'close',
      'x-forwarded-for': request.socket.remoteAddress, 'x-forwarded-proto': 'https' };
    const on = require('node:http').request({ host: '127.0.0.1', port: controlPort,
      method: request.method, path: request.url, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ answer, body: Buffer.concat(parts) }));
    });
    on.on('error', reject);
    on.end(body);
  });
}
async function pass(request, reply, body) {
  const rule = rules.find((one) => one.path === request.url && one.times > 0);
  if (rule) rule.times--;
  const mishap = rule ? rule.mishap : null;
  let status = 0;
  try {
    if (mishap === 'lose-request') return request.socket.destroy();
    if (mishap === 'double') await forward(request, body);
    const got = await forward(request, body);
    status = got.answer.statusCode;
    if (mishap === 'lose-answer') return request.socket.destroy();
    reply.writeHead(status, got.answer.headers);
    if (mishap !== 'half-answer') return reply.end(got.body);
    reply.write(got.body.subarray(0, got.body.length / 2), () => request.socket.destroy());
  } catch {
    request.socket.destroy();
  } finally {
    const { method, url: path } = request;
    const passed = { method, path, body: String(body), status, mishap };
    process.stdout.write(JSON.stringify(passed) + '\\n');
  }
}
const tls = { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) };
require('node:https').createServer(tls, (request, reply) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => void pass(request, reply, Buffer.concat(parts)));
}).listen(Number(port), address, () => process.stderr.write('listening\\n'));
`;

export async function openLossyProxy(place: ProxyPlace): Promise<LossyProxy> {
  const { namespace, address, port, certFile, keyFile, controlPort } = place;
  const words = [address, `${port}`, certFile, keyFile, `${controlPort}`];
  const started = namespace.spawn(process.execPath, ['-e', PROGRAM, ...words]);
  const passed: Passed[] = [];
  let rest = '';
  started.child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    passed.push(...lines.map((line) => JSON.parse(line) as Passed));
  });
  await started.waitFor('listening');
  return {
    passed,
    befall(path, mishap, times = 1) {
      started.child.stdin.write(`${JSON.stringify({ path, mishap, times })}\n`);
    },
  };
}
