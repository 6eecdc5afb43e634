import { equal, is } from 'uvu/assert';
import { afterKey, canAsk, confirmName } from '../../src/cli/fleet-ask.ts';
import { suite } from '../helper.ts';

suite('cli/fleet-ask', (s) => {
  s.test('a line typed unseen can be mended, given up and ended', () => {
    equal(afterKey('geheim', 'n'), { text: 'geheimn' });
    equal(afterKey('geh\u{1f511}', '\u007f'), { text: 'geh' });
    equal(afterKey('geh', '\b'), { text: 'ge' });
    equal(afterKey('', '\u007f'), { text: '' });
    equal(afterKey('geheim', '\u0015'), { text: '' });
    equal(afterKey('geheim', '\u001b'), { text: 'geheim' });
    is(afterKey('geheim', '\r'), 'end');
    is(afterKey('geheim', '\u0003'), 'given up');
    is(afterKey('', '\u0004'), 'given up');
  });

  s.test('where nobody can be asked, only --yes stands for the name', async () => {
    is(await confirmName({ yes: true }, 'probe05', 'it would be gone'), true);
    if (canAsk()) return;
    let message = '';
    try {
      await confirmName({}, 'probe05', 'it would be gone');
    } catch (error) {
      message = (error as Error).message;
    }
    is(message, 'it would be gone; add --yes to do it without a question');
  });
});
