// Adds users until it is killed, and says the number of each once it is written.
import { lockControl } from '../../src/control/store/control-lock.ts';
import { controlFile, openControlDb } from '../../src/control/store/db.ts';

const [directory = '', from = '0'] = process.argv.slice(2);
lockControl(directory);
const store = await openControlDb(controlFile(directory, 'control.db'));
for (let n = Number(from); n < Number(from) + 100_000; n++) {
  await store.write(async (db) => {
    const row = { name: `n${n}`, role: 'viewer', password: null, createdMs: 1 } as const;
    await db
      .insertInto('operators')
      .values(row)
      .onConflict((on) => on.doNothing())
      .execute();
    const entry = { atMs: n, actor: 'system', action: 'user.add', subject: `n${n}` };
    await db
      .insertInto('audit')
      .values({ ...entry, before: null, after: null })
      .execute();
  });
  process.stdout.write(`${n}\n`);
}
