import * as assert from 'uvu/assert';
import { isHostAllowed } from '../../../src/probe/api/host.ts';
import { suite } from '../../helper.ts';

const NAMES = ['probe07', 'probe07.Mesh.example', 'fd7a:115c:a1e0:0::7', '100.64.0.7'];

suite('api-host', ({ test }) => {
  test('loopback and the own names are allowed, with any port', () => {
    for (const host of [
      'localhost',
      'localhost:9740',
      'LOCALHOST:8080',
      'localhost.:9740',
      '127.0.0.1:9740',
      '127.3.2.1',
      '[::1]:9740',
      'probe07:9740',
      'probe07.mesh.example',
      'PROBE07.mesh.EXAMPLE.:9740',
      '[fd7a:115c:a1e0::7]:9740',
      '100.64.0.7:9740',
    ]) {
      assert.ok(isHostAllowed(host, NAMES), host);
    }
  });

  test('any other name or address is not', () => {
    for (const host of [
      undefined,
      '',
      'attacker.example',
      'localhost.attacker.example',
      'attacker.localhost.example:9740',
      '127.0.0.1.attacker.example',
      '127.attacker.example',
      'probe07.attacker.example',
      '10.0.0.1',
      '[::2]',
      '[::ffff:1.2.3.4]',
      '0.0.0.0:9740',
      'user@localhost',
      'localhost/x',
      'localhost:99999',
      'localhost:x',
      'local host',
      'localhost,attacker.example',
      'localhost?x',
      'localhost#x',
      '[::1',
      ':9740',
      'a'.repeat(300),
    ]) {
      assert.not.ok(isHostAllowed(host, NAMES), host);
    }
  });
});
