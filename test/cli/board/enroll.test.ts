// `flint enroll` as a process: one enrolment, as often as one likes.
import { existsSync, readFileSync } from 'node:fs';
import { equal, is, match, not } from 'uvu/assert';
import { CLAIM, startProcess } from '../../board/agent-process.ts';
import { MAC } from '../../board/agents.ts';
import { type BoardPlace, inPlace } from '../../board/place.ts';
import { type FakeControl, openFakeControl } from '../../fake/control.ts';
import { suite } from '../../helper.ts';

async function withControl(
  run: (control: FakeControl, place: BoardPlace) => Promise<void>,
): Promise<void> {
  const control = await openFakeControl();
  try {
    await inPlace((place) => run(control, place));
  } finally {
    await control.close();
  }
}

async function enroll(place: BoardPlace, control: FakeControl, words: string[] = []) {
  const options = { command: 'enroll', words, withoutClaim: words.length > 0 } as const;
  const process = startProcess(place, control.origin, options);
  return { code: await process.ended, ...process.output };
}

suite('cli/board/enroll', ({ test }) => {
  test('is refused until the operator approved, then bound, and may be repeated', () =>
    withControl(async (control, place) => {
      control.register(MAC);
      const refused = await enroll(place, control);
      is(refused.code, 1);
      match(refused.stderr, /does not accept this board \(yet\).*register MAC 02:00:5e:10:00:01/);
      is(existsSync(place.places.credentials), false);

      control.approve(MAC);
      const bound = await enroll(place, control);
      equal([bound.code, bound.stdout], [0, `this board is probe probe1 of ${control.origin}\n`]);
      const before = readFileSync(place.places.credentials, 'utf8');
      is((await enroll(place, control)).code, 0);
      not.equal(readFileSync(place.places.credentials, 'utf8'), before);
      is(new Set(control.payloads.map(({ publicKey }) => publicKey)).size, 1);
    }));

  test('a token comes from a file, and is printed nowhere', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      const words = ['--claim-token-file', `${place.directory}/claim-token`];
      const dry = await enroll(place, control, [...words, '--dry-run']);
      equal([dry.code, control.asked.length, existsSync(place.state)], [0, 0, false]);
      match(dry.stdout, /claimToken: \(that of \/.*claim-token\)/);

      const bound = await enroll(place, control, words);
      is(bound.code, 0);
      for (const { stdout, stderr } of [dry, bound]) not.match(`${stdout}${stderr}`, CLAIM);
      is(control.payloads.at(-1)?.claimToken, CLAIM);
    }));

  test('trouble is told in one line, and old credentials stay', () =>
    withControl(async (control, place) => {
      control.register(MAC, CLAIM);
      is((await enroll(place, control)).code, 0);
      const before = readFileSync(place.places.credentials, 'utf8');
      control.always('enroll', {
        kind: 'say',
        status: 200,
        body: '{"probe":{"name":"probe1"},"apiKey":null,"nowMs":1}',
      });
      const bad = await enroll(place, control);

      is(bad.code, 1);
      match(
        bad.stderr,
        /^flint: cannot enrol at http:\S+: the answer of the control makes no sense/,
      );
      is(readFileSync(place.places.credentials, 'utf8'), before);
    }));
});
