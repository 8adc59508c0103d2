/** One press acknowledges many alarms, but none that the operator hasn't had in the list, and no grave one along with others. */
import { describe, expect, it } from 'vitest';
import type { ListedAlarm } from '../../console/api/schemas.ts';
import { findingsOf } from '../support/browser.ts';
import { type Asked, listedAlarm } from '../support/fake-console.ts';
import { fake, open as openPage, page, pageForEachTest } from '../support/fake-page.ts';

pageForEachTest();

interface Named {
  readonly id: string;
  readonly version: number;
}

const motion = (sensor: number, changes: Partial<ListedAlarm> = {}): ListedAlarm =>
  listedAlarm(sensor, { id: `${sensor}-motion-0-1`, type: 'motion', severity: 'MINOR', ...changes });
const motions = (from: number, n: number): ListedAlarm[] => Array.from({ length: n }, (_, i) => motion(from + i));
const ids = (alarms: readonly ListedAlarm[]): string[] => alarms.map(({ id }) => id).sort();

const sent = (): Asked[] => fake.asked.filter(({ method, path }) => method === 'POST' && path === '/api/alarms/acknowledge');
const named = ({ body }: Asked): string[] => (body.alarms as Named[]).map(({ id }) => id).sort();
const dialog = () => page.locator('dialog.several');
const confirm = () => dialog().locator('.primary');
const message = (text: string | RegExp) => page.locator('.messages .deeds > div', { hasText: text });

/** Answers as the server would: what was asked for, and an outcome for each. */
function answering(outcomeOf: (id: string) => string = () => 'acknowledged'): void {
  fake.answer = ({ path, body }) =>
    path === '/api/alarms/acknowledge'
      ? {
          status: 200,
          body: { action: body.action, alarms: (body.alarms as Named[]).map(({ id }) => ({ id, outcome: outcomeOf(id), action: id })) },
        }
      : undefined;
}

const start = (alarms: ListedAlarm[]): Promise<void> => openPage({ alarms });

async function ask(): Promise<void> {
  await page.keyboard.press('s');
  await confirm().waitFor();
}

