import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, throws } from 'uvu/assert';
import { ownerOf } from '../../../src/board/push/owner.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const missing = process.getuid?.() === 0 ? null : 'only root chooses who vmagent is';

suite('push-owner', ({ testIf }) => {
  testIf(missing, 'vmagent is the user that is named, by name or number', async () => {
    await inPlace(({ directory }) => {
      const passwd = join(directory, 'passwd');
      writeFileSync(passwd, 'root:x:0:0::/:\nbroken\nflint-push:x:990:991::/:\n');
      equal(ownerOf('flint-push', passwd), { uid: 990, gid: 991 });
      equal(ownerOf('990', passwd), { uid: 990, gid: 991 });
      throws(() => ownerOf('nobody-here', passwd), 'there is no user');
    });
  });
});
