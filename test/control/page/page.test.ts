// Every page is drawn with texts that try to leave their place: names, notes, hosts, reasons.
import * as assert from 'uvu/assert';
import { auditPage } from '../../../src/control/page/audit.ts';
import { claimsPage } from '../../../src/control/page/claims.ts';
import { formState } from '../../../src/control/page/form.ts';
import { errorPage, loginPage, safeNext } from '../../../src/control/page/login.ts';
import {
  fieldTime,
  maintenancePage,
  parseFieldTime,
} from '../../../src/control/page/maintenance.ts';
import { type OverviewInput, overviewPage } from '../../../src/control/page/overview.ts';
import { probePage } from '../../../src/control/page/probe.ts';
import { confirmPage, editProbePage, readProbe } from '../../../src/control/page/probe-form.ts';
import { probesPage } from '../../../src/control/page/probes.ts';
import { setPage } from '../../../src/control/page/set.ts';
import { setsPage } from '../../../src/control/page/sets.ts';
import { type Frame, type Page, renderPage, withQuery } from '../../../src/control/page/shell.ts';
import { statusPage, statusText } from '../../../src/control/page/status.ts';
import { usersPage } from '../../../src/control/page/users.ts';
import type { ProbeDetail } from '../../../src/core/fleet.ts';
import { SPANS } from '../../../src/graph/span.ts';
import { fakeBoard, fakeLockdown, fakeMesh, fakePeer, fakePush } from '../../fake/board.ts';
import { fakeRound, NOW_MS } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const EVIL = '"\'><script>alert(1)</script><img src=x onerror=y> &amp; \u00e9';
const COUNTS = { well: 1, trouble: 0, silent: 0, waiting: 0, disabled: 0, maintenance: 0 };

function frame(change: Partial<Frame> = {}): Frame {
  return {
    house: EVIL,
    version: '0.1.0',
    nowMs: NOW_MS,
    reader: { name: EVIL, role: 'admin' },
    csrf: 'token',
    href: '/?a=b',
    isPaused: false,
    done: null,
    isStatic: false,
    ...change,
  };
}

function probe(change: Partial<ProbeDetail> = {}): ProbeDetail {
  return {
    name: 'probe07',
    mac: '02:00:5e:10:00:01',
    hardware: 'r2s',
    address: null,
    groups: ['north'],
    tags: [EVIL],
    location: EVIL,
    contact: EVIL,
    note: EVIL,
    state: 'bound',
    health: 'well',
    reason: EVIL,
    createdMs: NOW_MS - 1e8,
    boundMs: NOW_MS - 1e7,
    disabledMs: null,
    seenMs: NOW_MS - 9_000,
    seenFrom: EVIL,
    board: fakeBoard({
      mesh: fakeMesh({
        reason: EVIL,
        version: EVIL,
        peers: [fakePeer({ name: EVIL, via: 'relayed', relay: EVIL })],
      }),
      push: fakePush({ state: 'stalled', reason: EVIL }),
    }),
    agent: { message: EVIL, sinceMs: NOW_MS - 60_000, isBehind: true },
    version: EVIL,
    model: EVIL,
    series: 1,
    ailing: 0,
    fingerprint: EVIL,
    sshHostKey: EVIL,
    candidates: [
      {
        ...{ fingerprint: EVIL, publicKey: 'k', model: EVIL, hardware: EVIL, version: EVIL },
        ...{ seenFrom: EVIL, firstMs: NOW_MS - 1e5, lastMs: NOW_MS, attempts: 2 },
      },
    ],
    sets: ['base'],
    config: {
      wantedEtag: '"a"',
      etag: EVIL,
      error: EVIL,
      unsupported: [EVIL],
      capped: [EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL],
    },
    clock: { state: 'unsynced', offsetNs: 5 },
    measured: [
      { target: EVIL, host: EVIL, family: 'v4', ip: EVIL, state: 'measuring', reason: null },
      { target: EVIL, host: EVIL, family: 'v6', ip: null, state: 'unresolved', reason: EVIL },
    ],
    paths: [
      {
        ...{ target: EVIL, host: EVIL, family: 'v4', ip: EVIL, protocol: 'icmp' },
        ...{ state: 'tracing', sinceMs: NOW_MS - 1000, hops: [EVIL, null, EVIL] },
      },
    ],
    events: [
      {
        ...{ id: 'e', kind: EVIL, target: EVIL, family: null, fromMs: NOW_MS - 1000 },
        ...{ untilMs: null, scope: null, detail: { [EVIL]: EVIL }, heardMs: NOW_MS },
      },
    ],
    ...change,
  };
}

