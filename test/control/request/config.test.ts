import { writeFileSync } from 'node:fs';
import { equal, is, match, ok, throws } from 'uvu/assert';
import {
  hostNameOf,
  isLoopbackName,
  parseControlConfig,
} from '../../../src/control/request/config.ts';
import { loadControlConfig } from '../../../src/control/request/config-file.ts';
import { suite } from '../../helper.ts';
import { inDirectory } from '../places.ts';

function issuesOf(document: unknown): string[] {
  const parsed = parseControlConfig(document);
  return parsed.ok ? [] : parsed.issues.map(({ path, message }) => `${path}: ${message}`);
}

suite('control/request/config', (s) => {
  s.test('nothing has to be given', () => {
    const parsed = parseControlConfig({ schema: 1 });
    ok(parsed.ok);
    equal(parsed.config, {
      listen: { address: '127.0.0.1', port: 8740 },
      origin: 'http://127.0.0.1:8740',
      trustedProxies: [],
      tls: null,
      insecure: false,
      title: 'Flint',
      namePrefix: 'probe',
      addressPrefix: null,
      history: { keepMs: 172_800_000, bytesMax: 1_073_741_824 },
      hardware: null,
    });
  });

  for (const [title, document, says] of [
    ['an unknown key', { schema: 1, lissten: {} }, /^lissten: /],
    ['another schema', { schema: 2 }, /^schema: expected 1 but got 2/],
    ['no object', 'x', /^: expected an object but got "x"/],
    [
      'a port that is text',
      { schema: 1, listen: { port: '80' } },
      /^listen\.port: expected a whole/,
    ],
    [
      'an origin with a path',
      { schema: 1, origin: 'https://a.example/x' },
      /^origin: expected sch/,
    ],
    ['an origin that is none', { schema: 1, origin: 'javascript:1' }, /^origin: expected scheme/],
    ['a folder beside', { schema: 1, hardwareDirectory: 'x' }, /^hardwareDirectory: expected/],
    ['a prefix with more bits', { schema: 1, addressPrefix: '10.9.1.0/16' }, /^addressPrefix: exp/],
    ['a prefix that is too long', { schema: 1, addressPrefix: '::/129' }, /^addressPrefix: expec/],
    ['a proxy by name', { schema: 1, trustedProxies: ['nginx'] }, /^trustedProxies\.0: expected/],
    ['a title of two lines', { schema: 1, title: 'a\nb' }, /^title: expected a title without/],
    [
      'too short a history',
      { schema: 1, history: { keep: '1m' } },
      /^history\.keep: expected a du/,
    ],
    ['a relative key file', { schema: 1, tls: { certFile: 'a', keyFile: '/k' } }, /^tls\.certFile/],
  ] as const) {
    s.test(`refused with its place: ${title}`, () => {
      match(issuesOf(document)[0] ?? '', says);
    });
  }

  s.test('beyond this machine only with TLS, a proxy that has it, or an explicit word', () => {
    const open = { schema: 1, listen: { address: '192.0.2.1' } };
    const tls = { certFile: '/c', keyFile: '/k' };
    const origin = 'https://control.example';

    match(issuesOf(open)[0] ?? '', /^listen\.address: 192\.0\.2\.1 can be reached by others: give/);
    equal(issuesOf({ ...open, tls }), []);
    equal(issuesOf({ ...open, origin, trustedProxies: ['192.0.2.0/24'] }), []);
    equal(issuesOf({ ...open, insecure: true }), []);
    match(issuesOf({ schema: 1, listen: { address: '::' }, tls })[0] ?? '', /^origin: expected, s/);
  });

  s.test('the origin must fit how TLS is spoken', () => {
    const https = { schema: 1, origin: 'https://control.example' };
    match(issuesOf(https)[0] ?? '', /^origin: is https, so either "tls".*\["127\.0\.0\.1"\]/);
    equal(issuesOf({ ...https, trustedProxies: ['127.0.0.1'] }), []);
    match(issuesOf({ schema: 1, origin: 'http://a.example' })[0] ?? '', /^origin: expected https/);
    equal(issuesOf({ schema: 1, origin: 'http://localhost:8740' }), []);
  });

  s.test('a Host header is a name and a port, or nothing', () => {
    equal(
      ['A.example:80', '[::1]:8740', '127.0.0.1', 'a b', '', 'x@y', 'a:b:c', '[::1'].map(
        hostNameOf,
      ),
      ['a.example', '::1', '127.0.0.1', null, null, null, null, null],
    );
    equal(['localhost', '127.9.9.9', '::1', 'localhost.evil'].map(isLoopbackName), [
      true,
      true,
      true,
      false,
    ]);
  });

  s.test('a file that was not named may be missing, others may not', () => {
    inDirectory((directory) => {
      const file = `${directory}/control.json`;
      is(loadControlConfig(file, true).listen.port, 8740);
      throws(() => loadControlConfig(file, false), /control\.json cannot be read: ENOENT/);
      writeFileSync(file, '{"schema":1,"title":"Net"}');
      is(loadControlConfig(file, true).title, 'Net');
      const beside = { directory: file.replace('control.json', 'hardware'), isOptional: true };
      equal(loadControlConfig(file, true).hardware, beside);
      writeFileSync(file, '{"schema":1,"hardwareDirectory":"/srv/hardware"}');
      const named = { directory: '/srv/hardware', isOptional: false };
      equal(loadControlConfig(file, true).hardware, named);
      writeFileSync(file, '{"schema":1,"titel":"Net"}');
      throws(() => loadControlConfig(file, true), /control\.json: titel: /);
      writeFileSync(file, '{');
      throws(() => loadControlConfig(file, true), /control\.json: not JSON/);
    });
  });
});
