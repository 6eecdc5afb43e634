import { is, ok } from 'uvu/assert';
import {
  configDirectory,
  hardwareModel,
  ownPlaceRequest,
  ownStateDirectory,
  runDirectory,
  stateDirectory,
} from '../../src/host/places.ts';
import { suite } from '../helper.ts';

suite('places of the host', (s) => {
  s.test('the state is where systemd says, else of the system for root, else in the home', () => {
    const user = { isRoot: false, home: '/h' };
    const given = { STATE_DIRECTORY: '/var/lib/flint-7:/var/lib/other' };

    is(stateDirectory({ env: given, ...user }), '/var/lib/flint-7');
    is(stateDirectory({ env: given, isRoot: true, home: '/h' }), '/var/lib/flint-7');
    is(
      stateDirectory({ env: { STATE_DIRECTORY: '' }, isRoot: true, home: '/h' }),
      '/var/lib/flint',
    );
    is(stateDirectory({ env: {}, ...user }), '/h/.local/state/flint');
    is(stateDirectory({ env: { XDG_STATE_HOME: '/x' }, ...user }), '/x/flint');
    // The specification has relative paths ignored.
    is(stateDirectory({ env: { XDG_STATE_HOME: 'x' }, ...user }), '/h/.local/state/flint');
  });

  s.test('what is of this boot and what is configured have places of the same kind', () => {
    const user = { isRoot: false, home: '/h' };
    const root = { env: {}, isRoot: true, home: '/root' };

    is(runDirectory(root), '/run/flint');
    is(runDirectory({ env: { RUNTIME_DIRECTORY: '/run/x:/run/y' }, ...user }), '/run/x');
    is(runDirectory({ env: { XDG_RUNTIME_DIR: '/run/user/7' }, ...user }), '/run/user/7/flint');
    is(runDirectory({ env: {}, ...user }), '/h/.local/state/flint/run');
    is(configDirectory(root), '/etc/flint');
    is(configDirectory({ env: { CONFIGURATION_DIRECTORY: '/etc/x' }, ...user }), '/etc/x');
    is(configDirectory({ env: {}, ...user }), '/h/.config/flint');
    is(configDirectory({ env: { XDG_CONFIG_HOME: '/c' }, ...user }), '/c/flint');
    is(ownStateDirectory(), stateDirectory(ownPlaceRequest()));
  });

  s.test('a user of a number alone, who has no home, has the root of the file system', () => {
    const request = ownPlaceRequest(() => {
      throw new Error('uv_os_homedir returned ENOENT');
    });

    is(request.home, '/');
    is(stateDirectory({ ...request, env: {}, isRoot: false }), '/.local/state/flint');
  });

  s.test('the model of the machine is a short line, or unknown', () => {
    const model = hardwareModel();
    ok(model === null || /^[^\0\n]{1,64}$/.test(model), String(model));
  });
});
