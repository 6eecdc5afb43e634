import { is } from 'uvu/assert';
import { keepOwnPace } from '../../../src/control/request/own-pace.ts';
import { suite } from '../../helper.ts';
import { inLab } from '../fleet-lab.ts';

suite('control/request/own-pace', (s) => {
  s.test('who would fill the audit log waits, and nobody else does', () =>
    inLab(async ({ context, clock }) => {
      const isKept = (id: number): boolean => {
        try {
          keepOwnPace(context, id);
          return true;
        } catch (error) {
          is((error as { code: string }).code, 'ERR_THROTTLED');
          return false;
        }
      };
      let kept = 0;
      for (let n = 0; n < 1_000; n++) kept += isKept(1) ? 1 : 0;
      is(kept, 150);
      is(isKept(2), true);
      clock.nowMs += 30_000;
      is(isKept(1), true);
      is(isKept(1), false);
    }),
  );
});
