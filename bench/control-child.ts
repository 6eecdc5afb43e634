// A control in a process of its own, whose state has a whole fleet registered. Takes its options as
// JSON in the first argument and says where it listens as one line of JSON.

import { startControl } from '../src/control/control.ts';
import { parseControlConfig } from '../src/control/request/config.ts';
import { makeCredential } from '../src/control/request/credential.ts';
import { controlFile, openControlDb } from '../src/control/store/db.ts';
import { openLog } from '../src/host/log.ts';
import { hardwareProfiles, macOf, nameOf } from './control-fleet.ts';

export interface ChildOptions {
  stateDirectory: string;
  probes: number;
}

export interface ChildReady {
  port: number;
  origin: string;
  claimToken: string;
  apiToken: string;
}

async function main({ stateDirectory, probes }: ChildOptions): Promise<void> {
  const { claimToken, apiToken } = await seed(stateDirectory, probes);
  const parsed = parseControlConfig({ schema: 1, listen: { address: '127.0.0.1', port: 0 } });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: false });
  const control = await startControl({
    config: parsed.config,
    stateDirectory,
    version: '0.0.0',
    log,
    hardware: hardwareProfiles(),
  });
  const { port, origin } = control;
  const ready: ChildReady = { port, origin, claimToken, apiToken };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.once('SIGTERM', () => void control.stop().then(() => process.exit(0)));
}

// As if an operator had registered all of them and put one claim token into their image.
async function seed(stateDirectory: string, probes: number) {
  const store = await openControlDb(controlFile(stateDirectory, 'control.db'));
  const { raw } = store;
  const claim = makeCredential('claim');
  const token = makeCredential('pat');
  const nowMs = Date.now();
  const untilMs = nowMs + 86_400_000;
  const add = raw.prepare(
    `insert into probes (name, mac, hardware, location, contact, note, search, createdMs)
     values (?, ?, 'generic', ?, '', '', ?, ?)`,
  );
  const label = raw.prepare(
    "insert into probe_labels (probeId, kind, value) values (?, 'group', ?)",
  );
  raw.transaction(() => {
    for (let i = 0; i < probes; i++) {
      const place = `street ${i % 500}`;
      const search = `${nameOf(i)} ${macOf(i)} ${place} site${i % 100}`;
      const { lastInsertRowid } = add.run(nameOf(i), macOf(i), place, search, nowMs);
      label.run(lastInsertRowid, `site${i % 100}`);
    }
    raw
      .prepare(
        `insert into claim_tokens (tokenSha256, label, usesMax, uses, createdMs, untilMs, createdBy)
         values (?, 'bench', ?, 0, ?, ?, 'system')`,
      )
      .run(claim.sha256, probes, nowMs, untilMs);
    raw
      .prepare("insert into operators (id, name, role, createdMs) values (1, 'bench', 'viewer', ?)")
      .run(nowMs);
    raw
      .prepare(
        `insert into api_tokens (operatorId, label, tokenSha256, role, createdMs, untilMs)
         values (1, 'bench', ?, 'viewer', ?, ?)`,
      )
      .run(token.sha256, nowMs, untilMs);
  })();
  await store.close();
  return { claimToken: claim.text, apiToken: token.text };
}

const [argument = '{}'] = process.argv.slice(2);
await main(JSON.parse(argument) as ChildOptions);