function overview(change: Partial<OverviewInput> = {}): OverviewInput {
  return {
    counts: COUNTS,
    findings: [
      {
        kind: 'shift',
        series: [{ target: EVIL, family: 'v6' }],
        probes: ['a', 'b'],
        of: 5,
        fromMs: NOW_MS - 1e6,
        deltaNs: 5.8e6,
        shared: { kind: 'hop', value: EVIL, isFresh: true, others: 3, exceptions: 0 },
      },
    ],
    join: {
      candidates: [{ probe: 'a', mac: EVIL, candidate: probe().candidates[0] as never }],
      boards: [{ id: 1, ...probe().candidates[0], mac: EVIL } as never],
    },
    refusals: [{ probe: 'a', error: EVIL }],
    capped: [{ probe: 'a', sentences: [EVIL] }],
    cards: [{ row: probe(), picture: null, words: EVIL }],
    rest: [probe()],
    isStatusPublic: true,
    origin: EVIL,
    ...change,
  };
}

const state = formState({ name: EVIL, note: EVIL, 'smokeping.targets': EVIL, mac: EVIL });
const broken = { ...state, errors: { '': EVIL, name: EVIL } };
const rounds = new Map([[`v4 ${EVIL}`, [fakeRound([5e6])]]]);
const span = SPANS[0] as (typeof SPANS)[number];
const form = { state: broken, hardware: [], groups: [EVIL], namePrefix: EVIL };

const PAGES: Record<string, (own: Frame) => Page> = {
  overview: (own) => overviewPage(own, overview()),
  probe: (own) => probePage(own, { probe: probe(), span, offset: 0, rounds }),
  probes: (own) =>
    probesPage(own, {
      query: { search: EVIL, group: EVIL, sort: 'worst', limit: 100, offset: 0 },
      probes: [probe()],
      total: 1,
      counts: COUNTS,
      groups: [EVIL],
      origin: EVIL,
    }),
  edit: (own) => editProbePage(own, { ...form, name: 'probe07' }),
  confirm: (own) =>
    confirmPage(own, { action: 'replace', probe: probe(), state: broken, hardware: [] }),
  set: (own) =>
    setPage(own, {
      ...{ set: null, state: broken, isJson: false, isWhole: true, groups: [EVIL] },
      preview: {
        probes: 1,
        example: null,
        most: { packetsPerSecond: 1, packetsPerDay: 1, bytesPerDay: 1 },
        fleet: { packetsPerSecond: 1, packetsPerDay: 1, bytesPerDay: 1 },
        destinations: [{ host: EVIL, packetsPerSecond: 1 }],
        warnings: [EVIL],
      },
      previewed: EVIL,
    }),
  sets: (own) =>
    setsPage(own, [
      {
        ...{ id: 'base', title: EVIL, note: EVIL, measurements: { [EVIL]: { targets: [] } } },
        ...{ assignments: [{ scope: 'group', value: EVIL }], probes: 1 },
        ...{ createdMs: 1, changedMs: 2 },
      },
    ]),
  claims: (own) =>
    claimsPage(own, {
      tokens: [
        {
          ...{ id: 1, label: EVIL, probe: null, usesMax: 1, uses: 0, createdMs: 1 },
          ...{ untilMs: NOW_MS + 1e6, revokedMs: null, createdBy: EVIL },
        },
      ],
      join: overview().join,
      state: broken,
      secret: EVIL,
    }),
  maintenance: (own) =>
    maintenancePage(own, {
      windows: [
        {
          ...{ id: 1, scope: 'group', value: EVIL, fromMs: NOW_MS - 1, untilMs: NOW_MS + 1e6 },
          ...{ reason: EVIL, createdBy: EVIL },
        },
      ],
      state: broken,
      groups: [EVIL],
    }),
  audit: (own) =>
    auditPage(own, {
      lines: [
        {
          ...{ id: 1, atMs: NOW_MS, actor: EVIL, action: EVIL, subject: EVIL },
          ...{ before: { [EVIL]: EVIL }, after: { [EVIL]: 'x' } },
        },
      ],
      filter: { subject: EVIL, actor: '', action: '' },
    }),
  users: (own) =>
    usersPage(own, {
      users: [
        {
          ...{ name: EVIL, role: 'viewer', hasPassword: false, createdMs: 1 },
          ...{ disabledMs: null, lastLoginMs: null },
        },
      ],
      state: broken,
      link: EVIL,
    }),
  login: () => loginPage({ state: broken, next: EVIL, hasAccounts: false, isStatusPublic: true }),
  error: (own) => errorPage(own, 500, EVIL),
  status: (own) =>
    statusPage(own, {
      title: EVIL,
      text: EVIL,
      places: [
        {
          name: EVIL,
          state: 'trouble',
          targets: [{ name: EVIL, isDown: true, pieces: ['well', 'down'] }],
        },
      ],
      untilMs: NOW_MS,
    }),
};

