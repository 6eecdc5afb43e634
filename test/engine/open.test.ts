import { equal, is, match } from 'uvu/assert';
import type { ProbeError } from '../../src/core/error.ts';
import { inheritedSockets } from '../../src/engine/open.ts';
import { suite } from '../helper.ts';
import { openCopy } from '../native/copy.ts';

const PID = 4242;
const BOTH = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'icmp4:icmp6' };
const SIX = { LISTEN_FDS: '6', LISTEN_FDNAMES: 'icmp4:icmp6:udp4:udp6:tcp4:tcp6' };
const DF = { LISTEN_FDS: '3', LISTEN_FDNAMES: 'icmp4:icmp4-df:icmp6' };

suite('engine/open', (s) => {
  for (const [says, env, expected] of [
    ['nothing was handed over', {}, {}],
    ['both, in the order of their names', BOTH, { icmp4: 3, icmp6: 4 }],
    ['commas do as well', { ...BOTH, LISTEN_FDNAMES: 'icmp6,icmp4' }, { icmp6: 3, icmp4: 4 }],
    ['for this process', { ...BOTH, LISTEN_PID: `${PID}` }, { icmp4: 3, icmp6: 4 }],
    ['for another process', { ...BOTH, LISTEN_PID: '1' }, {}],
    ['among others', { LISTEN_FDS: '3', LISTEN_FDNAMES: 'page:icmp6:unknown' }, { icmp6: 4 }],
    ['of every protocol', SIX, { icmp4: 3, icmp6: 4, udp4: 5, udp6: 6, tcp4: 7, tcp6: 8 }],
    ['DF apart', DF, { icmp4: 3, 'icmp4-df': 4, icmp6: 5 }],
    ['for paths alone', { LISTEN_FDS: '2', LISTEN_FDNAMES: 'tcp6:udp4' }, { tcp6: 3, udp4: 4 }],
    ['more names than descriptors', { ...BOTH, LISTEN_FDS: '1' }, { icmp4: 3 }],
    ['descriptors without names', { LISTEN_FDS: '2' }, {}],
    ['a count that is none', { ...BOTH, LISTEN_FDS: 'two' }, {}],
    ['a count below one', { ...BOTH, LISTEN_FDS: '-1' }, {}],
  ] as const) {
    s.test(`inherited sockets: ${says}`, () => {
      equal(inheritedSockets(env, PID), expected);
    });
  }

  s.test('without addon and without the npm package both reasons are told', async () => {
    const copy = openCopy({ code: 'src', addon: 'none', without: ['raw-socket'] });
    const open = (await copy.load('engine/open.ts')) as { openBest(request: unknown): unknown };
    let error: ProbeError | undefined;
    try {
      open.openBest({ hot: {}, identifier: 16, slots: 4096 });
    } catch (thrown) {
      error = thrown as ProbeError;
    } finally {
      copy.remove();
    }

    is(error?.code, 'ERR_ADDON_MISSING');
    match(error?.message ?? '', /^build\/flint\.node cannot be loaded/);
    match(error?.message ?? '', /; and npm package raw-socket is not there \(.*npm rebuild/);
  });
});
