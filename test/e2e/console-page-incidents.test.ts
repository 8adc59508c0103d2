/** Incidents beside the queue: seen, taken, noted and closed by keyboard alone; no trace of them where none are kept. */
import { describe, expect, it } from 'vitest';
import type { WholeIncidentAnswer } from '../../console/api/schemas-incidents.ts';
import { findingsOf } from '../support/browser.ts';
import { type Asked, listedAlarm } from '../support/fake-console.ts';
import { fake, look, open, page, pageForEachTest } from '../support/fake-page.ts';

pageForEachTest();

const OPENED = new Date(Date.now() - 90_000).toISOString();
const incident = (id: string, changes: Partial<WholeIncidentAnswer> = {}): WholeIncidentAnswer => ({
  id,
  kind: 'alarm',
  phase: 'NEW',
  active: true,
  severity: 'CRITICAL',
  confirmed: true,
  version: 2,
  membersVersion: 2,
  members: 2,
  unseen: 0,
  openedAt: OPENED,
  restoredAt: null,
  owner: null,
  ownerSince: null,
  heldUntil: null,
  returned: null,
  region: 'North',
  geohash: 'u33dbckk',
  parent: null,
  previous: null,
  closing: null,
  clock: { opened: OPENED },
  site: 'Mill <b>Lane</b> 3',
  memberList: [
    { id: '1-smoke-0-1', sensor: 1, type: 'smoke', severity: 'CRITICAL', raisedAt: OPENED, active: true, acknowledgedBy: null, version: 1 },
  ],
  told: [],
  history: [
    { at: OPENED, event: 'opened', member: '1-smoke-0-1' },
    { at: OPENED, event: 'noted', by: 'ann', note: '<img src=x onerror=alert(1)>' },
  ],
  historyIsCut: false,
  ...changes,
});

const posts = (): Asked[] => fake.asked.filter(({ method }) => method === 'POST');

/** Two incidents, and a server that does what it is asked. */
async function start(): Promise<void> {
  let first = incident('i1');
  const second = incident('i2', { severity: 'MINOR', site: 'Hill Road 9', owner: 'ann', phase: 'TAKEN', confirmed: false });
  fake.answer = ({ method, path, body }) => {
    if (!path.startsWith('/api/incidents')) return undefined;
    if (method === 'GET' && path.includes('?')) {
      const incidents = [first, second].filter(({ phase }) => phase !== 'CLOSED');
      return { status: 200, body: { incidents, cursor: null } };
    }
    if (path.endsWith('/take')) first = { ...first, phase: 'TAKEN', owner: 'op1', version: 3 };
    if (path.endsWith('/note'))
      first = { ...first, version: 4, history: [...first.history, { at: OPENED, event: 'noted', note: String(body.note) }] };
    if (path.endsWith('/close'))
      first = {
        ...first,
        phase: 'CLOSED',
        closing: { at: OPENED, by: 'op1', why: 'operator', disposition: 'genuine', standing: true, note: String(body.note) },
      };
    return { status: 200, body: path.includes('/i2') ? second : first };
  };
  await open({ alarms: [listedAlarm(1)], incidents: 2 });
}

describe('the view of incidents', () => {
  it('is not there where none are kept', async () => {
    await open({ alarms: [listedAlarm(1)] });
    expect(await page.getByRole('button', { name: /Incidents/ }).count()).toBe(0);
    expect(fake.asked.filter(({ path }) => path.includes('incidents'))).toEqual([]);
  });

  it('is used by keyboard alone: take, note, close with what it was', async () => {
    await start();
    await page.getByRole('button', { name: 'Incidents 2' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: '2 open incidents' }).waitFor();
    expect(await dialog.locator('.incident-row').allTextContents()).toEqual([
      expect.stringMatching(/CRITICAL.*Mill <b>Lane<\/b> 3/),
      expect.stringMatching(/MINOR.*Hill Road 9.*ann/),
    ]);
    await dialog.locator('.incident-row').first().focus();
    await page.keyboard.press('Enter');
    const take = dialog.getByRole('button', { name: 'Take', exact: true });
    await take.focus();
    await page.keyboard.press('Enter');
    await dialog.getByText('TAKEN by op1').waitFor();
    expect(await take.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Note' }).focus();
    await page.keyboard.type('the fire brigade is there');
    const add = dialog.getByRole('button', { name: 'Add note' });
    await expect.poll(() => add.isEnabled()).toBe(true);
    await add.press('Enter');
    await dialog.locator('.custody', { hasText: 'the fire brigade is there' }).waitFor();
    const close = dialog.getByRole('button', { name: 'Close incident' });
    expect(await close.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Note' }).fill('they have it');
    await dialog.getByRole('button', { name: 'Genuine' }).press('Enter');
    await dialog.getByRole('checkbox').press('Space');
    expect(await findingsOf(page)).toEqual([]);
    await expect.poll(() => close.isEnabled()).toBe(true);
    await close.press('Enter');
    await dialog.getByRole('heading', { name: '1 open incident' }).waitFor();
    expect(posts().map(({ path, body }) => [path, body])).toEqual([
      ['/api/incidents/i1/take', {}],
      ['/api/incidents/i1/note', { note: 'the fire brigade is there' }],
      ['/api/incidents/i1/close', { membersVersion: 2, disposition: 'genuine', standing: true, note: 'they have it' }],
    ]);
    await page.keyboard.press('Escape');
    await page.locator('.rows').waitFor();
    expect(await dialog.count()).toBe(0);
  });

  it('fits at every width', async () => {
    for (const [width, height] of [
      [1920, 1080],
      [1280, 720],
      [390, 844],
    ] as const) {
      await look({ width, height });
      await start();
      await page.getByRole('button', { name: 'Incidents 2' }).click();
      await page.locator('.incident-row').first().click();
      await page.locator('.custody').waitFor();
      const wide = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
      expect(wide[0]).toBeLessThanOrEqual(wide[1]);
      expect(await findingsOf(page)).toEqual([]);
    }
  });
});
