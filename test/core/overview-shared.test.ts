import * as assert from 'uvu/assert';
import { chanceOf, explain, type Trait } from '../../src/core/overview-shared.ts';
import { suite } from '../helper.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `p${i}`);
const trait = (value: string, holders: readonly string[], more: Partial<Trait> = {}): Trait => ({
  kind: 'group',
  value,
  isFresh: false,
  holders: new Set(holders),
  known: null,
  ...more,
});

suite('core/overview-shared', (s) => {
  s.test('the chance of a draw is that of the hypergeometric distribution', () => {
    assert.ok(Math.abs(chanceOf({ population: 10, holders: 5, drawn: 5 }, 5) - 1 / 252) < 1e-12);
    assert.ok(Math.abs(chanceOf({ population: 52, holders: 4, drawn: 5 }, 1) - 0.341158) < 1e-6);
    assert.is(chanceOf({ population: 5, holders: 2, drawn: 3 }, 0) > 0.999, true);
  });

  s.test('two of three prove nothing, but a router that is new to both does', () => {
    const population = new Set(names(3));
    const affected = ['p0', 'p1'];
    assert.is(explain({ affected, population, traits: [trait('a', affected)] })[0]?.shared, null);
    const fresh = trait('x', affected, { kind: 'hop', isFresh: true });
    assert.is(explain({ affected, population, traits: [fresh] })[0]?.shared?.value, 'x');
  });

  s.test('what everybody shares tells nobody apart', () => {
    const population = new Set(names(30));
    const affected = names(9);
    const [first] = explain({ affected, population, traits: [trait('a', names(30))] });
    assert.is(first?.shared, null);
  });

  s.test('two causes at one time are told apart, and the rest is told without one', () => {
    const population = new Set(names(60));
    const affected = [...names(12), 'p40'];
    const traits = [trait('a', names(6)), trait('b', names(12).slice(6))];
    const parts = explain({ affected, population, traits });
    assert.equal(
      parts.map(({ shared, probes }) => [shared?.value ?? null, probes.length]),
      [
        ['a', 6],
        ['b', 6],
        [null, 1],
      ],
    );
  });

  s.test('nearly none of the others: one in ten, rounded down', () => {
    const population = new Set(names(40));
    const ask = (holders: number, affected: number) =>
      explain({ affected: names(affected), population, traits: [trait('a', names(holders))] })[0];
    assert.is(ask(11, 10)?.shared?.exceptions, 1);
    assert.is(ask(12, 10)?.shared, null);
    assert.is(ask(10, 9)?.shared, null);
  });
});
