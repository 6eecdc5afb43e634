import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { reloadVmauth } from '../../../src/board/vmauth/reload.ts';
import { loadVmauthSettings, type VmauthSettings } from '../../../src/board/vmauth/settings.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';
import { answer } from '../push/http-lab.ts';

function settings(said: Partial<VmauthSettings>): VmauthSettings {
  return loadVmauthSettings('/nonexistent', false, { control: 'https://control.example', ...said });
}

suite('vmauth-reload', ({ test }) => {
  test('by HTTP, with the key of a secret or of a file of variables', async () => {
    await inPlace(async ({ directory }) => {
      const places = { env: {}, configDirectory: directory };
      const server = await answer(({ url }) => ({ status: url.includes('the-key') ? 200 : 403 }));
      const vmauth = `http://127.0.0.1:${server.port}`;
      equal((await reloadVmauth(settings({ vmauth }), places)).ok, false);

      mkdirSync(join(directory, 'secrets.d'));
      writeFileSync(join(directory, 'secrets.d', 'reload'), 'the-key', { mode: 0o600 });
      equal((await reloadVmauth(settings({ vmauth, reloadKey: 'reload' }), places)).ok, true);

      const reloadKeyFile = join(directory, 'keys.env');
      writeFileSync(reloadKeyFile, 'VMAUTH_metricsAuthKey=x\nVMAUTH_reloadAuthKey=the-key\n');
      equal((await reloadVmauth(settings({ vmauth, reloadKeyFile }), places)).ok, true);
      writeFileSync(reloadKeyFile, '');
      const none = await reloadVmauth(settings({ vmauth, reloadKeyFile }), places);
      ok(!none.ok && none.reason.includes('no key'), JSON.stringify(none));
      equal(server.asked.at(-1)?.url, '/-/reload?authKey=the-key');
      await server.close();
    });
  });

  test('by a signal, to vmauth and to nobody else', async () => {
    await inPlace(async ({ directory }) => {
      const places = { env: {}, configDirectory: directory };
      const pidFile = join(directory, 'pid');
      const reload = () => reloadVmauth(settings({ reload: 'pid', pidFile }), places);
      for (const text of ['', '0', '-1', 'x', `${process.pid}`, '999999999']) {
        writeFileSync(pidFile, text);
        equal((await reload()).ok, false, text);
      }
      const program = join(directory, 'vmauth-test');
      copyFileSync('/bin/sleep', program);
      chmodSync(program, 0o755);
      const child = spawn(program, ['60']);
      await once(child, 'spawn');
      writeFileSync(pidFile, `${child.pid}\n`);
      const ended = once(child, 'exit');
      equal((await reload()).ok, true);
      equal((await ended)[1], 'SIGHUP');
    });
  });

  test('by systemctl, whose words are told', async () => {
    await inPlace(async ({ directory }) => {
      const file = join(directory, 'systemctl');
      writeFileSync(
        file,
        '#!/bin/sh\n[ "$3" = good.service ] || { echo "no such unit" >&2; exit 5; }\n',
      );
      chmodSync(file, 0o755);
      const places = { env: { PATH: directory }, configDirectory: directory };
      const reload = (unit: string) => reloadVmauth(settings({ reload: 'unit', unit }), places);
      equal((await reload('good.service')).ok, true);
      const bad = await reload('bad.service');
      ok(!bad.ok && bad.reason.includes('no such unit'), JSON.stringify(bad));
    });
  });
});
