import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseTargetLines, printTargets } from '../../../src/control/page/set-targets.ts';
import { suite } from '../../helper.ts';

suite('control/page/set-targets', (s) => {
  s.test('a line is a host and what is special about it', () => {
    const { targets, errors } = parseTargetLines(
      '@gateway\r\n# all of it a comment\n\n' +
        ' one.one.one.one  id=cf interval=5s families=v4,v6 # near\n' +
        'sip.example.net tos=184 size=172 label.site=fra label.note=two%20words',
    );
    assert.equal(errors, []);
    assert.equal(targets, [
      '@gateway',
      { host: 'one.one.one.one', id: 'cf', interval: '5s', families: ['v4', 'v6'] },
      {
        host: 'sip.example.net',
        tos: 184,
        size: 172,
        labels: { site: 'fra', note: 'two words' },
      },
    ]);
  });

  s.test('errors name the line, and five are enough', () => {
    const { errors } = parseTargetLines('a x\nid=b\nc tos=high\nd what=1\ne id=\nf g\nh i');
    assert.is(errors.length, 5);
    assert.match(errors[0] ?? '', /^line 1: expected key=value but got x$/);
    assert.match(errors[1] ?? '', /^line 2: expected a host first/);
    assert.match(errors[2] ?? '', /^line 3: expected a number for tos/);
    assert.match(errors[3] ?? '', /^line 4: what is none of id, /);
  });

  s.test('what lines cannot say is said to be missing', () => {
    assert.is(printTargets([{ host: 'a', future: [1] }]).isWhole, false);
    assert.is(printTargets([{ host: 'a b' }, 7]).isWhole, false);
    assert.equal(printTargets(['a', { host: 'b', source: null }]), { text: 'a\nb', isWhole: true });
  });

  s.test('printed and parsed again a target is the same', () => {
    const word = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);
    const target = fc.record(
      {
        host: word,
        id: word,
        interval: fc.constantFrom('5s', '200ms'),
        families: fc.constantFrom(['v4'], ['v4', 'v6']),
        size: fc.integer({ min: 16, max: 1472 }),
        port: fc.integer({ min: 1, max: 65535 }),
        labels: fc.dictionary(
          fc.stringMatching(/^[a-z_]{1,8}$/),
          fc.string({ minLength: 1, maxLength: 20 }),
          { minKeys: 1, maxKeys: 3, noNullPrototype: true },
        ),
      },
      { requiredKeys: ['host', 'id'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(target, { maxLength: 5 }), (targets) => {
        const { text, isWhole } = printTargets(targets);
        assert.ok(isWhole);
        assert.equal(parseTargetLines(text).targets, targets);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  s.test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        parseTargetLines(text);
      }),
      { seed: 43, numRuns: 500 },
    );
  });
});
