import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, not, throws } from 'uvu/assert';
import { judgeControl, loadSettings } from '../../src/board/agent-config.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const PIN = `sha256/${'A'.repeat(43)}=`;

function load(document: unknown, options = {}) {
  let settings: ReturnType<typeof loadSettings> | null = null;
  let error: unknown = null;
  const run = inPlace(({ directory }) => {
    const file = join(directory, 'agent.json');
    writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
    try {
      settings = loadSettings(file, true, options);
    } catch (caught) {
      error = caught;
    }
  });
  return { run, settings: settings as ReturnType<typeof loadSettings> | null, error };
}

function messageOf(document: unknown): string {
  return String((load(document).error as Error | null)?.message);
}

suite('board/agent-config', ({ test }) => {
  test('a whole file is read, and the command line stands above it', () => {
    const document = {
      schema: 1,
      control: 'https://Control.Example:443/',
      claimTokenFile: '/etc/flint/claim-token',
      hardware: 'r2s',
      mac: '02:00:5e:10:00:01',
      caFile: '/etc/flint/ca.pem',
      pins: [PIN],
      setClock: true,
      probeUser: 'flint',
    };

    equal(load(document, { hardware: 's920', mac: '02:00:5e:10:00:02' }).settings, {
      control: 'https://control.example',
      claimToken: null,
      claimTokenFile: '/etc/flint/claim-token',
      hardware: 's920',
      mac: '02:00:5e:10:00:02',
      interface: null,
      caFile: '/etc/flint/ca.pem',
      pins: [PIN],
      setClock: true,
      probeUser: 'flint',
      tailnet: null,
      lockdown: null,
      push: null,
    });
  });

  test('a file that is not there is an empty one, unless it was named', () => {
    is(loadSettings('/none/agent.json', false, { control: 'https://c.example' }).setClock, false);
    throws(() => loadSettings('/none/agent.json', true), /\/none\/agent.json cannot be read/);
    throws(() => loadSettings('/none/agent.json', false), /no control is named.*--control/);
  });

  test('each mistake is named with its key', () => {
    const cases: [unknown, RegExp][] = [
      [{ schema: 1, contrl: 'x' }, /contrl: unknown key: expected schema, control/],
      [{ schema: 2 }, /schema: expected 1/],
      [{}, /schema: expected but missing/],
      [[], /expected an object but got an array/],
      [{ schema: 1, control: 'https://a/b' }, /control: expected a URL/],
      [{ schema: 1, pins: ['sha1/x'] }, /pins\.0: expected a pin/],
      [{ schema: 1, pins: Array(9).fill(PIN) }, /pins: expected at most 8/],
      [{ schema: 1, caFile: 'ca.pem' }, /caFile: expected an absolute path/],
      [{ schema: 1, setClock: 1 }, /setClock: expected true or false/],
      [{ schema: 1, hardware: '../x' }, /hardware: expected a name/],
      ['{"schema":1,', /agent.json: not JSON/],
      [' '.repeat(70_000), /more than 65536/],
    ];
    for (const [document, pattern] of cases) {
      is(pattern.test(messageOf(document)), true, messageOf(document));
    }
  });

  test('no message shows a claim token, however it was misspelt', () => {
    const secret = 'flint_claim_SECRETSECRET';

    not.match(messageOf({ schema: 1, claimToken: `${secret} ` }), secret);
    not.match(messageOf({ schema: 1, claimToken: [secret] }), secret);
    not.match(messageOf(`{"schema":1,"claimToken":"${secret}`), secret);
    not.match(messageOf(`{"schema":1,"claimToken":"${secret}",}`), secret);
  });

  test('http is for this machine alone', () => {
    for (const good of ['http://127.0.0.1:8740', 'http://localhost', 'http://[::1]:80']) {
      is(judgeControl(good).startsWith('http://'), true);
    }
    for (const bad of [
      'http://control.example',
      'http://10.0.0.1',
      'http://127.0.0.1.example',
      'http://localhost.example',
      'http://[::2]',
      'http://[::ffff:127.0.0.1]',
    ]) {
      throws(() => judgeControl(bad), /must be https/);
    }
    for (const none of ['', 'control.example', 'ftp://x', 'https://u:p@x', 'https://x/?q']) {
      throws(() => judgeControl(none), /is no origin/);
    }
  });
});
