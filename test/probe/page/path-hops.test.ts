import * as assert from 'uvu/assert';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { pathFacts } from '../../../src/probe/page/path.ts';
import { pathCard } from '../../../src/probe/page/path-hops.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeHop, fakePath, fakePathEvent, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

async function card(path: PathSnapshot, events = [] as ReturnType<typeof fakePathEvent>[]) {
  const input = fakeInput(fakeSnapshot([], { paths: [path] }), { events });
  return String(await pathCard(pathFacts(path, input), NOW_MS));
}

/** The cells of each row, as text. */
function rows(markup: string): string[][] {
  return [...markup.matchAll(/<tr role="row"[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => plain(cell)),
  );
}

const labels = [24_017, 300_224].map((label) => ({ label, trafficClass: 0, ttl: 1 }));

suite('probe/page/path-hops', (s) => {
  s.test('every hop is a row with its figures and what they mean', async () => {
    const hops = [
      fakeHop(1, 'r1'),
      fakeHop(2, null),
      fakeHop(3, 'r3', { received: 1, lossPercent: 66.7 }),
      fakeHop(4, 't', { lossKind: 'forwarding', pathLossPercent: 12 }),
    ];
    const [head, ...found] = rows(await card(fakePath('r1 * r3 t', { hops })));
    assert.equal(head?.slice(3), ['last', 'avg', 'best', 'worst', 'no answer', 'on the way']);
    assert.equal(found[0], [
      '1',
      'r1',
      '',
      '1.10 ms',
      '1.10 ms',
      '1.00 ms',
      '1.20 ms',
      '0 %',
      'nothing lost',
    ]);
    assert.equal(found[1]?.slice(1), [
      'silent',
      '',
      '–',
      '–',
      '–',
      '–',
      '100 %',
      'never answers, passes all on',
    ]);
    assert.equal(found[2]?.slice(-2), ['66.7 %', 'answers some, passes all on']);
    assert.is(found[3]?.at(-1), '12 % lost on the way to here');
  });

  s.test('further addresses and labels stand below, bounded', async () => {
    const ips = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const many = Array.from({ length: 9 }, () => ({ label: 7, trafficClass: 0, ttl: 1 }));
    const hops = [fakeHop(1, 'r0', { ips, mpls: labels }), fakeHop(2, 't', { mpls: many })];
    const found = rows(await card(fakePath('r0 t', { hops })));
    assert.is(found[1]?.[1], 'r0also r1, r2, r3, r4, r5, r6, r7, r8 and 3 moreMPLS 24017, 300224');
    assert.match(found[2]?.[1] ?? '', /MPLS 7, 7, 7, 7 and 5 more/);
  });

  s.test('each hop has its sparkline, described', async () => {
    const markup = await card(fakePath('r1 t'));
    assert.is(markup.split('class="spark"').length - 1, 2);
    assert.match(
      markup,
      /<title>Hop 1: best answers of the last 40 traces 1\.00\u202fms\.<\/title>/,
    );
  });

  s.test('it says since when, how the last trace ended, and what the figures are of', async () => {
    const event = fakePathEvent(NOW_MS - 2_400_000, ['r1 r2 t', 'r1 n2 t']);
    const text = plain(await card(fakePath('r1 n2 t'), [event]));
    assert.match(text, /IPv4 path by ICMP to t 3 hops, changed 13:50 at hop 2/);
    assert.match(text, /n2 new/);
    assert.match(text, /Last trace 14:29 UTC, one every 30 s; figures are of its 3 probes/);
    const cut = [fakeHop(1, 'r1'), fakeHop(2, null), fakeHop(3, null)];
    const silent = plain(await card(fakePath('r1', { end: 'silence', hops: cut })));
    assert.match(silent, /nobody answers beyond hop 1, unchanged for 6 d/);
    assert.match(silent, /Hops 2 to 3: asked, nobody answers\./);
  });

  s.test('what a search for other flows found is a sentence', async () => {
    const nodes = ['r1', 'r2'].map((ip) => ({ ttl: 1, ip, flows: 3, ends: false }));
    const report = { links: [], sent: 60, isComplete: true, nodeMissMax: 0.05, pathMissMax: 0.1 };
    const multipath = { ...report, nodes, atMs: NOW_MS - 60_000 };
    assert.match(
      plain(await card(fakePath('r1 t', { multipath }))),
      /spread over 2 routers at hop 1 \(searched 14:29 UTC with 60 probes; another would .* 5 %\)/,
    );
    const narrow = { ...multipath, nodes: nodes.slice(1), isComplete: false };
    assert.match(
      plain(await card(fakePath('r1 t', { multipath: narrow }))),
      /All flows take this way \(.*; the search ended at its limit/,
    );
  });

  s.test('before the first trace and without an address it says what is happening', async () => {
    assert.match(await card(fakeUntraced({})), /The first trace is under way\./);
    const markup = await card(fakeUntraced({ state: 'unresolved', reason: 'NXDOMAIN' }));
    assert.match(markup, /there is no address: NXDOMAIN\./);
    assert.not.match(markup, /<table/);
  });

  s.test(
    'the table stays one where a phone lays it out anew, and is scrolled by keyboard',
    async () => {
      const markup = await card(fakePath('r1 t'));
      assert.match(markup, /<div class="scroll" tabindex="0" role="region" aria-label="[^"]+">/);
      assert.match(markup, /<table\s+class="hops" role="table">/);
      for (const [tag] of markup.matchAll(/<t[rhd]\b[^>]*>/g)) assert.match(tag, /role="/);
    },
  );

  s.test('addresses of strangers are text', async () => {
    const evil = '"><script>alert(1)</script>';
    const path = fakePath('r1 t', {
      target: evil,
      ip: evil,
      hops: [fakeHop(1, evil, { ips: [evil, `${evil}2`] })],
    });
    assert.not.match(await card({ ...path, path: null }), /<script/);
  });
});
