// Opening sockets: what is permitted, what was inherited, the best stamps there are, and room.
import { spawnSync } from 'node:child_process';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { scratchFile } from '../lab/namespace.ts';
import { requireLab } from '../lab/net.ts';
import { identifierOf, type Kind, NATIVE, openKinds, openPlaces, type Places } from './places.ts';
import {
  type Driver,
  DriverError,
  NOBODY,
  type OpenWish,
  type Outgoing,
  openDriver,
} from './remote.ts';

// glibc's setsockopt, with a kernel that knows no SO_TIMESTAMPING behind it.
const OLD_KERNEL = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <errno.h>
  #include <sys/socket.h>
  int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
    if (level == SOL_SOCKET && name == SO_TIMESTAMPING) {
      errno = ENOPROTOOPT;
      return -1;
    }
    return next(fd, level, name, value, length);
  }
`;
const IDENTIFIER = 0x3220;
const BATCHES = 100;
const BATCH = 64;
const EAFNOSUPPORT = 97;

const missing = requireLab();
const absent = missing ?? NATIVE[0]?.missing ?? null;
const compiler = spawnSync('cc', ['--version']).status === 0 ? null : 'cc is not installed';
let places: Places;
let drivers: Map<Kind, Driver>;

function packet(to: string, key: number, identifier = IDENTIFIER): Outgoing {
  return { family: to.includes(':') ? 6 : 4, to, key, identifier };
}

async function refusal(driver: Driver, wish: OpenWish): Promise<DriverError['failure']> {
  const error = await driver.ask('open', wish).catch((thrown: unknown) => thrown);
  if (error instanceof DriverError) return error.failure;
  throw new Error(`it was not refused: ${JSON.stringify(error)}`);
}

async function withDriver(
  options: Parameters<typeof openDriver>[1] & { isFar?: boolean },
  run: (driver: Driver) => Promise<void>,
): Promise<void> {
  const driver = await openDriver(options.isFar === true ? places.far : places.near, options);
  try {
    await run(driver);
  } finally {
    await driver.close();
  }
}

function compileOldKernel(): string {
  const library = scratchFile('so');
  const words = ['-shared', '-fPIC', '-x', 'c', '-o', library, '-', '-ldl'];
  const { status, stderr } = spawnSync('cc', words, { input: OLD_KERNEL, encoding: 'utf8' });
  is(status, 0, stderr);
  return library;
}

suite('sockets', (s) => {
  s.before(async () => {
    if (absent !== null) return;
    places = await openPlaces();
    drivers = await openKinds(places, NATIVE);
  });
  s.after(async () => {
    if (absent !== null) return;
    await Promise.all([...drivers.values()].map((driver) => driver.close()));
    await places.close();
  });

  for (const kind of NATIVE) {
    s.testIf(absent, `${kind.name}: count every reply that found the buffer full`, async () => {
      const driver = drivers.get(kind);
      if (driver === undefined) throw new Error('no driver');
      let before = 0;
      for (const to of ['10.78.0.1', 'fd78::1']) {
        const batch = Array.from({ length: BATCH }, (_, key) =>
          packet(to, key, identifierOf(kind)),
        );
        is(await driver.ask('flood', { packets: batch, times: BATCHES }), BATCHES * BATCH);

        const all = { packets: 1e6, stamps: 0, ms: 5000, untilEmpty: true };
        const { packets } = await driver.ask('gather', all);
        // Raw sockets tell of an overflow with the packet after it.
        await driver.ask('send', { packets: [packet(to, 30_000, identifierOf(kind))] });
        const after = await driver.ask('gather', { packets: 1, stamps: 1, ms: 1000 });

        ok(packets.length > 200 && packets.length < BATCHES * BATCH, `${packets.length} kept`);
        is(after.packets.length, 1);
        is(packets.length + after.overflows - before, BATCHES * BATCH);
        before = after.overflows;
      }
    });
  }

  s.testIf(absent, 'name the sysctl where neither raw nor ping sockets are permitted', () =>
    withDriver({ isFar: true }, async (driver) => {
      await driver.ask('drop', NOBODY);

      for (const kind of ['raw', 'ping', 'auto'] as const) {
        const error = await refusal(driver, { kind, identifier: IDENTIFIER });

        const errno = kind === 'ping' ? 'EACCES' : 'EPERM';
        equal([error.code, error.syscall, error.errno], ['ERR_SOCKET_PERMISSION', 'socket', errno]);
        match(error.message, /^(raw|ping) socket \(IPv4\) refused: socket: \w+/);
        match(error.message, 'sysctl -w net.ipv4.ping_group_range="0 2147483647"');
        is(error.message.includes('\n'), false);
      }
    }),
  );

  s.testIf(absent, 'fall to ping sockets where raw ones are not permitted', () =>
    withDriver({}, async (driver) => {
      await driver.ask('drop', NOBODY);

      const opened = await driver.ask('open', { kind: 'auto', identifier: IDENTIFIER });
      const sockets = await driver.ask('sockets', null);

      equal([opened.isPrivileged, opened.stamps], [false, 'kernel']);
      // Of each family one for echoes and one for TTL-limited probes.
      equal(
        sockets.map(({ family, protocol, ping }) => [family, protocol, ping]),
        [4, 4, 6, 6].map((family) => [family, 'icmp', true]),
      );
    }),
  );

  s.testIf(absent, 'open a ping socket for each 65 536 slots, each with its identifier', () =>
    withDriver({}, async (driver) => {
      await driver.ask('drop', NOBODY);
      await driver.ask('open', { kind: 'ping', identifier: IDENTIFIER, slots: 4 * 65_536 });
      const keys = [0, 1, 2, 3].flatMap((index) => [index << 16, (index << 16) + 65_535]);

      await driver.ask('send', { packets: keys.map((key) => packet('fd78::1', key)) });
      const { packets } = await driver.ask('gather', { packets: 8, stamps: 8, ms: 1000 });

      const names = packets.map(({ icmp }) => icmp.slice(8, 16)).sort();
      equal(
        names,
        keys.map((key) =>
          [IDENTIFIER + (key >> 16), key & 0xffff]
            .map((half) => half.toString(16).padStart(4, '0'))
            .join(''),
        ),
      );
    }),
  );

  s.testIf(absent, 'take over sockets that were inherited, and look at their kind first', () =>
    withDriver({}, async (driver) => {
      await driver.ask('open', { kind: 'raw', identifier: 0x1120 });
      const [main, , six] = await driver.ask('sockets', null);
      const [icmp4, icmp6] = [main?.fd ?? -1, six?.fd ?? -1];
      const auto = { kind: 'auto', identifier: IDENTIFIER } as const;

      const swapped = await refusal(driver, { ...auto, inherited: { icmp4: icmp6, icmp6: icmp4 } });
      const file = await refusal(driver, { ...auto, inherited: { icmp4: 0, icmp6: 9999 } });
      const half = await driver.ask('open', { ...auto, inherited: { icmp4, icmp6: icmp4 } });
      const sent = await driver.ask('send', {
        packets: [packet('10.78.0.1', 1), packet('fd78::1', 2), packet('10.78.0.2', 3)],
      });
      const { packets } = await driver.ask('gather', { packets: 2, stamps: 2, ms: 1000 });

      equal([swapped.code, swapped.syscall], ['ERR_SOCKET_OPEN', 'getsockopt']);
      match(swapped.message, /^inherited descriptor \d+ as ICMP socket \(IPv4\) refused/);
      is(file.code, 'ERR_SOCKET_OPEN');
      equal(
        half.missing.map(({ family }) => family),
        ['v6'],
      );
      equal(
        sent.map(({ errno }) => errno),
        [0, EAFNOSUPPORT, 0],
      );
      ok(BigInt(sent[1]?.userNs ?? 0) >= BigInt(sent[0]?.userNs ?? 0));
      equal(packets.map(({ source }) => source).sort(), ['10.78.0.1', '10.78.0.2']);
    }),
  );

  s.testIf(absent, 'take no stamps where told not to', () =>
    withDriver({}, async (driver) => {
      for (const kind of ['raw', 'ping'] as const) {
        const opened = await driver.ask('open', { kind, identifier: IDENTIFIER, stamps: false });

        await driver.ask('send', { packets: [packet('10.78.0.1', 1), packet('fd78::1', 2)] });
        const { packets, stamps } = await driver.ask('gather', { packets: 2, stamps: 1, ms: 50 });

        is(opened.stamps, 'user');
        equal(stamps, []);
        equal(
          packets.map(({ stampNs, stampSource }) => [stampNs, stampSource]),
          [
            ['0', 0],
            ['0', 0],
          ],
        );
        is(await driver.ask('scheduled', { on: true }), false);
        await driver.ask('close', null);
      }
    }),
  );

  s.testIf(absent ?? compiler, 'take microseconds on receipt where the kernel has no more', () =>
    withDriver({ env: { LD_PRELOAD: compileOldKernel() } }, async (driver) => {
      for (const kind of ['raw', 'ping'] as const) {
        const opened = await driver.ask('open', { kind, identifier: IDENTIFIER });

        const wished = [packet('10.78.0.1', 1), packet('fd78::1', 2)];
        const sent = await driver.ask('send', { packets: wished });
        const { packets, stamps } = await driver.ask('gather', { packets: 2, stamps: 1, ms: 50 });

        is(opened.stamps, 'kernel-us');
        equal(stamps, []);
        is(packets.length, 2);
        for (const { stampNs, stampSource, source } of packets) {
          const stamp = BigInt(stampNs);
          const userNs = BigInt(sent[source === 'fd78::1' ? 1 : 0]?.userNs ?? 0);
          is(stampSource, 1);
          is(stamp % 1000n, 0n);
          ok(stamp >= userNs - 1000n && stamp < userNs + 1_000_000_000n);
        }
        await driver.ask('close', null);
      }
    }),
  );

  s.testIf(absent, 'leave nothing open when they are closed or refused', () =>
    withDriver({}, async (driver) => {
      const list = () => places.near.run('ls', [`/proc/${driver.process.pid}/fd`]);
      const icmp = { kind: 'auto', identifier: IDENTIFIER } as const;
      await driver.ask('open', icmp);
      await driver.ask('close', null);
      const before = await list();

      for (let i = 0; i < 3; i++) {
        await driver.ask('open', icmp);
        await driver.ask('close', null);
        await refusal(driver, { ...icmp, inherited: { icmp4: 0, icmp6: 0 } });
      }

      equal(await list(), before);
    }),
  );
});
