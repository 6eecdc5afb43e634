import { equal, match } from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { isConfirmed } from '../../../src/cli/board/lockdown-confirm.ts';
import { sshFault } from '../../../src/cli/board/lockdown-guard.ts';
import { agentSettings, lockdownSettings, TAILNET } from '../../board/lockdown/settings-samples.ts';
import { suite } from '../../helper.ts';

const MESH_ADDRESS = { address: 'fd12:3:4::7', cidr: 'fd12:3:4::7/128' };

function faultOf(connection: string | undefined, isOnMesh = true): string | null {
  return sshFault({
    connection,
    settings: lockdownSettings({ jumpHosts: ['fd12:3:4::2'] }),
    wanted: wantedOf(agentSettings(isOnMesh ? { tailnet: TAILNET } : {})),
    interfaces: { tailscale0: [MESH_ADDRESS as never] },
  });
}

suite('whether the lockdown would cut off who asks for it', (s) => {
  s.test('not a console, nor this machine itself', () => {
    for (const connection of [undefined, '', '127.0.0.1 5 127.0.0.1 22', '::1 5 ::1 22']) {
      equal(faultOf(connection), null);
    }
  });

  s.test('not the jump host by the mesh', () => {
    equal(faultOf('fd12:3:4::2 50000 fd12:3:4::7 22'), null);
  });

  s.test('everybody else, and says why', () => {
    match(
      faultOf('192.168.1.5 50000 192.168.1.9 22') ?? '',
      /192\.168\.1\.5.*not come by the mesh/,
    );
    match(faultOf('fd12:3:4::8 50000 fd12:3:4::7 22') ?? '', /not among the jumpHosts/);
    match(faultOf('fd12:3:4::2 50000 fd12:3:4::7 2222') ?? '', /not by port 2222/);
    match(faultOf('fd12:3:4::2 50000 fd12:3:4::7 22', false) ?? '', /not come by the mesh/);
  });
});

suite('the question whether all is well', (s) => {
  s.test('a line is yes', async () => {
    const input = new PassThrough();
    const asked = isConfirmed(input, new PassThrough(), 5000);
    input.write('\n');
    equal(await asked, true);
  });

  s.test('silence, and the end of a session, is no', async () => {
    const input = new PassThrough();
    const asked = isConfirmed(input, new PassThrough(), 30);
    input.end('half a line');
    equal(await asked, false);
  });
});