suite('control/page', (s) => {
  for (const [name, make] of Object.entries(PAGES)) {
    s.test(`texts of others stay texts on the page "${name}"`, async () => {
      const text = await renderPage(frame(), make(frame()));
      assert.not.match(text, /<script|<img/);
      assert.not.match(text, / style=/);
      assert.not.match(text, /undefined|\[object |NaN/);
      // Each attribute that holds such a text is still quoted: none of its words became one.
      const tags = text.match(/<[a-z][^<>]*>/g) ?? [];
      assert.is(tags.filter((tag) => /\sonerror=/.test(tag.replace(/"[^"]*"/g, '""'))).length, 0);
      assert.is(text.split('<h1').length, 2, 'one heading');
      assert.is(text.split(' id="').length - 1, new Set(text.match(/ id="[^"]*"/g)).size, 'ids');
    });

    s.test(`the page "${name}" has no form in an export, and no way to log in`, async () => {
      const own = frame({ isStatic: true, reader: null, csrf: '' });
      if (
        [
          'login',
          'error',
          'edit',
          'confirm',
          'users',
          'set',
          'sets',
          'claims',
          'maintenance',
        ].includes(name)
      )
        return;
      if (name === 'audit') return;
      assert.not.match(await renderPage(own, make(own)), /<form|<button|Log in/);
    });
  }

  s.test('a viewer gets no form but the one to log out', async () => {
    const own = frame({ reader: { name: 'vera', role: 'viewer' } });
    for (const name of ['overview', 'probe', 'probes', 'set', 'sets', 'claims', 'maintenance']) {
      const page = PAGES[name]?.(own);
      if (page === undefined) throw new Error(name);
      const text = await renderPage(own, page);
      const forms = text.match(/<form[^>]*>/g) ?? [];
      const changing = forms.filter((tag) => /method="post"/.test(tag));
      assert.equal(
        changing.map((tag) => /action="([^"]*)"/.exec(tag)?.[1]),
        ['/logout'],
        name,
      );
    }
  });

  s.test('an empty fleet says how to add a board, and where nobody could reach it', async () => {
    const none = { ...COUNTS, well: 0 };
    const input = overview({
      counts: none,
      cards: [],
      rest: [],
      findings: [],
      refusals: [],
      capped: [],
    });
    const text = await renderPage(
      frame(),
      overviewPage(frame(), { ...input, origin: 'http://127.0.0.1:8740' }),
    );
    assert.match(text, /No probe yet/);
    assert.match(text, /Flash the image/);
    assert.match(text, '<code>flint install --control http://127.0.0.1:8740</code> from a clone');
    assert.match(text, /this machine alone/);
  });

  s.test('sentences count right', async () => {
    const heading = (change: Partial<typeof COUNTS>): string =>
      String(overviewPage(frame(), overview({ counts: { ...COUNTS, ...change } })).heading);
    assert.is(heading({}), 'The probe is well.');
    assert.is(heading({ well: 28 }), 'All 28 probes are well.');
    assert.is(
      heading({ well: 28, trouble: 2, silent: 1, disabled: 4 }),
      'Of 31 probes 1 is silent and 2 need a look.',
    );
    assert.is(heading({ well: 0, silent: 1 }), 'The probe is silent.');
    assert.is(heading({ well: 0, waiting: 2 }), 'Waiting for the first probe to join.');
    assert.is(heading({ well: 0, disabled: 2 }), 'All probes are disabled.');
  });

  s.test('a probe that never reported says what comes next', async () => {
    const waiting = probe({ health: 'waiting', state: 'registered', seenMs: null, candidates: [] });
    const page = probePage(frame(), { probe: waiting, span, offset: 0, rounds: new Map() });
    assert.match(await renderPage(frame(), page), /What comes next/);
    assert.is(page.reloadSeconds, 10);
  });

  s.test('what is wrong with a board stands above its facts, and advice beside it', async () => {
    const board = fakeBoard({ lockdown: fakeLockdown({ state: 'drifted' }), push: null });
    const ailing = probe({ board });
    const page = probePage(frame(), { probe: ailing, span, offset: 0, rounds: new Map() });
    const text = await renderPage(frame(), page);
    assert.match(text, 'Somebody changed the packet filter of the board, and it could not be ');
    assert.match(text, '<h2>Its board</h2>');
    assert.match(text, 'fd57::a');
    assert.not.match(text, 'vmagent');
    const bare = probePage(frame(), {
      ...{ probe: probe({ board: null }), span, offset: 0, rounds: new Map() },
    });
    assert.not.match(await renderPage(frame(), bare), 'Its board');
  });

  s.test('after a login one goes to a path of ours and nowhere else', () => {
    for (const bad of ['//evil', '/\\evil', 'https://evil', '/login?next=/', 'javascript:x', '']) {
      assert.is(safeNext(bad), '/', bad);
    }
    assert.is(safeNext('/probes?search=a'), '/probes?search=a');
  });

  s.test('times of forms are UTC, and what is no time is none', () => {
    assert.is(parseFieldTime(fieldTime(NOW_MS)), Math.floor(NOW_MS / 60_000) * 60_000);
    assert.is(parseFieldTime('2026-11-22 14:30'), Date.parse('2026-11-22T14:30:00Z'));
    for (const bad of ['', 'now', '2026-13-40T99:99', '1960-01-01T00:00']) {
      assert.is(parseFieldTime(bad), null, bad);
    }
  });

  s.test('a form of a probe leaves out what was left empty, where it is new', () => {
    const read = readProbe({ name: ' ', hardware: 'r2s', groups: 'a, b a', tags: 'x y, z' }, true);
    assert.is('name' in read, false);
    assert.equal(
      [read['groups'], read['tags']],
      [
        ['a', 'b'],
        ['x y', 'z'],
      ],
    );
    assert.is(readProbe({}, false)['name'], '');
  });

  s.test('queries are changed, not lost', () => {
    assert.is(
      withQuery('/probes?search=a%20b&offset=100', { offset: null, sort: 'name' }),
      '/probes?search=a+b&sort=name',
    );
  });

  s.test('the status in words names nothing but what was given', () => {
    const text = statusText({ title: 'T', text: '', places: [], untilMs: NOW_MS }, NOW_MS);
    assert.is(text, 'T\nNothing is shown here yet\nAs of 2026-11-22T14:30:04.000Z\n');
  });
});
