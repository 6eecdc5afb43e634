// A browser with scripts off at a control that runs, and one with scripts for the rules of axe.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { addOperator } from '../../src/control/accounts/operators.ts';
import { SYSTEM } from './lab.ts';
import { type Running, startHere } from './running.ts';

export const CHROMIUM = '/usr/bin/chromium';
export const PASSWORD = 'a sentence nobody guesses';

export const missing = existsSync(CHROMIUM) ? null : `${CHROMIUM} is missing`;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// The types of playwright need those of a browser, which nothing else here has: what is used of it.
export interface Page {
  goto(url: string): Promise<{ status(): number } | null>;
  reload(): Promise<unknown>;
  url(): string;
  fill(selector: string, text: string): Promise<void>;
  click(selector: string): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  getAttribute(selector: string, name: string): Promise<string | null>;
  inputValue(selector: string): Promise<string>;
  locator(selector: string): { count(): Promise<number> };
  evaluate(expression: string): Promise<unknown>;
  keyboard: { press(key: string): Promise<void> };
}

interface Browser {
  newContext(options: Record<string, unknown>): Promise<{ newPage(): Promise<Page> }>;
  close(): Promise<void>;
}

interface Playwright {
  chromium: { launch(options: Record<string, unknown>): Promise<Browser> };
}

export interface BrowserRig {
  running: Running;
  origin: string;
  browser: Browser;
  /** With scripts off, as Tor Browser has it at "Safest". */
  open(options?: { width?: number; scheme?: 'light' | 'dark' }): Promise<Page>;
  /** Faults that axe-core finds on the page at `path`, as `rule: element`. */
  faults(path: string, scheme: 'light' | 'dark'): Promise<string[]>;
  close(): Promise<void>;
}

export async function openBrowserRig(): Promise<BrowserRig> {
  const name: string = 'playwright-core';
  const { chromium } = (await import(name)) as Playwright;
  const running = await startHere({ title: 'Example Networks' });
  for (const [name, role] of [
    ['anna', 'admin'],
    ['vera', 'viewer'],
  ] as const) {
    await addOperator(running.control.context, SYSTEM, { name, role, password: PASSWORD });
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  const { origin } = running.control;
  const open = async (options: { width?: number; scheme?: 'light' | 'dark' } = {}) => {
    const { width = 1280, scheme = 'light' } = options;
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width, height: 800 },
      colorScheme: scheme,
    });
    return await context.newPage();
  };
  const scripted = new Map<string, Page>();
  return {
    running,
    origin,
    browser,
    open,
    async faults(path, scheme) {
      const page = scripted.get(scheme) ?? (await scriptedPage(browser, origin, scheme));
      scripted.set(scheme, page);
      await page.goto(`${origin}${path}`);
      return await axe(page);
    },
    async close() {
      await browser.close();
      await running.stop();
    },
  };
}

export async function logIn(page: Page, origin: string, name = 'anna'): Promise<void> {
  await page.goto(`${origin}/login`);
  await page.fill('#f-name', name);
  await page.fill('#f-password', PASSWORD);
  await page.click('main button');
}

async function scriptedPage(browser: Browser, origin: string, scheme: 'light' | 'dark') {
  const context = await browser.newContext({ bypassCSP: true, colorScheme: scheme });
  const page = await context.newPage();
  await logIn(page, origin);
  return page;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return (await page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + (nodes[0]?.html ?? '')))`)) as string[];
}
