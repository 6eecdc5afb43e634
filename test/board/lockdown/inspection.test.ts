import { deepEqual, equal } from 'node:assert/strict';
import { faultOf, judgeTable } from '../../../src/board/lockdown/inspection.ts';
import type { Applied } from '../../../src/board/lockdown/kept.ts';
import { SET_NAMES } from '../../../src/board/lockdown/sets.ts';
import { suite } from '../../helper.ts';

const SETS = Object.fromEntries(SET_NAMES.map((name) => [name, [] as string[]])) as Applied['sets'];
const APPLIED: Applied = {
  ...{ atMs: 1, bootId: 'b', version: 'v', mark: 'm', sets: SETS },
  structure: ['chain input | ', 'chain input | accept'],
};
const TEXT = 'table inet flint {\n chain input {\n accept\n }\n}\n';
const MEANT = { mark: 'm', rules: TEXT, version: 'v', sets: SETS, bootId: 'b' };

suite('the kernel’s table against what was loaded', (s) => {
  s.test('is ours when it is as it was listed then', () => {
    deepEqual(judgeTable(TEXT, APPLIED, MEANT), { ok: true, table: 'ours', drift: [], stale: [] });
  });

  s.test('that it is gone is somebody’s doing, unless the machine was started anew', () => {
    const gone = judgeTable(null, APPLIED, MEANT);
    const booted = judgeTable(null, APPLIED, { ...MEANT, bootId: 'other' });

    deepEqual(gone.ok && gone.drift, ['the table is not there']);
    deepEqual(booted.ok && [booted.table, booted.drift], ['missing', []]);
  });

  s.test('other settings, another nft, or no memory: it is foreign', () => {
    for (const found of [
      judgeTable(TEXT, APPLIED, { ...MEANT, mark: 'n' }),
      judgeTable(TEXT, APPLIED, { ...MEANT, version: 'w' }),
      judgeTable(TEXT, null, MEANT),
    ]) {
      equal(found.ok && found.table, 'foreign');
    }
  });

  s.test(
    'by its mark alone, with nothing kept, it is unproved, and with other chains foreign',
    () => {
      const marked = TEXT.replace('{', '{\n comment "flint lockdown m"\n');
      const tableOf = (text: string, applied: Applied | null) => {
        const found = judgeTable(text, applied, MEANT);
        return found.ok && found.table;
      };

      equal(tableOf(marked, null), 'unproved');
      equal(tableOf(marked, { ...APPLIED, version: 'w' }), 'unproved');
      equal(tableOf(marked.replace('accept', 'accept\n accept'), null), 'foreign');
      equal(tableOf(marked.replace(' m"', ' n"'), null), 'foreign');
      equal(tableOf(marked, APPLIED), 'ours');
    },
  );

  s.test('sets of an earlier boot tell of no change, but of what is to be filled', () => {
    const set = ' set infra4 {\n type ipv4_addr\n elements = { 10.0.0.1 }\n }\n';
    const text = TEXT.replace('{\n', `{\n${set}`);
    const head = ['set infra4 | ', 'set infra4 | type ipv4_addr'];
    const applied = { ...APPLIED, structure: [...head, ...APPLIED.structure] };
    const now = judgeTable(text, applied, MEANT);
    const booted = judgeTable(text, applied, { ...MEANT, bootId: 'other' });

    deepEqual(now.ok && now.drift, ['set infra4 has besides 10.0.0.1']);
    deepEqual(booted.ok && [booted.table, booted.drift, booted.stale], ['ours', [], ['infra4']]);
  });

  s.test('a chain of another length was not what we loaded', () => {
    equal(faultOf(TEXT, APPLIED.structure), undefined);
    equal(faultOf(TEXT, [...APPLIED.structure, 'chain input | x']), 'chain input has 2 lines');
    equal(faultOf(TEXT, []), 'chain input has 0 lines');
  });
});
