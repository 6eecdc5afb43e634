import { is, ok } from 'uvu/assert';
import { openAccount } from '../../src/measure/guard-account.ts';
import { suite } from '../helper.ts';

suite('measure/guard-account', (s) => {
  s.test('what is sent at the rate or below never gets over', () => {
    const account = openAccount(50, 100);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) {
      account.charge(50, nowMs);
      is(account.isOver(nowMs), false);
    }
  });

  s.test('more than a burst is over until it is paid', () => {
    const account = openAccount(50, 100);
    account.charge(150, 0);
    is(account.isOver(0), true);
    is(account.waitMs(0, 0, 0), 3000);
    is(account.isOver(999), true);
    is(account.isOver(1000), false);
    is(account.level(3000), 0);
  });

  s.test('says when one more fits, and that it fits at once where it can never fit better', () => {
    const account = openAccount(10, 20);
    account.charge(20, 0);
    is(account.waitMs(1, 0, 1), 100);
    is(account.waitMs(1, 0, 0.5), 1100);
    is(openAccount(10, 20).waitMs(1000, 0, 1), 0);
  });

  s.test('a clock that stands still pays nothing', () => {
    const account = openAccount(10, 20);
    account.charge(30, 500);
    account.charge(0, 400);
    ok(account.level(500) === 30);
  });
});
