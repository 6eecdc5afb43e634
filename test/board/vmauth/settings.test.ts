import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, throws } from 'uvu/assert';
import { loadVmauthSettings } from '../../../src/board/vmauth/settings.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const control = 'https://control.example';

suite('vmauth-settings', ({ test }) => {
  test('the control alone is enough', () => {
    const settings = loadVmauthSettings('/nonexistent', false, { control });
    equal(
      [settings.key, settings.reload, settings.vmauth],
      [...['metrics-api-key', 'http', 'http://127.0.0.1:8427']],
    );
  });

  test('the command line stands above the file, and a key too many is an error', async () => {
    await inPlace(({ directory }) => {
      const file = join(directory, 'vmauth.json');
      writeFileSync(file, JSON.stringify({ schema: 1, control, interval: '30s' }));
      equal(loadVmauthSettings(file, true, { key: 'other' }).interval, 30_000);
      writeFileSync(file, JSON.stringify({ schema: 1, control, nonsense: 1 }));
      throws(() => loadVmauthSettings(file, true, {}), 'nonsense');
      writeFileSync(file, '{');
      throws(() => loadVmauthSettings(file, true, {}), 'expected a JSON object');
    });
  });

  test('what could not work is refused', () => {
    const load = (said: object) => () => loadVmauthSettings('/nonexistent', false, said);
    throws(load({}), 'no control is named');
    throws(load({ control: 'http://control.example' }), 'https');
    throws(load({ control, backends: ['http://a/path'] }), 'origin');
    throws(load({ control, reload: 'unit' }), 'unit');
    throws(load({ control, reload: 'pid' }), 'pidFile');
    throws(() => loadVmauthSettings('/nonexistent', true, { control }), 'cannot be read');
  });
});
