import { equal, match, ok } from 'uvu/assert';
import { bootUnits, ownFiles, wantsLinks } from '../../../src/board/install/wish.ts';
import { suite } from '../../helper.ts';
import { wishFor } from './scratch.ts';

suite('board/install/wish', ({ test }) => {
  test('the MAC is set only where that is wanted, and vmagent is started by the agent', () => {
    const [plain, wanting] = [bootUnits(wishFor()), bootUnits(wishFor({ wantsMac: true }))];
    equal(plain.includes('flint-mac.service'), false);
    equal(wanting.includes('flint-mac.service'), true);
    equal(wanting.includes('flint-vmagent.service'), false);
    equal(wantsLinks(wishFor(), 'flint-lockdown.service'), [
      '/etc/systemd/system/sysinit.target.wants/flint-lockdown.service',
    ]);
    equal(wantsLinks(wishFor(), 'flint-vmagent.service'), []);
  });

  test('the files name the program by the link that is switched', () => {
    const files = ownFiles(wishFor({ prefix: '/opt/flint', launcher: 'prebuilds/x/flint-launch' }));
    const unit = files.get('/etc/systemd/system/flint-probe.service') ?? '';
    match(unit, /ExecStart=\/opt\/flint\/current\/prebuilds\/x\/flint-launch -- \/usr\/bin\/node /);
    ok(files.has('/etc/sysusers.d/flint.conf') && files.has('/etc/tmpfiles.d/flint.conf'));
  });
});
