// Steps of a push whose vmagent is a unit that does not come up; prints what the last one tells.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openPushPart } from '../../../src/board/push/part.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { openLog } from '../../../src/host/log.ts';
import { makeContext } from './context.ts';
import { pushSettings } from './settings.ts';

const SYSTEMCTL = `#!/bin/sh
told=$(dirname "$0")/told
[ "$2" != restart ] || : > "$told"
[ "$2" != show ] || echo ActiveState=$([ -e "$told" ] && echo activating || echo inactive)
`;

const [directory = '', state = ''] = process.argv.slice(2);
writeFileSync(join(directory, 'systemctl'), SYSTEMCTL);
chmodSync(join(directory, 'systemctl'), 0o755);
mkdirSync(join(directory, 'secrets.d'));
writeFileSync(join(directory, 'secrets.d', 'push-bearer'), 'token-of-probe01', { mode: 0o600 });
// One that takes everything needs no relay.
const server = createServer((_, response) => response.writeHead(204).end());
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address() as AddressInfo;
const log = openLog({ stream: { write: () => true }, nowMs: Date.now, journal: false });
const part = openPushPart({
  settings: pushSettings({
    ...{ supervise: 'unit', user: 'nobody', url: `http://127.0.0.1:${port}/` },
    ...{ port: 1, relayPort: 2, daemon: '127.0.0.1:1', nodeExporter: null },
  }),
  context: makeContext(log, { env: { PATH: `${directory}:${process.env['PATH']}` } }),
  places: pushPlaces(state, join(directory, 'run')),
  configDirectory: directory,
});
// The first one restarts it, the second one looks.
await part.step();
process.stdout.write((await part.step()).state?.reason ?? 'no trouble');
await part.close();
process.exit(0);
