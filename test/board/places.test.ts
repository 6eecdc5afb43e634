import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, throws } from 'uvu/assert';
import {
  agentPlaces,
  makeStateDirectory,
  openHandover,
  openState,
  readGiven,
} from '../../src/board/places.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const CANNOT = process.getuid?.() === 0 ? null : 'needs root';

suite('board/places', ({ test, testIf }) => {
  test('all lie below state and run', () => {
    const places = agentPlaces('/var/lib/flint', '/run/flint');

    is(places.identity, '/var/lib/flint/agent/identity.pem');
    is(places.credentials, '/var/lib/flint/agent/credentials.json');
    is(places.handedConfig, '/run/flint/agent/config.json');
    is(places.probeReport, '/run/flint/probe/report.json');
  });

  test('the state is for its owner alone; drafts of a life that was cut off go', () =>
    inPlace(({ places }) => {
      makeStateDirectory(places);
      makeStateDirectory(places);
      is(statSync(places.state).mode & 0o777, 0o700);
      for (const name of ['.config.json.17.new', 'config.json', '.other']) {
        writeFileSync(join(places.state, name), '');
      }
      openState(places);

      equal(readdirSync(places.state).sort(), ['.other', 'config.json']);
    }));

  test('the daemon may read what is handed to it, whatever the umask', () =>
    inPlace(({ places, run }) => {
      const umask = process.umask(0o077);
      try {
        openHandover(places);
      } finally {
        process.umask(umask);
      }
      is(statSync(places.handover).mode & 0o777, 0o755);
      is(statSync(run).mode & 0o777, 0o755);

      chmodSync(run, 0o700);
      openHandover(places);
      is(statSync(run).mode & 0o777, 0o700, 'what somebody else made stays as it is');
    }));

  testIf(CANNOT, 'what another user made before us is not written into', () =>
    inPlace(({ places, run }) => {
      openHandover(places);
      for (const directory of [places.handover, run]) {
        chownSync(directory, 4711, 4711);
        throws(() => openHandover(places), new RegExp(`${directory} belongs to user 4711`));
        chownSync(directory, 0, 0);
      }
      openHandover(places);
    }),
  );

  test('a file in the way is an error with its name', () =>
    inPlace(({ places, state }) => {
      writeFileSync(state, '');
      throws(() => makeStateDirectory(places), /state\/agent cannot be used/);
    }));

  test('a given file is bounded, and no directory', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'a');
      writeFileSync(file, '12345');
      is(readGiven(file, 5), '12345');
      throws(() => readGiven(file, 4), /5 bytes are more than 4/);
      mkdirSync(join(directory, 'b'));
      throws(() => readGiven(join(directory, 'b'), 9), /it is not a file/);
      throws(() => readGiven('/dev/zero', 9), /it is not a file/);
    }));

  testIf(CANNOT, 'a file that this user may not read is another matter than a wrong one', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'a');
      writeFileSync(file, '{}', { mode: 0o600 });
      let code: unknown = null;
      process.seteuid?.(65_534);
      try {
        readGiven(file, 5);
      } catch (error) {
        code = (error as { code: unknown }).code;
      } finally {
        process.seteuid?.(0);
      }
      is(code, 'ERR_FORBIDDEN');
    }),
  );
});
