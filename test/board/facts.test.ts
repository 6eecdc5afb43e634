import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { FACT_PLACES, readFacts } from '../../src/board/facts.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0SN7EzE0iEgAo9Ul+6j5oVUZ5z0bZx4tL1zzzzzzzz';
const SETTINGS = { mac: '02:00:5e:10:00:01', interface: null, hardware: null };

suite('board/facts', ({ test }) => {
  test('the key of SSH goes without its comment, and without a file there is none', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'key.pub');
      const read = (): string | null =>
        readFacts(SETTINGS, '1.2.3', { ...FACT_PLACES, sshHostKey: file }).sshHostKey;

      is(read(), null);
      writeFileSync(file, `${KEY} root@board\n`);
      is(read(), KEY);
      writeFileSync(file, 'no key at all\n');
      is(read(), null);
    }));

  test('the interface of the profile says whose address is taken', () =>
    inPlace(({ directory }) => {
      for (const [name, mac] of [
        ['end0', '02:00:5e:10:00:0a'],
        ['enu1', '02:00:5e:10:00:0b'],
      ] as const) {
        const net = join(directory, 'sys/class/net', name);
        mkdirSync(join(net, 'device'), { recursive: true });
        writeFileSync(join(net, 'address'), mac);
        writeFileSync(join(net, 'type'), '1');
      }
      mkdirSync(join(directory, 'hardware/odd'), { recursive: true });
      const places = { ...FACT_PLACES, sys: join(directory, 'sys') };
      const read = (hardware: string, from: readonly string[] = FACT_PLACES.hardware) =>
        readFacts({ ...SETTINGS, mac: null, hardware }, '1', { ...places, hardware: from });

      equal([read('r2s').interface, read('r2s').hardware], ['end0', 'r2s']);
      is(read('r2s').profileFault, null);
      is(read('unheard-of').interface, 'end0');
      match(read('unheard-of').profileFault ?? '', /no hardware profile "unheard-of" in \//);
      const folders = [join(directory, 'hardware'), ...FACT_PLACES.hardware];
      const profile = { slug: 'odd', name: 'Odd', architecture: 'any', models: [], note: '' };
      const file = join(directory, 'hardware/odd/profile.json');
      writeFileSync(file, JSON.stringify({ schema: 1, ...profile, interface: 'enu1' }));
      is(read('odd', folders).interface, 'enu1');
      writeFileSync(file, '{');
      // The board starts nevertheless, and other kinds are none the worse for it.
      is(read('odd', folders).interface, 'end0');
      match(read('odd', folders).profileFault ?? '', /odd.profile\.json: .*it is not JSON/);
      equal([read('r2s', folders).interface, read('r2s', folders).profileFault], ['end0', null]);
      const given = { ...SETTINGS, hardware: 'odd' };
      is(readFacts(given, '1', { ...places, hardware: folders }).profileFault, null);
    }));

  test('versions and boot are those of this process and machine', () => {
    const facts = readFacts(SETTINGS, '1.2.3');

    equal([facts.version, facts.node], ['1.2.3', process.version.slice(1)]);
    match(facts.bootId, /^[0-9a-f-]{36}$/);
  });
});
