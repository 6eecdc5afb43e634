// timeout: 240 s
// waits
// The pages in a real browser with scripts off: forms work, nothing is wider than a phone, the
// keyboard reaches everything, and axe-core finds no fault in either theme.
import * as assert from 'uvu/assert';
import { suite } from '../../helper.ts';
import { askUnknown, say } from '../fleet-lab.ts';
import { type BrowserRig, logIn, missing, openBrowserRig, type Page } from '../page-browser-rig.ts';
import { reportOf } from '../report-lab.ts';

const PATHS = [
  '/',
  '/probes',
  '/probes/new',
  '/probes/hannover',
  '/probes/hannover/edit',
  '/probes/hannover/remove',
  '/sets',
  '/sets/new',
  '/claims',
  '/maintenance',
  '/audit',
  '/users',
  '/account',
  '/settings/status',
  '/nowhere',
];

const WIDTHS: ReadonlyArray<[number, readonly string[]]> = [
  [320, PATHS],
  [768, ['/', '/probes', '/probes/hannover', '/sets/new', '/users']],
  [1280, ['/', '/probes', '/probes/hannover', '/sets/new', '/users']],
];

const HOSTILE = '"><img src=x onerror=alert(1)>';

suite('control/page in a browser', (s) => {
  let rig: BrowserRig | null = null;
  const need = (): BrowserRig => {
    if (rig === null) throw new Error('no browser');
    return rig;
  };
  s.before(async () => {
    if (missing === null) rig = await openBrowserRig();
  });
  s.after(async () => rig?.close());

  const text = async (page: Page, selector = 'main'): Promise<string> =>
    (await page.textContent(selector)) ?? '';

  s.testIf(
    missing,
    'log in, add a probe, edit it, give it a set with preview, disable it, read the audit log',
    async () => {
      const { open, origin, running } = need();
      const page = await open();
      await page.goto(`${origin}/probes`);
      assert.match(page.url(), /\/login\?next=%2Fprobes$/);
      await page.fill('#f-name', 'anna');
      await page.fill('#f-password', 'wrong wrong wrong');
      await page.click('main button');
      assert.match(await text(page), /name or password is wrong/i);
      assert.is(await page.inputValue('#f-name'), 'anna');
      await logIn(page, origin);
      assert.match(await text(page), /No probe yet/);
      assert.match(await text(page), /Add a real board/);

      await page.click('text=Register it');
      await page.fill('#f-mac', 'nonsense');
      await page.fill('#f-location', HOSTILE);
      await page.click('main form.form button');
      assert.is(await page.getAttribute('#f-mac', 'aria-invalid'), 'true');
      assert.is(await page.inputValue('#f-location'), HOSTILE, 'what was typed stays');
      await page.fill('#f-mac', '02-00-5E-10-00-01');
      await page.fill('#f-name', 'hannover');
      await page.fill('#f-groups', 'north, pop');
      await page.fill('#f-tags', 'two words, other');
      await page.click('main form.form button');
      assert.match(page.url(), /\/probes\/hannover\?done=probe-added$/);
      assert.match(await text(page), /The probe is registered/);
      assert.match(await text(page), /What comes next/);

      await page.click('text=Edit');
      assert.is(await page.inputValue('#f-tags'), 'other, two words');
      await page.fill('#f-contact', 'Ms. Host');
      await page.click('main form.form button');
      const changed = await text(page);
      assert.match(changed, /Ms\. Host/);
      assert.match(changed, /two words/, 'what was not touched stays');
      assert.is(await page.locator('img').count(), 0, 'a hostile place is text');

      await page.goto(`${origin}/sets/new`);
      await page.fill('#f-id', 'base');
      await page.fill('#f-smokeping-targets', '192.0.2.1\nbad host! id=x');
      await page.fill('#f-assign-groups', 'north');
      await page.click('text=Preview');
      assert.match(await text(page), /This was not saved/);
      await page.fill('#f-smokeping-targets', '192.0.2.1 interval=2s\n192.0.2.2');
      await page.click('text=Preview');
      assert.match(await text(page), /1 probe runs it/);
      assert.match(await text(page), /packets a second/);
      assert.is(await page.locator('button:has-text("Save")').count(), 1);
      await page.fill('#f-smokeping-targets', '192.0.2.3');
      await page.click('button:has-text("Save")');
      assert.match(await text(page), /If you save this/, 'only what was previewed is saved');
      await page.click('button:has-text("Save")');
      assert.match(page.url(), /\/sets\?done=set-saved$/);
      assert.match(await text(page), /echoes to 1 target, paths to 1 target/);

      await say(running.control.context, 'hannover', reportOf());
      await page.goto(`${origin}/probes/hannover/disable`);
      assert.match(await text(page), /API keys end/);
      await page.click('main form.form button');
      assert.match(await text(page), /Disabled\. Its keys ended/);
      await page.goto(`${origin}/audit`);
      for (const action of ['probe.add', 'probe.edit', 'set.add', 'probe.disable']) {
        assert.match(await text(page), new RegExp(action.replace('.', '\\.')));
      }
      await page.goto(`${origin}/probes/hannover/enable`);
      await page.click('main form.form button');
    },
    60_000,
  );

  s.testIf(missing, 'a secret is shown once, and a viewer gets no form', async () => {
    const { open, origin, running } = need();
    await askUnknown(running.control.context, '02:00:5e:10:00:77', 77);
    const page = await open();
    await logIn(page, origin);
    await page.goto(`${origin}/claims`);
    await page.fill('#f-label', 'batch of May');
    await page.click('text=Make the token');
    assert.match(await text(page), /flint_claim_[\w-]{43}/);
    await page.reload();
    assert.not.match(await text(page), /flint_claim_/);
    const viewer = await open();
    await logIn(viewer, origin, 'vera');
    for (const path of [
      '/',
      '/probes',
      '/probes/hannover',
      '/sets/base',
      '/claims',
      '/maintenance',
    ]) {
      await viewer.goto(`${origin}${path}`);
      assert.is(await viewer.locator('form[method=post]:not([action="/logout"])').count(), 0, path);
    }
    const answer = await viewer.goto(`${origin}/probes/new`);
    assert.is(answer?.status(), 403);
    assert.match(await text(viewer), /Not allowed/);
  });

  for (const [width, paths] of WIDTHS) {
    s.testIf(missing, `no page is wider than ${width} pixels`, async () => {
      const { open, origin } = need();
      const page = await open({ width });
      await logIn(page, origin);
      for (const path of paths) {
        await page.goto(`${origin}${path}`);
        const scrolls = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(Number(scrolls) <= width, `${path} is ${scrolls} wide`);
      }
    });
  }

  for (const scheme of ['light', 'dark'] as const) {
    s.testIf(
      missing,
      `axe-core finds nothing in the ${scheme} theme`,
      async () => {
        const { faults } = need();
        const paths =
          scheme === 'light' ? PATHS : ['/', '/probes/hannover', '/sets/new', '/claims'];
        for (const path of paths) assert.equal(await faults(path, scheme), [], path);
      },
      90_000,
    );
  }

  s.testIf(missing, 'the keyboard goes from the skip link through menu and content', async () => {
    const { open, origin } = need();
    const page = await open();
    await logIn(page, origin);
    await page.goto(`${origin}/probes/new`);
    const order: string[] = [];
    for (let step = 0; step < 22; step++) {
      await page.keyboard.press('Tab');
      order.push(
        (await page.evaluate(
          'document.activeElement.id || document.activeElement.textContent.trim()',
        )) as string,
      );
    }
    assert.is(order[0], 'Skip to the content');
    const places = [
      'Overview',
      'Probes',
      'Log out',
      'f-mac',
      'f-name',
      'f-hardware',
      'f-note',
      'Register',
    ];
    const found = places.map((name) => order.indexOf(name));
    assert.ok(
      found.every((at) => at >= 0),
      `${places} in ${order}`,
    );
    assert.equal(
      found,
      [...found].sort((a, b) => a - b),
    );
  });
});
