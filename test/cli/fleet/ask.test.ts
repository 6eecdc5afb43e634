import { equal, is } from 'uvu/assert';
import { afterKeys, canAsk, confirmName } from '../../../src/cli/fleet/ask.ts';
import { suite } from '../../helper.ts';

suite('cli/fleet/ask', (s) => {
  s.test('a line typed unseen can be mended, given up and ended', () => {
    equal(afterKeys('ge', 'heim'), { text: 'geheim', ended: null });
    equal(afterKeys('geh\u{1f511}', '\u007f'), { text: 'geh', ended: null });
    equal(afterKeys('geh', '\b\b\b\b'), { text: '', ended: null });
    equal(afterKeys('old', '\u0015new\rmore'), { text: 'new', ended: 'end' });
    equal(afterKeys('geheim', '\u001b\u0004'), { text: 'geheim', ended: null });
    equal(afterKeys('geheim', '\u0003\r'), { text: 'geheim', ended: 'given up' });
    equal(afterKeys('', '\u0004'), { text: '', ended: 'given up' });
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
