import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { openRunDirectory } from '../../../src/board/push/files.ts';
import { keepChildren } from '../../../src/board/push/keep-children.ts';
import { keepUnits } from '../../../src/board/push/keep-units.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const QUEUE = 'VMAGENT_remoteWrite_tmpDataPath';

const awaitQuiet = async (): Promise<void> => undefined;

/** A systemctl that remembers what it was told, and whose units are as the files say. */
function fakeSystemctl(directory: string) {
  const file = join(directory, 'systemctl');
  const script = `#!/bin/sh
echo "$@" >> ${directory}/told
for unit; do :; done
case "$2" in
  show)
    echo "ActiveState=$(cat ${directory}/$unit 2>/dev/null || echo inactive)"
    echo "NRestarts=$(cat ${directory}/$unit.restarts 2>/dev/null || echo 3)" ;;
  restart) echo active > ${directory}/$unit ;;
  stop) rm -f ${directory}/$unit ;;
esac
`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return {
    file,
    /** As systemd sees it at the next look. */
    be: (unit: string, state: string, restarts: number) => {
      writeFileSync(join(directory, unit), `${state}\n`);
      writeFileSync(join(directory, `${unit}.restarts`), `${restarts}\n`);
    },
    told: () => {
      const text = existsSync(`${directory}/told`) ? readFileSync(`${directory}/told`, 'utf8') : '';
      return text.split('\n').filter((line) => / (restart|stop) /.test(line));
    },
  };
}

async function until(accept: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !accept(); attempt++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  ok(accept());
}

