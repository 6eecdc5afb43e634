import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, throws } from 'uvu/assert';
import { boardCommand } from '../../../src/cli/board/options.ts';
import { inPlace } from '../../board/place.ts';
import { suite } from '../../helper.ts';

suite('cli/board/options', ({ test }) => {
  test('the command line stands above the file, and names the places', () =>
    inPlace(({ directory, state, run }) => {
      const config = join(directory, 'agent.json');
      const document = { schema: 1, control: 'https://a.example', hardware: 'r2s', setClock: true };
      writeFileSync(config, JSON.stringify(document));
      const options = { config, state, run, control: 'https://b.example', claimTokenFile: 'token' };
      const { places, settings } = boardCommand(options);

      is(places.identity, `${state}/agent/identity.pem`);
      is(places.handedConfig, `${run}/agent/config.json`);
      const { control, hardware, setClock, claimTokenFile } = settings();
      equal([control, hardware, setClock], ['https://b.example', 'r2s', true]);
      is(claimTokenFile, join(process.cwd(), 'token'));
    }));

  test('a file that was named must be there; the usual one need not', () =>
    inPlace(({ directory, state, run }) => {
      const before = process.env['CONFIGURATION_DIRECTORY'];
      process.env['CONFIGURATION_DIRECTORY'] = directory;
      try {
        const given = { state, run, control: 'https://b.example' };
        is(boardCommand(given).settings().control, 'https://b.example');
        throws(() => boardCommand({ state, run }).settings(), /no control is named/);
        const named = boardCommand({ ...given, config: join(directory, 'none.json') });
        throws(() => named.settings(), /none.json cannot be read/);
      } finally {
        if (before === undefined) delete process.env['CONFIGURATION_DIRECTORY'];
        else process.env['CONFIGURATION_DIRECTORY'] = before;
      }
    }));
});
