// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, and pages that remember what went wrong in them.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
export const pictures = process.env.TRESOR_PICTURES ?? join(root, 'build/pictures');

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
}

export interface PageOptions {
  language?: 'en' | 'de';
  width?: number;
  dark?: boolean;
}

/** A browser of one person. */
export class Person {
  readonly errors: string[] = [];
  private constructor(readonly context: BrowserContext, readonly page: Page, private readonly url: string) {}

  static async open(browser: Browser, url: string, options: PageOptions = {}): Promise<Person> {
    const width = options.width ?? 1440;
    const context = await browser.newContext({
      baseURL: url, ignoreHTTPSErrors: true, locale: options.language === 'de' ? 'de-DE' : 'en-US', timezoneId: 'Europe/Berlin',
      viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme: options.dark ? 'dark' : 'light', reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    const person = new Person(context, page, url);
    person.listen(page);
    return person;
  }

  private listen(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(`error: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      // The browser itself writes a line for each answer of 4xx; the page deals with those.
      const answered = /Failed to load resource: the server responded with a status of 4\d\d/.test(text);
      const cut = /Failed to load resource: net::ERR_/.test(text);
      if ((message.type() === 'error' && !answered && !cut) || /Content Security Policy/.test(text)) this.errors.push(`console: ${text}`);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(this.url) && !/^(data|blob|about):/.test(request.url())) this.errors.push(`request to another host: ${request.url()}`);
    });
  }

  async logIn(password: string): Promise<void> {
    await this.page.goto('/');
    await this.page.locator('input[type=password]').fill(password);
    await this.page.keyboard.press('Enter');
    await this.page.locator('#main h1').waitFor();
  }

  /** Of a test that failed: what was seen, and what the server said. */
  async tell(name: string, log: string): Promise<void> {
    console.error(`${this.errors.join('\n')}\n${this.page.url()}\n${log}`);
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `failed-${name}.png`) }).catch(() => {});
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** No violation of WCAG 2.2 A and AA, nor of axe's good practice. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe: tool } = window as unknown as { axe: { run: (context: unknown, options: unknown) => Promise<{ violations: Violation[] }> } };
    return (await tool.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations;
  });
  const told = violations.map((one) => `${one.id}: ${one.help}\n${one.nodes.slice(0, 3).map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`).join('\n')}`);
  expect.soft(told, `${where}\n${told.join('\n')}`).toEqual([]);
}

/** Nothing is wider than the screen. */
export async function expectFits(page: Page, where: string): Promise<void> {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect.soft(wide, `${where}: the page is wider than the screen`).toBeLessThanOrEqual(screen!);
}

/** Keys of the catalogues that stand where a word should be. */
export async function expectTranslated(page: Page, where: string): Promise<void> {
  const text = await page.evaluate(() => document.body.innerText);
  expect.soft(text.match(/\b(common|frame|nav|live|login|names|errors|table|proof|projects|clusters|clusterDialog|cluster|charts|config|backups|restoring|restore|overview|activity|destinations|settings|health|clusterPhase|backupPhase|restorePhase|configHealth)\.[a-z][A-Za-z.]+\b/g), where).toBeNull();
  expect.soft(text, where).not.toMatch(/\{\{|undefined|NaN|\[object/);
}

/** `forDocs`: what docs/images has; written there with TRESOR_ACCEPT=1. */
export async function picture(page: Page, name: string, forDocs?: string): Promise<void> {
  if (forDocs && process.env.TRESOR_ACCEPT) await page.screenshot({ path: join(root, 'docs/images', `${forDocs}.png`), animations: 'disabled' });
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, animations: 'disabled' });
}
