import { equal, is } from 'uvu/assert';
import { chooseIdentity, isRoot, nextIdentity } from '../../src/engine/privileges.ts';
import { suite } from '../helper.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
nobody:x:99:98:nobody:/:/usr/sbin/nologin
`;
const FLINT = 'flint:x:990:991::/var/lib/flint:/usr/sbin/nologin\n';
const SUDO = { SUDO_UID: '1000', SUDO_GID: '1001', SUDO_USER: 'ada' };

suite('engine/privileges', (s) => {
  for (const [says, env, passwd, expected] of [
    ['the user flint comes first', SUDO, PASSWD + FLINT, ['flint', 990, 991]],
    ['then who called sudo', SUDO, PASSWD, ['ada', 1000, 1001]],
    ['a caller without a name has a number', { SUDO_UID: '7', SUDO_GID: '8' }, PASSWD, ['7', 7, 8]],
    ['root calling sudo is nobody', { SUDO_UID: '0', SUDO_GID: '0' }, PASSWD, ['nobody', 99, 98]],
    ['a caller of group root is nobody', { ...SUDO, SUDO_GID: '0' }, PASSWD, ['nobody', 99, 98]],
    [
      'a caller that is no number is nobody',
      { ...SUDO, SUDO_UID: 'x' },
      PASSWD,
      ['nobody', 99, 98],
    ],
    ['otherwise nobody', {}, PASSWD, ['nobody', 99, 98]],
    ['a machine without users has a nobody, too', {}, '', ['nobody', 65_534, 65_534]],
    [
      'a flint that is root is not taken',
      {},
      `flint:x:0:0::/:/bin/sh\n${PASSWD}`,
      ['nobody', 99, 98],
    ],
    ['a nobody that is root is not taken', {}, 'nobody:x:0:0::/:\n', ['nobody', 65_534, 65_534]],
    ['a broken line is passed over', {}, `flint:x\nflint:x:a:b:\n${PASSWD}`, ['nobody', 99, 98]],
  ] as const) {
    s.test(says, () => {
      const { name, uid, gid } = chooseIdentity(env, passwd);

      equal([name, uid, gid], [...expected]);
    });
  }

  s.test('only root has an identity to change to', () => {
    is(nextIdentity() === null, !isRoot());
    is(nextIdentity()?.uid === 0, false);
  });
});
