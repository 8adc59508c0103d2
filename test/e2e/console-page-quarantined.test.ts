/** Alarms of sensors that no client has can be left out of the list, but never out of the numbers, and never so that it looks as if all were well. */
import { expect, it } from 'vitest';
import type { ListedAlarm } from '../../console/api/schemas.ts';
import { findingsOf } from '../support/browser.ts';
import { listedAlarm } from '../support/fake-console.ts';
import { fake, open, page, pageForEachTest } from '../support/fake-page.ts';

pageForEachTest();

const client = listedAlarm(1, { id: '1-motion-0-1', type: 'motion', severity: 'MINOR' });
const stranger = (sensor: number): ListedAlarm => listedAlarm(sensor, { id: `${sensor}-smoke-0-1`, quarantined: true });
const rows = () => page.locator('.queue [role=option]');
const toggle = () => page.locator('.queue-head button.quarantined');

it('hides them at a press, says how many, and shows them again at another', async () => {
  await open({ alarms: [stranger(8), client, stranger(9)] });
  await expect.poll(() => rows().count()).toBe(3);
  expect(await toggle().textContent()).toBe('2 quarantined, last');
  await toggle().click();
  await expect.poll(() => rows().count()).toBe(1);
  expect(await rows().first().getAttribute('id')).toBe(`row-${client.id}`);
  expect(await toggle().textContent()).toBe('2 quarantined, hidden');
  expect(await toggle().getAttribute('aria-pressed')).toBe('true');
  expect(await page.locator('.queue-head').textContent()).toContain('3 open');
  expect(await findingsOf(page)).toEqual([]);
  await page.screenshot({ path: process.env.SCREENSHOT ?? '/dev/null', type: 'png' }).catch(() => undefined);
  await toggle().click();
  await expect.poll(() => rows().count()).toBe(3);
});

it("shows a client's new alarm while they are hidden, and counts a new one of theirs", async () => {
  await open({ alarms: [stranger(8)] });
  await toggle().click();
  await expect.poll(() => rows().count()).toBe(0);
  fake.send('alarm', { event: 'raised', at: client.raisedAt, alarm: client });
  fake.send('alarm', { event: 'raised', at: client.raisedAt, alarm: stranger(9) });
  await expect.poll(() => rows().count()).toBe(1);
  await expect.poll(() => toggle().textContent()).toBe('2 quarantined, hidden');
});

it('never says that there are no alarms while some are hidden', async () => {
  await open({ alarms: [stranger(8), stranger(9)] });
  await toggle().click();
  await expect.poll(() => page.locator('.empty').textContent()).toContain('2 quarantined alarms are hidden');
  expect(await page.locator('.empty').textContent()).not.toContain('No alarm');
});

it('lets no key act on one that was highlighted and is hidden now', async () => {
  await open({ alarms: [stranger(8)] });
  await page.keyboard.press('j');
  await toggle().click();
  await page.keyboard.press('a');
  await expect.poll(() => page.locator('.messages .notice').last().textContent()).toContain('Nothing was done');
  expect(fake.asked.filter(({ method }) => method === 'POST')).toEqual([]);
});
