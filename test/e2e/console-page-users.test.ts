/** Persons sign in on the page with name and password, and are signed out where they no longer may. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { cheapHashOf } from '../support/passwords.ts';
import { type User, writeAccounts } from '../../console/security/users-file.ts';
import { launchBrowser } from '../support/browser.ts';
import { call, startTestConsole, type TestConsole } from '../support/console.ts';

const PASSWORD = 'correct horse battery';
let browser: Browser;
let page: Page;
let on: TestConsole;
let folder: string;
let desk: User;
const file = (): string => join(folder, 'users.json');

beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'tocsin-users-'));
  desk = { name: 'Night Desk', role: 'operator', password: cheapHashOf(PASSWORD), disabled: false };
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await writeAccounts(file(), { users: [desk, { ...desk, name: 'Sue', role: 'supervisor' }], tokens: [] });
  on = await startTestConsole({ environment: { TOCSIN_USERS: file() } });
  page = await (await browser.newContext()).newPage();
  await page.goto(on.console.url);
});
afterEach(async () => {
  await page.context().close();
  await on.stop();
});

const signIn = async (password: string, name = 'night desk'): Promise<void> => {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
};

it('a person signs in, after a word about a wrong password, and what they do has their name', async () => {
  await signIn('not that password');
  await page.getByRole('alert').filter({ hasText: 'name and password do not fit' }).waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('.who', { hasText: 'Night Desk' }).waitFor();
  await on.report(1, { motion: true });
  await page.locator('.row').first().click();
  await page.getByRole('button', { name: 'Acknowledge A', exact: true }).click();
  await expect.poll(async () => (await call(on, '/api/alarms')).json.alarms[0].acknowledgedBy).toBe('Night Desk');
});

it('who is disabled is back at the form for name and password, within seconds and without a click', async () => {
  await signIn(PASSWORD);
  await page.locator('.who', { hasText: 'Night Desk' }).waitFor();
  await writeAccounts(file(), { users: [{ ...desk, disabled: true }], tokens: [] });
  await page.getByLabel('Password').waitFor();
  await signIn(PASSWORD);
  await page.getByRole('alert').filter({ hasText: 'or the user is disabled' }).waitFor();
  expect(await page.locator('.row').count()).toBe(0);
});

it('a supervisor signs another browser out and reads the audit trail by user, by keyboard; an operator sees no trail', async () => {
  await signIn(PASSWORD);
  await page.getByRole('button', { name: 'Signed in' }).click();
  await page.getByRole('cell', { name: 'this browser' }).waitFor();
  expect(await page.getByRole('heading', { name: 'Audit trail' }).count()).toBe(0);
  const desk = page;
  page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
  await page.goto(on.console.url);
  await signIn(PASSWORD, 'Sue');
  await page.getByRole('button', { name: 'Signed in' }).click();
  const trail = page.getByRole('table', { name: 'Audit trail' });
  await trail.getByRole('cell', { name: 'signed-in' }).first().waitFor();
  await page.getByLabel('User or token').fill('Night Desk');
  await page.keyboard.press('Enter');
  await expect.poll(() => trail.getByRole('cell', { name: 'Sue', exact: true }).count()).toBe(0);
  expect(await trail.getByRole('cell', { name: 'Night Desk', exact: true }).count()).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Sign out Night Desk' }).click();
  await desk.getByLabel('Password').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('dialog').count()).toBe(0);
  await desk.context().close();
});
