import * as assert from 'uvu/assert';
import { answerAfter, openRig, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

suite('wasm/ahead', ({ test }) => {
  test('changes nothing of what many series count', () => {
    for (const count of [200, 600]) {
      const rig = openRig(answerAfter(3), { packetsPerSecond: count });
      for (let i = 0; i < count; i++) rig.engine.addSeries(specOf(i % 3 === 0 ? 6 : 4, i));

      rig.run(3500);
      for (let i = 0; i < count; i++) rig.engine.stopSeries(i);
      rig.run(500);

      for (let i = 0; i < count; i++) {
        const { sent, received, lost, discarded } = rig.engine.state(i);
        assert.equal([sent, received, lost, discarded], [4, 4, 0, 0], `series ${i} of ${count}`);
      }
    }
  });

  test('stands whatever a packet says of its slot', () => {
    const rig = openRig(answerAfter(3), { packetsPerSecond: 600 });
    for (let i = 0; i < 600; i++) rig.engine.addSeries(specOf(4, i));
    rig.run(1000);

    for (let i = 0; i < 64; i++) {
      const bytes = new Uint8Array(64).fill(0xff);
      rig.transport.inject(4, { delayNs: 0n, raw: bytes });
    }
    rig.engine.tick(0);

    const alien = Object.values(rig.engine.figures().alien).reduce((sum, n) => sum + n, 0);
    assert.is(alien, 64);
  });
});