describe('several alarms at once', () => {
  it('are those in view: the page first says how many of which types; keys alone suffice', async () => {
    await start([
      ...motions(1, 3),
      listedAlarm(9, { id: '9-water-0-1', type: 'water', severity: 'WARNING' }),
      motion(8, { state: 'ACTIVE_ACK' }),
    ]);
    answering();
    await ask();
    expect(await dialog().locator('fieldset').nth(1).textContent()).toMatch(/3 motion/);
    expect(sent()).toEqual([]);
    expect(await findingsOf(page)).toEqual([]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await message('3 alarms acknowledged').waitFor();
    expect(sent().map(named)).toEqual([ids(motions(1, 3))]);
    expect(sent()[0]?.body).toMatchObject({ lifeSafety: false, alarms: expect.arrayContaining([{ id: motion(1).id, version: 1 }]) });
  });

  it('leave out what is out of view, unless all in the list are asked for', async () => {
    const all = motions(1, 60);
    await start(all);
    answering();
    await page.locator('.queue-head button').click();
    const [inView] = (await confirm().textContent())?.match(/\d+/) ?? [];
    expect(Number(inView)).toBeGreaterThan(3);
    expect(Number(inView)).toBeLessThan(30);
    await confirm().click();
    await expect.poll(() => sent().length).toBe(1);
    // The oldest come first.
    expect(sent().map(named)).toEqual([ids(all.slice(0, Number(inView)))]);
    await message(/\d+ alarms acknowledged/).waitFor();
    await page.locator('.queue-head button').click();
    await dialog().locator('label', { hasText: 'all in the list: 60' }).click();
    await confirm().click();
    await expect.poll(() => sent().length).toBe(2);
    expect(sent().slice(1).map(named)).toEqual([ids(all)]);
  });

  it('never include an alarm, or a version, that comes while the question is open', async () => {
    await start(motions(1, 3));
    answering();
    await ask();
    fake.tell(motion(4), 'raised');
    fake.tell(motion(2, { version: 7, state: 'CLEARED_UNACK' }), 'cleared');
    await page.locator('.queue-head', { hasText: '4 new' }).waitFor();
    await confirm().click();
    await expect.poll(() => sent().length).toBe(1);
    expect(sent().map(named)).toEqual([ids(motions(1, 3))]);
    expect(sent()[0]?.body.alarms).toMatchObject([{ version: 1 }, { version: 1 }, { version: 1 }]);
  });

  it('include no fires, unless they are ticked', async () => {
    const fires = [listedAlarm(21), listedAlarm(22)];
    await start([...fires, ...motions(1, 2)]);
    answering();
    await ask();
    await dialog().locator('label', { hasText: '2 smoke' }).locator('.problem', { hasText: 'lives may depend' }).waitFor();
    await confirm().click();
    await expect.poll(() => sent().length).toBe(1);
    expect(sent().map(named)).toEqual([ids(motions(1, 2))]);
    await message('2 alarms acknowledged').waitFor();
    await ask();
    await dialog().locator('label', { hasText: '2 smoke' }).click();
    expect(await confirm().textContent()).toBe('Acknowledge 4 alarms');
    await confirm().click();
    await expect.poll(() => sent().length).toBe(2);
    expect(named(sent()[1] as Asked)).toEqual(ids([...fires, ...motions(1, 2)]));
    expect(sent()[1]?.body.lifeSafety).toBe(true);
  });

  it('include no types that the settings do not know', async () => {
    await start([listedAlarm(1, { type: 'gas-of-old', severity: 'MINOR' })]);
    await ask();
    expect(await confirm().isDisabled()).toBe(true);
  });

  it('are none after Escape, Enter without a pause, or a held key', async () => {
    await start(motions(1, 3));
    await ask();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await page.waitForTimeout(1_100);
    await page.keyboard.down('s');
    for (let i = 0; i < 5; i += 1) await page.keyboard.down('s');
    await page.keyboard.up('s');
    await page.keyboard.press('a');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(fake.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('are sent a thousand at a time, and the page says how many are left', async () => {
    await start(motions(1, 2_300));
    answering((id) => (id.startsWith('1-') ? 'changed' : id.startsWith('2-') ? 'already' : 'acknowledged'));
    await ask();
    await dialog().locator('label', { hasText: 'all in the list' }).click();
    await confirm().click();
    await message('2,298 alarms acknowledged; 1 acknowledged before; 1 changed meanwhile: look at it.').waitFor();
    expect(sent().map(({ body }) => (body.alarms as Named[]).length)).toEqual([1_000, 1_000, 300]);
    expect(new Set(sent().map(({ body }) => body.action)).size).toBe(3);
    expect(await findingsOf(page)).toEqual([]);
  });

  it('are requested again with the same id until their outcome is known', async () => {
    await start(motions(1, 2));
    let calls = 0;
    fake.answer = ({ path, body }) => {
      if (path !== '/api/alarms/acknowledge') return undefined;
      calls += 1;
      if (calls === 1) return { status: 504, body: { error: 'a proxy gave up' } };
      const outcome = calls === 2 ? 'pending' : 'acknowledged';
      return {
        status: 200,
        body: { action: body.action, alarms: (body.alarms as Named[]).map(({ id }) => ({ id, outcome, action: id })) },
      };
    };
    await ask();
    await confirm().click();
    await message('outcome of others is unknown, asking').waitFor();
    await page.keyboard.press('s');
    await message('2 alarms acknowledged').waitFor();
    expect(sent()).toHaveLength(3);
    expect(new Set(sent().map(({ body }) => body.action)).size).toBe(1);
  });

  it('that the log did not accept are sent again by another press, as the same action', async () => {
    await start(motions(1, 2));
    fake.answer = ({ path }) => (path === '/api/alarms/acknowledge' ? { status: 503, body: { error: 'the disk is full' } } : undefined);
    await ask();
    await confirm().click();
    await message('0 of 2 alarms acknowledged, the others were not accepted: the disk is full').waitFor();
    answering();
    await page.locator('.messages button', { hasText: 'Send again' }).click();
    await message('2 alarms acknowledged').waitFor();
    expect(sent()[1]?.body).toEqual(sent()[0]?.body);
  });

  it('are not offered to viewers', async () => {
    fake.answer = ({ path }) =>
      path === '/api/session'
        ? { status: 200, body: { name: 'viewer', role: 'viewer', rights: ['read', 'metrics'], until: null } }
        : undefined;
    await start(motions(1, 2));
    await page.keyboard.press('s');
    await page.locator('.notice', { hasText: 'Viewers can only look' }).waitFor();
    expect(await page.locator('.queue-head button').count()).toBe(0);
    expect(sent()).toEqual([]);
  });
});
