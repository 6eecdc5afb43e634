import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:tls';
import { equal, is, match } from 'uvu/assert';
import { startControl } from '../../src/control/control.ts';
import { openLog } from '../../src/host/log.ts';
import { suite } from '../helper.ts';
import { configOf } from './lab.ts';
import { withDirectory } from './places.ts';
import { codeOf } from './refused.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

function makeCertificate(directory: string, name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', `${directory}/key.pem`, '-out', `${directory}/cert.pem`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  spawnSync('openssl', ['req', '-x509', ...kind, ...subject, ...files]);
}

function nameSeen(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

suite('control/control with TLS', (s) => {
  s.testIf(
    hasOpenssl ? null : 'openssl is not there',
    'it speaks TLS by itself, and reads a renewed certificate when told',
    () =>
      withDirectory(async (directory) => {
        makeCertificate(directory, 'first');
        const lines: string[] = [];
        const log = openLog({
          stream: { write: (text) => lines.push(text) },
          nowMs: Date.now,
          journal: false,
        });
        const tls = { certFile: `${directory}/cert.pem`, keyFile: `${directory}/key.pem` };
        const config = configOf({ listen: { port: 0 }, origin: 'https://localhost', tls });
        const start = () =>
          startControl({ config, stateDirectory: directory, version: '0.0.0', log });
        const control = await start();
        const { port } = control;

        const ca = readFileSync(tls.certFile);
        const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
          get(`https://localhost:${port}/healthz`, { ca, agent: false }, (got) => {
            got.resume();
            resolve({ status: got.statusCode, hsts: got.headers['strict-transport-security'] });
          }).on('error', reject);
        });
        equal(answer, { status: 200, hsts: 'max-age=31536000' });
        is(await nameSeen(port), 'first');
        makeCertificate(directory, 'second');
        control.reload();
        is(await nameSeen(port), 'second');
        writeFileSync(tls.certFile, 'no certificate');
        control.reload();
        is(await nameSeen(port), 'second');
        match(lines.join(''), /certificate and key stay as they were: /);
        await control.stop();
        is(await start().catch(codeOf), 'ERR_CONFIG_INVALID');
      }),
  );
});
