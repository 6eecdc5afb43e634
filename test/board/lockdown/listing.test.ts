import { deepEqual, equal } from 'node:assert/strict';
import {
  chainLengths,
  changedSets,
  compareSets,
  compareStructure,
  parseListing,
} from '../../../src/board/lockdown/listing.ts';
import { SET_NAMES } from '../../../src/board/lockdown/sets.ts';
import { suite } from '../../helper.ts';

const TEXT = `table inet flint {
	comment "flint lockdown 1"
	counter in-ssh {
		comment "why"
	}

	set infra4 {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.1, 192.168.0.0/24,
			     192.168.1.0/24 }
	}

	set infra6 {
		type ipv6_addr
		flags interval
	}

	chain input {
		type filter hook input priority filter - 10; policy drop;
		iif "lo" accept
		icmp type { echo-reply, time-exceeded } accept
	}
}
`;

suite('the kernel’s own words', (s) => {
  const listing = parseListing(TEXT);

  s.test('the elements of a set are apart from the rules', () => {
    deepEqual(listing.sets.infra4, ['10.0.0.1', '192.168.0.0/23']);
    deepEqual(listing.sets.infra6, []);
    equal(listing.sets.near4, null);
    equal(
      listing.structure.some((line) => line.includes('192.168')),
      false,
    );
  });

  s.test('the order inside of braces does not matter, that of rules does', () => {
    const turned = TEXT.replace('{ echo-reply, time-exceeded }', '{ time-exceeded, echo-reply }');
    deepEqual(compareStructure(listing.structure, parseListing(turned).structure), []);

    const lines = TEXT.split('\n');
    const at = lines.findIndex((line) => line.includes('iif "lo"'));
    lines.splice(at, 2, lines[at + 1] ?? '', lines[at] ?? '');
    deepEqual(compareStructure(listing.structure, parseListing(lines.join('\n')).structure), [
      'chain input: in another order',
    ]);
  });

  s.test('each difference is said', () => {
    const other = TEXT.replace('iif "lo" accept', 'accept')
      .replace('policy drop', 'policy accept')
      .replace('comment "flint lockdown 1"', 'flags dormant')
      .replace('chain input', 'chain own {\n}\nchain input');

    deepEqual(compareStructure(listing.structure, parseListing(other).structure), [
      'the table lacks: comment "flint lockdown 1"',
      'chain input lacks: type filter hook input priority filter - 10; policy drop;',
      'chain input lacks: iif "lo" accept',
      'the table has besides: flags dormant',
      'the table has besides chain own',
      'chain input has besides: type filter hook input priority filter - 10; policy accept;',
      'chain input has besides: accept',
    ]);
  });

  s.test('of a chain that is gone the name is enough, and not more than twenty are said', () => {
    const without = TEXT.replace(/\tchain input(?:.|\n)*\n\t\}\n/, '');
    deepEqual(compareStructure(listing.structure, parseListing(without).structure), [
      'the table lacks chain input',
    ]);
    const many = Array.from({ length: 50 }, (_, at) => `chain input | rule ${at}`);
    const said = compareStructure(listing.structure, [...listing.structure, ...many]);
    deepEqual([said.length, said.at(-1)], [21, 'and 30 more']);
  });

  s.test('sets are compared by what is in them', () => {
    const empty = Object.fromEntries(SET_NAMES.map((name) => [name, []])) as never;
    const expected = { ...(empty as object), infra4: ['10.0.0.1', '10.9.9.9'] } as never;

    deepEqual(compareSets(expected, listing.sets), [
      'set infra4 lacks 10.9.9.9',
      'set infra4 has besides 192.168.0.0/23',
    ]);
    deepEqual(changedSets(expected, listing.sets), ['infra4']);
  });

  s.test('the length of a chain counts its hook', () => {
    deepEqual([...chainLengths(listing.structure)], [['chain input', 3]]);
  });
});
