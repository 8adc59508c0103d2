/** The page in a real browser, on a fake console: both are new for each test of the file that calls `pageForEachTest`. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchBrowser } from './browser.ts';
import { type FakeConsole, startFakeConsole } from './fake-console.ts';

export let fake: FakeConsole;
export let page: Page;
let browser: Browser;
let context: BrowserContext | undefined;
let errors: string[];

/** A test fails if the page has thrown an error. */
export function pageForEachTest(): void {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    fake = await startFakeConsole();
    errors = [];
    await look({ width: 1280, height: 720 });
  });
  afterEach(async () => {
    await context?.close();
    context = undefined;
    await fake.close();
    expect(errors).toEqual([]);
  });
}

/** Goes on with a new page of that size. */
export async function look(viewport: { width: number; height: number }, isPhone = false): Promise<void> {
  await context?.close();
  context = await browser.newContext({ viewport, hasTouch: isPhone, isMobile: isPhone });
  page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
}

/** Opens the page, and resolves once it has the snapshot. */
export async function open(snapshot: FakeConsole['snapshot']): Promise<void> {
  fake.snapshot = snapshot;
  await page.goto(fake.url);
  await page.locator('.link.live').waitFor();
}
