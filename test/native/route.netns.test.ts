// Which address the kernel would send from: asked without a packet, told as it is or as an errno.
import { equal, is } from 'uvu/assert';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { headersOf } from './headers.ts';
import { NATIVE, openPlaces, type Places } from './places.ts';
import { type Driver, NOBODY, openDriver } from './remote.ts';

const ENETUNREACH = 101;
const EINVAL = 22;
const ENODEV = 19;
const EACCES = 13;

const missing = requireLab('tcpdump');
const absent = missing ?? NATIVE[0]?.missing ?? null;
let places: Places;
let driver: Driver;

suite('source addresses', (s) => {
  s.before(async () => {
    if (absent !== null) return;
    places = await openPlaces();
    driver = await openDriver(places.near);
    // Nobody in particular may ask: the daemon does so without privileges.
    await driver.ask('drop', NOBODY);
    await driver.ask('open', { kind: 'ping', identifier: 0x2220 });
  });
  s.after(async () => {
    if (absent !== null) return;
    await driver.close();
    await places.close();
  });

  s.testIf(absent, 'are those of the link, of the route, of the loopback', async () => {
    await places.near.ip(`address add 10.77.0.9/24 dev ${places.nearDevice}`);
    await places.near.ip(`route add 10.79.0.0/16 via 10.77.0.2 src 10.77.0.9`);
    for (const [to, source] of [
      ['10.77.0.2', '10.77.0.1'],
      ['10.78.1.1', '10.77.0.1'],
      ['10.79.1.1', '10.77.0.9'],
      ['127.0.0.1', '127.0.0.1'],
      ['127.3.2.1', '127.0.0.1'],
      ['10.77.0.1', '10.77.0.1'],
      ['fd77::2', 'fd77::1'],
      ['fd78::1', 'fd77::1'],
      ['::1', '::1'],
      ['fd77::1', 'fd77::1'],
    ] as const) {
      is(await driver.ask('source', { to }), source, to);
    }
  });

  s.testIf(absent, 'are those of the device that was asked for', async () => {
    const index = Number(
      (await places.near.run('cat', [`/sys/class/net/${places.nearDevice}/ifindex`])).trim(),
    );
    is(await driver.ask('source', { to: '10.78.1.1', device: index }), '10.77.0.1');
    is(await driver.ask('source', { to: 'fd78::1', device: index }), 'fd77::1');
    // Nothing leads there by the loopback.
    is(await driver.ask('source', { to: 'fd78::1', device: 1 }), ENETUNREACH);

    await places.near.ip(`address add fe80::77/64 dev ${places.nearDevice} nodad`);
    const link = { to: 'fe80::78', scope: index };
    const source = await driver.ask('source', link);
    is(String(source).startsWith('fe80::'), true, String(source));
    is(await driver.ask('source', { to: 'fe80::78' }), EINVAL);
  });

  s.testIf(absent, 'are an errno where there is none', async () => {
    for (const [to, errno, device] of [
      ['198.51.100.1', ENETUNREACH],
      ['2001:db8::1', ENETUNREACH],
      ['255.255.255.255', ENETUNREACH],
      ['10.77.0.255', EACCES],
      ['10.78.1.1', ENODEV, 4711],
      ['fd78::1', ENETUNREACH, 4711],
    ] as const) {
      const wish = device === undefined ? { to } : { to, device };
      is(await driver.ask('source', wish), errno, to);
    }
    await places.near.ip('route add unreachable 198.51.100.0/24');
    await places.near.ip('route add prohibit 2001:db8::/64');
    const [unreachable, prohibited] = [
      await driver.ask('source', { to: '198.51.100.1' }),
      await driver.ask('source', { to: '2001:db8::1' }),
    ];
    equal([unreachable, prohibited], [113, EACCES]);
  });

  s.testIf(absent, 'cost no packet and no descriptor', async () => {
    const list = () => places.near.run('ls', [`/proc/${driver.process.pid}/fd`]);
    const before = await list();
    const place = { namespace: places.far, device: places.farDevice };
    const seen = await headersOf(place, 1, async () => {
      for (let i = 0; i < 20; i++) {
        await driver.ask('source', { to: '10.78.1.1' });
        await driver.ask('source', { to: '198.51.100.1' });
      }
    });
    equal(seen, []);
    equal(await list(), before);
  });
});
