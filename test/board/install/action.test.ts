import { equal, not } from 'uvu/assert';
import { type Action, actionFacts, actionLine } from '../../../src/board/install/action.ts';
import { suite } from '../../helper.ts';

suite('board/install/action', ({ test }) => {
  test('each action is a line that says what and where', () => {
    const actions: readonly Action[] = [
      { kind: 'program', path: '/usr/lib/flint/1', files: 3, bytes: 2_097_152 },
      { kind: 'directory', path: '/run/flint', mode: 0o755, user: 'root', group: 'flint' },
      { kind: 'file', path: '/etc/flint/agent.json', text: 'secret', mode: 0o600 },
      { kind: 'link', path: '/usr/lib/flint/current', target: '1' },
      { kind: 'remove', path: '/usr/lib/flint/0' },
      { kind: 'run', words: ['systemctl', 'daemon-reload'] },
    ];
    equal(actions.map(actionLine), [
      'copy   3 files, 2.0 MiB, to /usr/lib/flint/1',
      'make   /run/flint (0755 root:flint)',
      'write  /etc/flint/agent.json (0600)',
      'link   /usr/lib/flint/current -> 1',
      'remove /usr/lib/flint/0',
      'run    systemctl daemon-reload',
    ]);
    not.match(JSON.stringify(actions.map(actionFacts)), /secret/);
  });
});