suite('push-keep', ({ test }) => {
  test('a unit is restarted when its flags change, and else left alone', async () => {
    await inPlace(async ({ directory, state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, owner);
      const { file: systemctl, told } = fakeSystemctl(directory);
      const { signal } = new AbortController();
      const quiet: string[] = [];
      const awaitQuiet = async (): Promise<void> => void quiet.push(told().at(-1) ?? '');
      const options = { places, owner, systemctl, signal, awaitQuiet, listenMs: 50 };
      const keeper = keepUnits(options);
      await keeper.keep({ vmagent: { A: '1' }, relay: null });
      await keeper.keep({ vmagent: { A: '1' }, relay: null });
      equal(told(), ['--no-ask-password restart flint-vmagent.service']);
      equal(readFileSync(places.vmagentEnv, 'utf8'), 'A="1"\n');
      equal(keeper.state(), { restarts: 3, fault: null });

      await keeper.keep({ vmagent: { A: '2' }, relay: { B: '1' } });
      equal(told().slice(1), [
        '--no-ask-password restart flint-push-relay.service',
        '--no-ask-password restart flint-vmagent.service',
      ]);
      await keeper.keep({ vmagent: { A: '3' }, relay: null });
      // Only one that runs is waited for, and not where blocks may be lost meanwhile.
      equal(quiet, ['--no-ask-password restart flint-vmagent.service']);
      await keeper.close();
      equal(told().length, 5);
      await keeper.stop();
      equal(told().length, 6);
      equal(existsSync(places.vmagentEnv), false);
    });
  });

  test('a restart that was cut off, or failed, is made up for', async () => {
    await inPlace(async ({ directory, state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, owner);
      const { file: systemctl, told } = fakeSystemctl(directory);
      const { signal } = new AbortController();
      const options = { places, owner, systemctl, signal, awaitQuiet, listenMs: 50 };
      await keepUnits(options).keep({ vmagent: { A: '1' }, relay: null });
      // Killed, as it were, between the file and the restart.
      const cut = keepUnits({
        ...options,
        awaitQuiet: () => Promise.reject(new Error('killed')),
      });
      const fault = await cut.keep({ vmagent: { A: '2' }, relay: null }).then(
        () => '',
        (error: Error) => error.message,
      );
      equal(
        [fault, readFileSync(places.vmagentEnv, 'utf8'), told().length],
        [...['killed', 'A="2"\n', 1]],
      );

      const next = keepUnits(options);
      await next.keep({ vmagent: { A: '2' }, relay: null });
      equal(told().length, 2);
      await next.keep({ vmagent: { A: '2' }, relay: null });
      equal(told().length, 2);
    });
  });

  test('the relay stays until vmagent no longer asks it', async () => {
    await inPlace(async ({ directory, state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, owner);
      const { file: systemctl, told } = fakeSystemctl(directory);
      const { signal } = new AbortController();
      const keeper = keepUnits({ places, owner, systemctl, signal, awaitQuiet, listenMs: 50 });
      await keeper.keep({ vmagent: { A: '1' }, relay: { B: '1' } });
      await keeper.keep({ vmagent: { A: '2' }, relay: null });
      equal(told().slice(2), [
        '--no-ask-password restart flint-vmagent.service',
        '--no-ask-password stop flint-push-relay.service',
      ]);
    });
  });

  test('which of the units does not run is told, and that one does not stay', async () => {
    await inPlace(async ({ directory, state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, owner);
      const { file: systemctl, be } = fakeSystemctl(directory);
      const { signal } = new AbortController();
      const options = { places, owner, systemctl, signal, awaitQuiet, listenMs: 50 };
      const keeper = keepUnits({ ...options, wellMs: 60_000 });
      const wanted = { vmagent: { A: '1' }, relay: { B: '1' } };
      const look = async (unit: string, activeState: string, restarts: number) => {
        be(unit, activeState, restarts);
        await keeper.keep(wanted);
        return keeper.state().fault;
      };
      await keeper.keep(wanted);
      const relay = 'flint-push-relay.service';
      equal(await look(relay, 'activating', 3), `the relay does not run: ${relay} is activating`);
      be(relay, 'active', 3);
      const unit = 'flint-vmagent.service';
      equal(await look(unit, 'active', 3), null);
      equal(await look(unit, 'activating', 3), `vmagent does not run: ${unit} is activating`);
      const unsteady = `vmagent does not stay: journalctl -u ${unit} says why`;
      equal(await look(unit, 'active', 5), unsteady);
      equal(await look(unit, 'active', 5), unsteady);
      await keeper.stop();
      equal(keeper.state().fault, null);
    });
  });

  test('a systemctl that refuses is told with its words', async () => {
    await inPlace(async ({ directory, state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, owner);
      const systemctl = join(directory, 'systemctl');
      writeFileSync(systemctl, '#!/bin/sh\necho "Unit not found." >&2\nexit 5\n');
      chmodSync(systemctl, 0o755);
      const { signal } = new AbortController();
      const keeper = keepUnits({ places, owner, systemctl, signal, awaitQuiet });
      const reason = await keeper.keep({ vmagent: { A: '1' }, relay: null }).then(
        () => '',
        (error: Error) => error.message,
      );
      ok(reason.includes('Unit not found.'), reason);
    });
  });

  test('a relay that ends is no fault of vmagent', async () => {
    await inPlace(async ({ directory }) => {
      const program = join(directory, 'program');
      const why = 'flint: the relay cannot listen on port 9742';
      const script = `#!/bin/sh\n[ $# = 2 ] && exec sleep 60\necho '${why}' >&2\nexit 1\n`;
      writeFileSync(program, script);
      chmodSync(program, 0o755);
      chmodSync(directory, 0o755);
      const queue = join(directory, 'queue');
      const keeper = keepChildren({
        ...{ owner, program, flint: [program, 'main.js'], path: process.env['PATH'] ?? '', queue },
        ...{ listenMs: 50, onLine: () => undefined, onEnd: () => undefined },
      });
      await keeper.keep({ vmagent: { [QUEUE]: queue }, relay: { FLINT_RELAY_PORT: '1' } });
      await until(() => keeper.state().fault !== null);
      equal(keeper.state().fault, `the relay does not run: ${why}`);
      await keeper.stop();
    });
  });

  test('as children, relay and vmagent get their own variables and no other', async () => {
    await inPlace(async ({ directory }) => {
      const program = join(directory, 'vmagent');
      writeFileSync(program, '#!/bin/sh\necho "$0 $*"; env; exec sleep 60\n');
      chmodSync(program, 0o755);
      chmodSync(directory, 0o755);
      const lines: string[] = [];
      const queue = join(directory, 'queue');
      const keeper = keepChildren({
        ...{ owner, program, flint: [program, 'main.js'], path: process.env['PATH'] ?? '', queue },
        listenMs: 50,
        onLine: (line) => lines.push(line),
        onEnd: () => undefined,
      });
      const relay = { FLINT_RELAY_PORT: `${process.pid}` };
      await keeper.keep({ vmagent: { [QUEUE]: queue }, relay });
      await until(() => lines.filter((line) => line.startsWith(program)).length === 2);
      ok(lines.includes(`${program} -envflag.enable -envflag.prefix=VMAGENT_`));
      ok(lines.includes(`${program} main.js push relay`));
      ok(!lines.some((line) => line.startsWith('HOME=')), lines.join('\n'));
      equal(keeper.state(), { restarts: 0, fault: null });
      await keeper.stop();
    });
  });
});
