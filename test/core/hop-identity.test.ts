import * as assert from 'uvu/assert';
import { emptyHopMemory, observeHop } from '../../src/core/hop-identity.ts';
import { suite } from '../helper.ts';

suite('core/hop-identity', ({ test }) => {
  test('the first address is learnt, not changed', () => {
    const memory = emptyHopMemory();

    assert.equal(observeHop(memory, ['a'], 5), { changedMs: null, isLearnt: true });
    assert.is(memory.current, 'a');
  });

  test('a new address takes the place in the second trace, dated by the first', () => {
    const memory = emptyHopMemory();
    observeHop(memory, ['a'], 0);

    assert.is(observeHop(memory, ['b', 'b'], 10).changedMs, null);
    assert.is(memory.current, 'a');
    assert.is(observeHop(memory, ['b'], 20).changedMs, 10);
    assert.is(memory.current, 'b');
  });

  test('a route that changes within a trace is a change in the next', () => {
    const memory = emptyHopMemory();
    observeHop(memory, ['a', 'a', 'b'], 10);

    assert.is(observeHop(memory, ['b', 'b', 'b'], 20).changedMs, 10);
    assert.is(memory.current, 'b');
  });

  test('addresses that take turns within a trace change nothing', () => {
    const memory = emptyHopMemory();
    observeHop(memory, ['a', 'a', 'b'], 10);

    assert.is(observeHop(memory, ['b', 'c', 'c'], 20).changedMs, null);
    assert.is(memory.current, 'a');
    assert.ok(memory.alternates.some(({ token }) => token === 'b'));
  });

  test('no answer is no trace', () => {
    const memory = emptyHopMemory();
    observeHop(memory, ['a'], 0);
    const before = JSON.stringify(memory);

    observeHop(memory, [], 10);

    assert.is(JSON.stringify(memory), before);
  });

  test('one that comes and goes is an alternate, until it is not seen for long', () => {
    const memory = emptyHopMemory();
    for (const token of ['a', 'b', 'a']) observeHop(memory, [token], 0);
    assert.equal(
      memory.alternates.map(({ token }) => token),
      ['b'],
    );

    for (let i = 0; i < 40; i++) observeHop(memory, ['a'], 0);
    assert.equal(memory.alternates, []);
  });
});
