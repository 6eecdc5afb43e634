import { equal, match } from 'uvu/assert';
import { actionLine } from '../../../src/board/install/action.ts';
import { sha256 } from '../../../src/board/install/plan-files.ts';
import { planRemoval, type RemovalFacts } from '../../../src/board/install/uninstall.ts';
import { suite } from '../../helper.ts';

const UNIT = '/etc/systemd/system/flint-probe.service';
const COMMAND = '/usr/local/bin/flint';
const MAIN = '/usr/lib/flint/current/dist/main.js';

const FACTS: RemovalFacts = {
  manifest: {
    schema: 1,
    prefix: '/usr/lib/flint',
    release: '1.0.0-0a1b2c3d',
    previous: null,
    files: { [UNIT]: sha256('ours') },
    links: { [COMMAND]: MAIN },
    units: ['flint-probe.service', 'flint-vmagent.service'],
    users: ['flint', 'flint-push'],
  },
  files: new Map([[UNIT, 'ours']]),
  links: new Map([[COMMAND, MAIN]]),
  users: ['flint'],
  below: { releases: ['1.0.0-0a1b2c3d'], others: [] },
  ...{ hasSystemd: true, isRunning: true, hasTable: true, root: null },
};

function linesOf(facts: RemovalFacts, isPurge: boolean): string[] {
  return planRemoval(facts, isPurge).actions.map((action) => actionLine(action).replace(/ +/, ' '));
}

suite('board/install/uninstall', ({ test }) => {
  test('services stop first, the lockdown ends last, and state stays', () => {
    equal(linesOf(FACTS, false), [
      'run systemctl stop flint-probe.service flint-vmagent.service',
      'run systemctl disable flint-probe.service flint-vmagent.service',
      `remove ${UNIT}`,
      `remove ${COMMAND}`,
      'run systemctl daemon-reload',
      'remove /run/flint',
      'remove /usr/lib/flint',
      'run nft delete table inet flint',
    ]);
    const notes = planRemoval(FACTS, false).notes.join('\n');
    match(notes, /--purge removes them, too/);
    match(notes, /the lockdown ends with this/);
  });

  test('what is asked for by name goes too, with the users that there are', () => {
    const lines = linesOf(FACTS, true);
    const purged = lines.slice(lines.indexOf('run systemctl daemon-reload') + 1, -3);
    equal(purged, ['remove /var/lib/flint', 'remove /etc/flint', 'run userdel flint']);
  });

  test('what others changed is none of ours', () => {
    const files = new Map([[UNIT, 'mine']]);
    const links = new Map([[COMMAND, '/opt/other']]);
    const { actions, notes } = planRemoval({ ...FACTS, files, links }, false);
    const paths = actions.flatMap((action) => (action.kind === 'remove' ? [action.path] : []));
    equal(paths, ['/run/flint', '/usr/lib/flint']);
    match(notes.join(), /flint-probe\.service was changed by hand and stays/);
  });

  test('a prefix that holds what is not ours loses only what is', () => {
    const below = { releases: ['1.0.0-0a1b2c3d'], others: ['google', 'node-v22'] };
    const { actions, notes } = planRemoval({ ...FACTS, below }, false);
    const paths = actions.flatMap((action) => (action.kind === 'remove' ? [action.path] : []));
    equal(
      paths.filter((path) => path.startsWith('/usr/lib')),
      ['current', '1.0.0-0a1b2c3d', 'install.json'].map((name) => `/usr/lib/flint/${name}`),
    );
    match(notes.join(), /\/usr\/lib\/flint stays: it holds what is not ours \(google, node-v22\)/);
  });

  test('of an image nothing is stopped', () => {
    const root = '/srv/image';
    const lines = linesOf({ ...FACTS, isRunning: false, hasTable: false, root }, true);
    equal(
      lines.filter((line) => line.startsWith('run')),
      [
        'run systemctl --root=/srv/image disable flint-probe.service flint-vmagent.service',
        'run userdel --prefix /srv/image flint',
      ],
    );
  });
});
