import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, throws } from 'uvu/assert';
import { enrollBoard, introduction, openBoard } from '../../src/board/board.ts';
import type { BoardClock } from '../../src/board/clock.ts';
import { ensureIdentity } from '../../src/board/identity.ts';
import { openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { MAC, settingsFor } from './agents.ts';
import { NEVER } from './clients.ts';
import { inPlace } from './place.ts';

const TOKEN = 'flint_claim_abcdefgh';
const CLOCK: BoardClock = {
  nowMs: () => 0,
  state: () => 'synced',
  judgedDates: () => 'both',
  hear: () => undefined,
  remember: () => undefined,
};
const OPTIONS = { version: '1.2.3', clock: CLOCK };

suite('board/board', ({ test }) => {
  test('an authority that cannot be read or used is an error of the settings', () =>
    inPlace(({ directory }) => {
      const open = (caFile: string) =>
        openBoard(settingsFor('https://control.example', { caFile }), OPTIONS);
      const bad = join(directory, 'bad.pem');
      writeFileSync(bad, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');

      throws(() => open('/none/ca.pem'), /\/none\/ca.pem cannot be read/);
      throws(() => open(bad), /bad.pem holds no certificate in PEM/);
    }));

  test('the token is read at each try: it may come later, and go again', () =>
    inPlace(async ({ directory, places }) => {
      const control = await openFakeControl();
      control.register(MAC, TOKEN);
      const claimTokenFile = join(directory, 'token');
      const board = openBoard(settingsFor(control.origin, { claimTokenFile }), OPTIONS);
      const { identity } = ensureIdentity(places.identity);
      const warnings: string[] = [];
      const attempt = async (): Promise<boolean> => {
        const warn = (message: string) => void warnings.push(message);
        const common = { board, identity, clock: CLOCK, env: {}, signal: NEVER, warn };
        return (await enrollBoard(common)).ok;
      };

      is(await attempt(), false);
      match(warnings.join(), /claim token is not sent/);
      writeFileSync(claimTokenFile, TOKEN);
      is(await attempt(), true);
      await control.close();
    }));

  test('the operator is told MAC, fingerprint and control', () =>
    inPlace(({ places }) => {
      const board = openBoard(settingsFor('https://control.example'), OPTIONS);
      const { identity } = ensureIdentity(places.identity);

      match(
        introduction(board, identity),
        `at https://control.example register MAC ${MAC} and approve fingerprint ` +
          identity.fingerprint,
      );
    }));
});
