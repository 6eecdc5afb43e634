// Sets, claim tokens, maintenance and the past, told to a real control by `flint fleet`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { type ControlRig, openControlRig } from '../fleet-control-rig.ts';

const SET = {
  id: 'basics',
  title: 'What all measure',
  measurements: { smokeping: { targets: ['192.0.2.1', '198.51.100.7'] } },
  assignments: [{ scope: 'group', value: 'homes' }],
};

suite('cli/fleet/control-sets', (s) => {
  let rig: ControlRig;
  s.before(async () => {
    rig = await openControlRig();
    await rig.become('operator', 'anna');
    await rig.told('add --mac 02:00:5e:10:00:05 --name probe05 --group homes');
    await rig.told('add --mac 02:00:5e:10:00:06 --name probe06');
  });
  s.after(() => rig.close());

  function file(set: unknown): string {
    const path = join(rig.directory, 'set.json');
    writeFileSync(path, typeof set === 'string' ? set : JSON.stringify(set));
    return path;
  }

  s.test('a preview tells the cost and saves nothing', async () => {
    const text = await rig.told(`set preview ${file(SET)}`);

    match(text, /^1.probe would run it\nprobe05 now: .* packets\/s, .* a day\nprobe05 then: /);
    match(text, /\n {2}192\.0\.2\.1 gets .* packets\/s from all probes together\n/);
    is(await rig.told('set list'), 'no set yet; flint fleet set save makes one\n');
    is((await rig.said(`set preview ${file(SET)}`))['probes'], 1);
  });

  s.test('a set is saved, with its cost beside the answer', async () => {
    const { code, stdout, stderr } = await rig.run('set', 'save', file(SET), '--yes');

    is(code, 0, stderr);
    is(stdout, 'basics is saved; 1 probe runs it\n');
    match(stderr, /^1.probe would run it\n/);
    match(
      await rig.told('set list'),
      /\nbasics +1 +group homes +smokeping +now +What all measure\n/,
    );
    match(
      await rig.told('set show basics'),
      /^basics: What all measure\nruns on +1.probe \(group h/,
    );
    is(Array.isArray((await rig.said('set list'))['sets']), true);
  });

  s.test('what is shown as JSON can be edited and saved', async () => {
    const shown = await rig.said('set show basics');
    const saved = await rig.said(`set save ${file({ ...shown, note: 'edited' })} --yes`);

    is(saved['note'], 'edited');
    equal(saved['measurements'], shown['measurements']);
  });

  s.test('a set that no probe would take is refused with the value that is wrong', async () => {
    const odd = { ...SET, measurements: { smokeping: { targets: [], interval: 'soon' } } };
    const { code, stdout, stderr } = await rig.run('set', 'save', file(odd));

    equal([code, stdout], [2, '']);
    match(
      stderr,
      /^flint: cannot preview the set at http.*smokeping\.interval: expected a duration/,
    );
    for (const [text, says] of [
      ['{"id":', /set\.json: expected JSON: /],
      ['[1]', /expected a JSON object with "id"/],
      ['{"id":"A B"}', /expected a set with an "id" of 1 to 63/],
    ] as const) {
      const wrong = await rig.run('set', 'save', file(text));
      is(wrong.code, 2);
      match(wrong.stderr, says);
    }
  });

  s.test('it is assigned and taken back, once each', async () => {
    is(
      await rig.told('assign basics --all'),
      'basics is assigned to all probes; 2 probes run it\n',
    );
    const again = await rig.run('assign', 'basics', '--all');
    equal([again.code, again.stdout], [0, '']);
    match(again.stderr, /basics is already assigned to all probes/);
    await rig.told('assign basics --probe probe06');
    equal((await rig.said('set show basics'))['assignments'], [
      { scope: 'all', value: '' },
      { scope: 'group', value: 'homes' },
      { scope: 'probe', value: 'probe06' },
    ]);
    const text = await rig.told('unassign basics --all');
    is(text, 'basics is no longer assigned to all probes; 2 probes run it\n');
    is((await rig.run('unassign', 'basics', '--all')).code, 1);
    const unknown = await rig.run('assign', 'basics', '--probe', 'probe99');
    is(unknown.code, 1);
    match(unknown.stderr, /cannot assign basics to probe99 at http.*probe99/);
  });

  s.test('a set is removed for good only on purpose', async () => {
    const { code, stderr } = await rig.run('set', 'remove', 'basics');
    equal([code, /no probe would run basics any more; add --yes/.test(stderr)], [2, true]);
    await rig.told('set remove basics --yes');
    is((await rig.run('set', 'show', 'basics')).code, 1);
  });

  s.test('a claim token is told once, alone on standard output', async () => {
    const words = ['claim', 'add', '--label', 'batch of May', '--uses', '20', '--for', '12h'];
    const { code, stdout, stderr } = await rig.run(...words);
    is(code, 0, stderr);
    match(stdout, /^flint_claim_[\w-]{43}\n$/);
    match(stderr, /^Shown this once\. It binds any registered board that is free, 20 times/);
    const listed = await rig.told('claim list');
    match(listed, /\n +1 +batch of May +any +0 of 20 +in \d+ h /);
    is(listed.includes(stdout.trim()), false);
    const bound = await rig.said('claim add --label one --probe probe05');
    equal([bound['probe'], bound['usesMax']], ['probe05', 1]);
    match(await rig.told('claim revoke 1'), /^claim token 1 \(batch of May\) binds no board any/);
    match(await rig.told('claim list'), /\n +1 +batch of May +any +0 of 20 +revoked /);
    is((await rig.run('claim', 'revoke', '99')).code, 1);
  });

  s.test('maintenance begins when it is said to, and ends early', async () => {
    const now = await rig.told('maintenance add --group homes --for 12h --reason fibre');
    match(now, /^maintenance of the group homes from .*UTC until .*UTC\n$/);
    await rig.told('maintenance add --probe probe06 --from 2027-01-01T10:00 --for 1h');
    const { maintenance } = (await rig.said('maintenance list')) as {
      maintenance: { id: number; fromMs: number; untilMs: number; value: string }[];
    };
    const later = maintenance.find(({ value }) => value === 'probe06');
    const times = ['2027-01-01T10:00Z', '2027-01-01T11:00Z'].map(Date.parse);
    equal([later?.fromMs, later?.untilMs], times);
    match(await rig.told('maintenance list'), /\n +\d +the group homes +.*UTC +in \d+ h +fibre /);
    rig.lab.clock.nowMs = Date.now();
    for (const { id } of maintenance) await rig.told(`maintenance end ${id}`);
    is(/ in \d+ /.test(await rig.told('maintenance list')), false);
    is((await rig.run('maintenance', 'end', '99')).code, 1);
  });

  s.test('the audit log tells who changed what', async () => {
    await rig.told('edit probe05 --location Ulm');
    const text = await rig.told('audit --subject probe05');

    match(text, /^WHEN +WHO +DID +TO +CHANGE\n.*token:anna\/lab +probe\.\w+ +probe05 .*"Ulm"/);
    const { entries } = (await rig.said('audit --limit 2')) as { entries: unknown[] };
    is(entries.length, 2);
  });

  s.test('events tell what happened at which probe', async () => {
    is(await rig.told('events'), 'nothing happened since then\n');
    const { db } = rig.lab.context.store;
    const { id } = await db
      .selectFrom('probes')
      .select('id')
      .where('name', '=', 'probe05')
      .executeTakeFirstOrThrow();
    const fromMs = Date.now() - 600_000;
    const row = { probeId: id, eventId: 'outage-1', kind: 'outage', target: 'a400', family: 'v6' };
    const rest = { scope: 'target', untilMs: null, detail: '{"lost":31}', heardMs: fromMs };
    await db
      .insertInto('probe_events')
      .values({ ...row, ...rest, fromMs })
      .execute();
    const text = await rig.told('events --probe probe05 --since 1h');

    match(text, /\n.* UTC +goes on +probe05 +outage +a400 +v6 +lost 31\n/);
    is(((await rig.said('events')) as { events: unknown[] }).events.length, 1);
    is((await rig.run('events', '--probe', 'probe99')).code, 1);
    ok((await rig.told('events --kind path')).startsWith('nothing happened'));
  });
});
