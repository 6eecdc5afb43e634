import { is, match } from 'uvu/assert';
import { ENROLLED } from '../../src/core/enroll-wire.ts';
import { type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { clientOf, NEVER } from './clients.ts';

const GOOD = { probe: { name: 'probe1' }, apiKey: 'k'.repeat(43), nowMs: 1 };

suite('board/control-client', (s) => {
  let control: FakeControl;

  s.before(async () => {
    control = await openFakeControl();
  });

  s.after(() => control.close());

  async function answered(body: string): Promise<string> {
    control.once('enroll', { kind: 'say', status: 200, body });
    const call = { path: '/api/v1/enroll', body: '{}', schema: ENROLLED, signal: NEVER };
    const outcome = await clientOf(control.origin).post(call);
    return outcome.ok ? JSON.stringify(outcome.value) : `${outcome.kind}: ${outcome.message}`;
  }

  s.test('an answer is what the schema says, without what it does not name', async () => {
    is(await answered(JSON.stringify({ ...GOOD, more: 1 })), JSON.stringify(GOOD));
  });

  s.test('one that says nothing is no success', async () => {
    const bad = [
      '',
      'null',
      '[]',
      '{}',
      'not json',
      JSON.stringify({ ...GOOD, apiKey: null }),
      JSON.stringify({ ...GOOD, apiKey: 'null' }),
      JSON.stringify({ ...GOOD, apiKey: '' }),
      JSON.stringify({ ...GOOD, probe: null }),
      JSON.stringify({ ...GOOD, probe: { name: '../x' } }),
      JSON.stringify({ ...GOOD, nowMs: '1' }),
    ];
    for (const body of bad) match(await answered(body), /^invalid: .*makes no sense/, body);
  });

  s.test('a document comes as its text, and not again when it is known', async () => {
    const client = clientOf(control.origin);
    const probe = control.register('02:00:5e:10:00:01');
    probe.apiKeys.add('key');
    const call = { path: '/api/v1/config', apiKey: 'key', signal: NEVER };
    const first = await client.get({ ...call, etag: null });
    const second = await client.get({ ...call, etag: '"one"' });

    is(first.ok && first.value.isNew && first.value.text, '{"schema":1}');
    is(first.ok && first.value.isNew && first.value.etag, '"one"');
    is(second.ok && second.value.isNew, false);
    is(control.asked.at(-1)?.headers.authorization, 'Bearer key');
  });

  s.test('"not modified" of nothing is a failure', async () => {
    control.once('config', { kind: 'say', status: 304, body: '' });
    const call = { path: '/api/v1/config', apiKey: 'key', etag: null, signal: NEVER };
    const outcome = await clientOf(control.origin).get(call);

    is(outcome.ok, false);
  });
});
