// The life of a probe, told to a real control by `flint fleet`: what each command asks is what the
// API takes, and what the API says can be read.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import {
  addCandidate,
  type ControlRig,
  candidateRow,
  openControlRig,
} from '../fleet-control-rig.ts';

const FINGERPRINT = '1a2b 3c4d 5e6f 7081 92a3';
const OTHER = 'ffff 3c4d 5e6f 7081 92a3';
const MAC = '02:00:5e:10:00:05';

suite('cli/fleet/control', (s) => {
  let rig: ControlRig;
  s.before(async () => {
    rig = await openControlRig();
    await rig.become('operator', 'anna');
  });
  s.after(() => rig.close());

  s.test('an empty fleet says what to do', async () => {
    match(await rig.told('list'), /^no probe is like that; flint fleet add registers one\n$/);
    equal(await rig.said('list'), { probes: [], total: 0 });
    is(await rig.told('boards'), 'no unknown board has asked\n');
    match(await rig.told('hardware'), /^SLUG +NAME(.*\n)*r2s +/);
  });

  s.test('a board is registered, found and shown', async () => {
    const words = `add --mac 0200.5e10.0005 --hardware r2s --group homes,ulm --tag fibre`;
    const made = await rig.run(
      ...words.split(' '),
      '--name',
      'probe05',
      '--location',
      'Ulm, cellar',
    );

    equal([made.code, made.stderr], [0, '']);
    match(made.stdout, /^probe05 is registered \(02:00:5e:10:00:05/);
    match(await rig.told('list ulm'), /\nprobe05 +waiting +never .*Ulm, cellar +homes,ulm/);
    const shown = await rig.told('show probe05');
    match(shown, /^probe05\nhealth +waiting/);
    match(shown, /\nMAC +02:00:5e:10:00:05\n/);
    match(shown, /\ngroups +homes, ulm\ntags +fibre\n/);
    is((await rig.said('show probe05'))['mac'], MAC);
    const again = await rig.run('add', '--mac', MAC);
    is(again.code, 1);
    match(again.stderr, /^flint: cannot register 02:00:5e:10:00:05 at http.*probe05/);
  });

  s.test('what is named changes, and lists are cleared by nothing', async () => {
    await rig.told('edit probe05 --group bonn --group kiel');
    const { code } = await rig.run('edit', 'probe05', '--tag', '', '--note', 'behind the piano');
    const { groups, tags, note, location } = await rig.said('show probe05');

    is(code, 0);
    equal([groups, tags], [['bonn', 'kiel'], []]);
    equal([note, location], ['behind the piano', 'Ulm, cellar']);
  });

  s.test('a board is approved by its fingerprint, and by no other', async () => {
    const none = await rig.run('approve', 'probe05');
    is(none.code, 1);
    match(none.stderr, /no board waits to be probe05 \(MAC 02:00.*flint fleet boards/);
    await addCandidate(rig, 'probe05', FINGERPRINT);
    await addCandidate(rig, 'probe05', OTHER);
    const asked = await rig.run('approve', 'probe05');
    is(asked.code, 2);
    ok(asked.stderr.includes(`--fingerprint "${FINGERPRINT}" or --fingerprint "${OTHER}"`));
    match(await rig.told('show probe05'), /2.boards waiting for approval:\n# {2}FINGERPRINT/);
    const wrong = await rig.run('approve', 'probe05', '--fingerprint', 'AAAA-3c4d5e6f708192a3');
    is(wrong.code, 1);
    const refused = await rig.run('refuse', 'probe05', '--fingerprint', OTHER);
    equal([refused.code, refused.stderr], [0, '']);
    const bound = await rig.run('approve', 'probe05', '--fingerprint', '1A2B:3c4d5e6f708192a3');
    equal([bound.code, bound.stderr], [0, '']);
    is((await rig.said('show probe05'))['state'], 'bound');
  });

  s.test('it is disabled, enabled, armed again, replaced and removed', async () => {
    match(await rig.told('disable probe05'), /is disabled: its API keys have ended\n/);
    is((await rig.said('show probe05'))['state'], 'disabled');
    await rig.told('enable probe05');
    await rig.told('rearm probe05');
    is((await rig.said('show probe05'))['state'], 'registered');
    await rig.told('replace probe05 --mac 02-00-5e-10-00-06');
    is((await rig.said('show probe05'))['mac'], '02:00:5e:10:00:06');
    is((await rig.run('remove', 'probe05')).code, 2);
    match(await rig.told('remove probe05 --yes'), /^probe05 is removed/);
    const gone = await rig.run('show', 'probe05');
    is(gone.code, 1);
    match(gone.stderr, /^flint: cannot show probe05 at http.*: there is no probe/);
  });

  s.test('an unknown board becomes a probe once its fingerprint was compared', async () => {
    const { db } = rig.lab.context.store;
    for (const [mac, print] of [
      ['02:00:5e:10:00:11', FINGERPRINT],
      ['02:00:5e:10:00:12', OTHER],
    ] as const) {
      const row = { mac, sourcePrefix: '192.0.2.0/24', ...candidateRow(print) };
      await db.insertInto('boards').values(row).execute();
    }
    const { boards } = (await rig.said('boards')) as { boards: { id: number; mac: string }[] };
    const ids = new Map(boards.map(({ id, mac }) => [mac.slice(-2), id]));
    match(await rig.told('boards'), /\n *\d+ +02:00:5e:10:00:1\d +[0-9a-f]{4} /);
    const asked = await rig.run('register', String(ids.get('11')));
    is(asked.code, 2);
    match(asked.stderr, /compare with what the board shows, then add --fingerprint "1a2b/);
    const words = ['register', String(ids.get('11')), '--name', 'probe11', '--fingerprint'];
    is((await rig.run(...words, OTHER)).code, 2);
    const made = await rig.run(...words, FINGERPRINT);
    equal([made.code, made.stderr], [0, '']);
    match(made.stdout, /^probe11 is registered \(02:00:5e:10:00:11/);
    await rig.told(`forget ${ids.get('12')}`);
    equal((await rig.said('boards'))['boards'], []);
  });

  s.test('status tells who, where and how many', async () => {
    const text = await rig.told('status');

    match(text, /^control +http:\/\/127/);
    match(text, /\nversion +0\.0\.0; this flint is \d/);
    match(text, /\nlogged in as +anna \(operator\)\n/);
    match(text, /\nprobes +1: 1 waiting\n/);
    is((await rig.said('status'))['origin'], rig.origin);
  });

  s.test('who may only look is told which role it takes', async () => {
    await rig.become('viewer', 'vera');
    is((await rig.run('list')).code, 0);
    const { code, stdout, stderr } = await rig.run('disable', 'probe11');
    await rig.become('operator', 'anna');

    equal([code, stdout], [3, '']);
    match(stderr, /this needs the role operator; vera is a viewer; see flint fleet status/);
  });
});
