import { equal, ok } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import {
  environmentText,
  queueMark,
  VMAGENT_WORDS,
  vmagentEnvironment,
  vmagentUrl,
} from '../../../src/board/push/vmagent-env.ts';
import { openVmagentLog, parseLine } from '../../../src/board/push/vmagent-log.ts';
import { openVoice } from '../../../src/board/voice.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';
import { pushSettings } from './settings.ts';

const places = pushPlaces('/var/lib/flint', '/run/flint');

const keys = { password: 'one', metrics: 'two', shut: 'three' };

function environment(isRelayed: boolean, said: object = {}) {
  const settings = pushSettings(said);
  return vmagentEnvironment({ settings, places, queueBytesMax: 1e9, isRelayed, keys });
}

suite('push-vmagent', ({ test }) => {
  test('the queue is bounded, on loopback, one after the other, and speaks IPv6', () => {
    const env = environment(false);
    equal(env['VMAGENT_remoteWrite_maxDiskUsagePerURL'], '1000000000');
    equal(env['VMAGENT_httpListenAddr'], '127.0.0.1:9741');
    equal(env['VMAGENT_remoteWrite_queues'], '1');
    equal(env['VMAGENT_enableTCP6'], 'true');
    equal(env['VMAGENT_remoteWrite_proxyURL'], undefined);
  });

  test('no bearer is in it', () => {
    equal(environment(false)['VMAGENT_remoteWrite_bearerTokenFile'], '/run/flint/push/bearer');
    ok(!Object.keys(environment(false)).some((name) => name.endsWith('bearerToken')));
  });

  test('its page is shut, and a key is never empty', () => {
    const env = environment(false);
    equal(env['VMAGENT_httpAuth_password'], 'one');
    equal(env['VMAGENT_metricsAuthKey'], 'two');
    for (const name of ['flags', 'pprof', 'config', 'reload']) {
      equal(env[`VMAGENT_${name}AuthKey`], 'three');
    }
  });

  test('the unit has the same words', () => {
    equal(VMAGENT_WORDS, ['-envflag.enable', '-envflag.prefix=VMAGENT_']);
    ok(Object.entries(environment(true)).some(([a, b]) => `${a}=${b}` === queueMark(places.queue)));
  });

  test('through the relay it asks by plain http, and the relay speaks https', () => {
    equal(vmagentUrl('https://m.example/w', true), 'http://m.example:443/w');
    equal(vmagentUrl('https://m.example:8443/w', true), 'http://m.example:8443/w');
    equal(vmagentUrl('https://m.example/w', false), 'https://m.example/w');
    equal(vmagentUrl('http://[FD00::1]/w', true), 'http://[fd00::1]/w');
    equal(environment(true)['VMAGENT_remoteWrite_proxyURL'], 'http://127.0.0.1:9742');
  });

  test('a file for systemd keeps what it is given', () => {
    equal(environmentText({ A: 'x "y" $z', B: 'one\ntwo' }), 'A="x \\"y\\" \\$z"\nB="onetwo"\n');
  });

  test('its lines are told once, whatever number is in them', async () => {
    await inPlace(({ log, lines }) => {
      const follow = openVmagentLog(openVoice({ log, monotonicMs: () => 0 }), log);
      for (let size = 1; size < 50; size++) {
        follow(JSON.stringify({ level: 'warn', msg: `couldn't send a block of ${size} bytes` }));
      }
      follow(JSON.stringify({ level: 'info', msg: 'started' }));
      equal(lines.length, 1);
      ok(lines[0]?.includes('of 1 bytes'), lines[0]);
    });
  });

  test('one that is made to talk does not fill the journal', async () => {
    await inPlace(({ log, lines }) => {
      const clock = { ms: 0 };
      const voice = openVoice({ log, monotonicMs: () => clock.ms });
      const follow = openVmagentLog(voice, log, () => clock.ms);
      const flood = (when: string): void => {
        for (let at = 0; at < 1000; at++) {
          const word = String.fromCharCode(97 + (at % 26)).repeat(1 + (at % 40));
          follow(JSON.stringify({ level: 'fatal', msg: `${when} ${word}${at}` }));
          follow(JSON.stringify({ level: 'warn', msg: `${when} ${word}${at}` }));
        }
      };
      flood('first');
      ok(lines.length < 100, `${lines.length}`);
      const before = lines.length;
      clock.ms = 3_700_000;
      flood('then');
      ok(lines.length > before && lines.length < 200, `${lines.length}`);
    });
  });

  test('a bearer that it quotes is not passed on', async () => {
    await inPlace(({ log, lines }) => {
      const follow = openVmagentLog(openVoice({ log, monotonicMs: () => 0 }), log);
      follow(
        JSON.stringify({ level: 'error', msg: 'cannot find token "Bearer abcdefghijk" here' }),
      );
      ok(!lines.join().includes('abcdefghijk'), lines.join());
    });
  });

  test('what is no JSON is taken as it is', () => {
    equal(parseLine('panic: oh'), { level: 'error', text: 'panic: oh' });
    equal(parseLine('{"level":7,"msg":null}'), { level: 'error', text: '{"level":7,"msg":null}' });
  });
});
