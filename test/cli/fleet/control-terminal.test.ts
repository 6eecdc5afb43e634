// What `flint fleet` asks on a terminal, of a real control: passwords, fingerprints, names.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { addOperator } from '../../../src/control/accounts/operators.ts';
import { SYSTEM } from '../../control/lab.ts';
import { suite } from '../../helper.ts';
import {
  addCandidate,
  type ControlRig,
  missingTerminal,
  openControlRig,
} from '../fleet-control-rig.ts';

const PASSWORD = 'a piano in the cellar';

suite('cli/fleet/control-terminal', (s) => {
  let rig: ControlRig;
  s.before(async () => {
    rig = await openControlRig();
    await rig.become('operator', 'anna');
  });
  s.after(() => rig.close());

  s.testIf(
    missingTerminal(),
    'a password typed unseen makes a token, which logging out ends',
    async () => {
      const { db } = rig.lab.context.store;
      const input = { name: 'berta', role: 'operator', password: PASSWORD } as const;
      await addOperator(rig.lab.context, SYSTEM, input);
      const stdout = await rig.typed(`login ${rig.origin} --name berta`, `${PASSWORD}\r`);

      match(stdout, /Password of berta at http/);
      match(stdout, /logged in at http.* as berta \(operator\)/);
      is(stdout.includes(PASSWORD), false, stdout);
      const rows = await db.selectFrom('api_tokens').selectAll().execute();
      ok(rows.some(({ label }) => label.startsWith('flint fleet on ')));
      is((await db.selectFrom('sessions').selectAll().execute()).length, 0);
      match(await rig.told('logout'), /^logged out berta/);
      is(existsSync(join(rig.directory, 'fleet.json')), false);
      is((await db.selectFrom('api_tokens').selectAll().execute()).length, rows.length - 1);
    },
  );

  s.testIf(missingTerminal(), 'a wrong password is no reason to log in', async () => {
    const stdout = await rig.typed(`login ${rig.origin} --name eve`, 'x\r');

    match(stdout, /cannot log in as eve at http.*: name or password is wrong\r?\n/);
  });

  s.testIf(missingTerminal(), 'a question given up changes nothing', async () => {
    const stdout = await rig.typed(`login ${rig.origin} --name eve`, '\u0003');

    match(stdout, /no password was given; nothing was changed/);
  });

  s.testIf(
    missingTerminal(),
    'on a terminal the board is chosen, compared and confirmed',
    async () => {
      await rig.told('add --mac 02:00:5e:10:00:77 --name probe77');
      await addCandidate(rig, 'probe77', '0000 1111 2222 3333 4444');
      await addCandidate(rig, 'probe77', '5555 6666 7777 8888 9999');
      const given = await rig.typed('approve probe77', '2\r', 'n\r');
      match(given, /nothing was changed/);
      const shown = await rig.typed('approve probe77', '2\r', 'y\r');

      match(shown, /Which one, 1 to 2\?/);
      match(shown, /Does the board show (\S{4} ?){5}\? \[y\/N\]/);
      match(shown, /probe77 is approved/);
      match(await rig.typed('remove probe77', 'probe7\r'), /nothing was changed/);
      match(await rig.typed('remove probe77', 'probe77\r'), /probe77 is removed/);
    },
  );
});
