/** What operators do with keys and pointer must act on what they mean, or on nothing. */
import { describe, expect, it } from 'vitest';
import type { ListedAlarm } from '../../console/api/schemas.ts';
import { findingsOf } from '../support/browser.ts';
import { listedAlarm } from '../support/fake-console.ts';
import { fake, open as openPage, page, pageForEachTest } from '../support/fake-page.ts';

pageForEachTest();

const MINE = listedAlarm(1);
const STRANGERS = listedAlarm(2);
const ofTheServer = (alarm: ListedAlarm, changes: Partial<ListedAlarm>): ListedAlarm => ({
  ...alarm,
  version: alarm.version + 1,
  ...changes,
});
const acknowledged = (alarm: ListedAlarm, by = 'op1'): ListedAlarm => ofTheServer(alarm, { state: 'ACTIVE_ACK', acknowledgedBy: by });
const ended = (alarm: ListedAlarm): ListedAlarm => ofTheServer(alarm, { state: 'CLEARED_ACK', clearedAt: new Date().toISOString() });
const whole = (alarm: ListedAlarm) => ({ ...alarm, evidence: [], custody: [], client: null });

/** The actions that the page has sent. */
const actions = () => fake.asked.filter(({ method, path }) => method === 'POST' && path.startsWith('/api/alarms/'));
const actedOn = () => actions().map(({ path }) => path.replace('/api/alarms/', ''));
const row = (sensor: number) => page.locator('.row', { hasText: `Client${sensor}\u2069,` });
const note = () => page.locator('#note');
const notice = (text: string | RegExp) => page.locator('.notice', { hasText: text }).waitFor();
const focused = (): Promise<string> => page.evaluate('document.activeElement?.id || document.activeElement?.className || "body"');
const highlighted = () => page.locator('.row.selected .where').textContent();

const start = (alarms: ListedAlarm[]): Promise<void> => openPage({ alarms });

async function open(sensor: number): Promise<void> {
  await row(sensor).click();
  await page.locator('.panel h2', { hasText: `sensor ${sensor}` }).waitFor();
}

async function typing(text: string): Promise<void> {
  await note().waitFor();
  await page.keyboard.press('o');
  await expect.poll(focused).toBe('note');
  await page.keyboard.type(text);
}

describe('while a note is typed', () => {
  const changes: readonly (readonly [string, (mine: ListedAlarm) => void | Promise<void>])[] = [
    ['the sensor recovers and ends the alarm', (mine) => fake.tell(ended(mine), 'cleared')],
    ['another operator disposes of it', (mine) => fake.tell(ofTheServer(mine, { disposition: 'false' }), 'disposed')],
    ['it is seen again', (mine) => fake.tell(ofTheServer(mine, {}))],
    [
      'graver alarms reorder the list',
      () => {
        for (const sensor of [3, 4, 5]) fake.tell(listedAlarm(sensor), 'raised');
      },
    ],
    [
      'the link is cut, and the alarm is gone when it comes back',
      async (mine) => {
        fake.answer = ({ path }) => (path === `/api/alarms/${mine.id}` ? { status: 200, body: whole(ended(mine)) } : undefined);
        fake.snapshot = { alarms: [STRANGERS] };
        fake.cut();
        await expect.poll(() => fake.asked.filter(({ path }) => path.startsWith('/api/live')).length).toBeGreaterThan(1);
        await page.locator('.sentence', { hasText: 'Ended' }).waitFor();
      },
    ],
  ];

  it.each(changes)('its form, text and focus stay when %s', async (_, change) => {
    const mine = acknowledged(MINE);
    await start([mine, STRANGERS]);
    await open(1);
    await typing('called, n');
    await change(mine);
    await page.waitForTimeout(150);
    await page.keyboard.type('obody at home, a');
    expect(await note().inputValue()).toBe('called, nobody at home, a');
    expect(await focused()).toBe('note');
    expect(await page.locator('.panel h2').textContent()).toContain('sensor 1');
    expect(actedOn()).toEqual([]);
  });

  it('an acknowledgement by another operator removes neither form nor text, and no button moves', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    await typing('on my way');
    const before = await page.locator('.actions fieldset').boundingBox();
    fake.tell(acknowledged(MINE, 'op2'), 'acknowledged');
    await page.locator('.acknowledged', { hasText: 'by op2' }).waitFor();
    expect(await page.locator('.actions fieldset').boundingBox()).toEqual(before);
    await page.keyboard.type(' now');
    expect(await note().inputValue()).toBe('on my way now');
  });

  it('the note and the disposition can be recorded after the end, and the page says that the alarm ended', async () => {
    const mine = acknowledged(MINE);
    await start([mine]);
    await open(1);
    await typing('all well');
    fake.tell(ended(mine), 'cleared');
    await page.locator('.sentence', { hasText: 'Ended' }).waitFor();
    await page.locator('.row.over', { hasText: 'ENDED' }).waitFor();
    fake.answer = ({ method }) => (method === 'POST' ? { status: 200, body: whole(ofTheServer(ended(mine), {})) } : undefined);
    await page.locator('button', { hasText: 'Add note' }).click();
    await page.locator('button', { hasText: 'False alarm' }).click();
    await expect.poll(() => actions().map(({ body }) => body.note ?? body.disposition)).toEqual(['all well', 'false']);
    await expect.poll(() => note().inputValue()).toBe('');
    expect(await findingsOf(page)).toEqual([]);
  });

  it.each([
    [409, 'it was handed over'],
    [503, 'the log does not take it'],
    [400, 'not like this'],
  ])('the text stays when sending fails with %i', async (status, error) => {
    await start([MINE]);
    await open(1);
    await typing('important');
    fake.answer = ({ method }) => (method === 'POST' ? { status, body: { error, alarm: null } } : undefined);
    await page.locator('button', { hasText: 'Add note' }).click();
    await page.locator('.deeds', { hasText: error }).waitFor();
    expect(await note().inputValue()).toBe('important');
  });

  it('text that is typed while it is sent stays', async () => {
    await start([MINE]);
    await open(1);
    await typing('first');
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    fake.answer = async ({ method }) => {
      if (method !== 'POST') return undefined;
      await held;
      return { status: 200, body: whole(ofTheServer(MINE, {})) };
    };
    await page.locator('button', { hasText: 'Add note' }).click();
    await note().focus();
    await page.keyboard.press('End');
    await page.keyboard.type(' second');
    answer();
    await expect.poll(() => note().inputValue()).toBe('second');
  });

  it('the text stays with its alarm while another is looked at', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    await typing('half a');
    await open(2);
    await expect.poll(() => note().inputValue()).toBe('');
    await open(1);
    await expect.poll(() => note().inputValue()).toBe('half a');
  });

  it('letters typed after the field has vanished do nothing, until a second without any', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    await typing('call');
    // Nothing in the page removes the field; should anything do so, this must happen.
    await page.evaluate('document.getElementById("note").remove()');
    await page.keyboard.type('anna', { delay: 60 });
    await notice('The field you typed in is gone');
    expect(await focused()).toBe('panel');
    expect(actedOn()).toEqual([]);
    await page.waitForTimeout(1_100);
    await page.keyboard.press('a');
    await expect.poll(actedOn).toEqual([`${MINE.id}/acknowledge`]);
  });
});

describe('a key', () => {
  it('acts on the highlighted alarm, which is the one the panel shows', async () => {
    await start([MINE, STRANGERS, listedAlarm(3)]);
    await open(1);
    await page.keyboard.press('j');
    await page.locator('.panel h2', { hasText: 'sensor 2' }).waitFor();
    expect(await highlighted()).toContain('Client2');
    await page.keyboard.press('a');
    await expect.poll(actedOn).toEqual([`${STRANGERS.id}/acknowledge`]);
  });

  it('moves through the list in the order shown', async () => {
    const alarms = [listedAlarm(3, { severity: 'MINOR', type: 'motion' }), acknowledged(listedAlarm(5)), listedAlarm(2), listedAlarm(4)];
    await start(alarms);
    const shown = await page.locator('.row .where').allTextContents();
    await page.keyboard.press('Home');
    for (const where of shown) {
      await expect.poll(highlighted).toBe(where);
      await page.keyboard.press('j');
    }
  });

  it('does nothing where nothing is highlighted, and says so', async () => {
    await start([MINE]);
    await page.keyboard.press('a');
    await notice('no alarm is highlighted');
    expect(actedOn()).toEqual([]);
  });

  it('does nothing to an alarm that is highlighted out of view, but shows it', async () => {
    await start(Array.from({ length: 60 }, (_, i) => listedAlarm(i + 1)));
    await page.keyboard.press('Home');
    await page.locator('.rows').evaluate((list) => list.scrollTo(0, 1_200));
    await row(1).waitFor({ state: 'detached' });
    await page.keyboard.press('a');
    await notice('out of view');
    await row(1).waitFor();
    expect(actedOn()).toEqual([]);
    await page.keyboard.press('a');
    await expect.poll(actedOn).toEqual([`${MINE.id}/acknowledge`]);
  });

  it('that is held acts once', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    fake.answer = ({ method }) => {
      if (method !== 'POST') return undefined;
      fake.tell(acknowledged(MINE), 'acknowledged');
      return { status: 200, body: whole(acknowledged(MINE)) };
    };
    await page.keyboard.down('n');
    for (let i = 0; i < 4; i += 1) await page.keyboard.down('n');
    await page.keyboard.up('n');
    await page.locator('.panel h2', { hasText: 'sensor 1' }).waitFor();
    for (let i = 0; i < 6; i += 1) await page.keyboard.down('a');
    await page.keyboard.up('a');
    await page.locator('p.acknowledged').waitFor();
    expect(actedOn()).toEqual([`${MINE.id}/acknowledge`]);
  });

  it.each(['Control+a', 'Meta+a', 'Alt+a', 'Control+n', 'Meta+Enter'])('with a modifier does nothing: %s', async (keys) => {
    await start([MINE, STRANGERS]);
    await open(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press(keys);
    await page.waitForTimeout(150);
    expect(actedOn()).toEqual([]);
    expect(await page.locator('.panel').count()).toBe(0);
  });

  it('does nothing while the list of keys is open', async () => {
    await start([MINE]);
    await open(1);
    await page.keyboard.press('?');
    await page.locator('dialog').waitFor();
    await page.mouse.click(5, 5);
    await page.keyboard.press('a');
    await page.waitForTimeout(150);
    expect(actedOn()).toEqual([]);
  });

  it('finds the focus at the next thing to do when a button has disappeared', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    fake.answer = ({ method }) => (method === 'POST' ? { status: 200, body: whole(acknowledged(MINE)) } : undefined);
    await page.locator('.primary').click();
    await page.locator('p.acknowledged').waitFor();
    await expect.poll(focused).toBe('panel');
    await page.locator('.panel-head button').click();
    await expect.poll(focused).toBe('rows');
  });
});

describe('while an action is under way', () => {
  it('keys are neither lost silently nor applied to another alarm', async () => {
    await start([MINE, STRANGERS, listedAlarm(3)]);
    fake.answer = ({ method }) => (method === 'POST' ? 'never' : undefined);
    await page.keyboard.press('n');
    await page.locator('.panel h2', { hasText: 'sensor 1' }).waitFor();
    await page.keyboard.press('a');
    await page.locator('.deeds', { hasText: 'Acknowledging…' }).waitFor();
    await page.keyboard.press('a');
    await notice('already under way');
    await page.keyboard.press('n');
    await page.locator('.panel h2', { hasText: 'sensor 2' }).waitFor();
    await page.locator('.messages .deeds', { hasText: 'SMOKE, sensor 1: Acknowledging…' }).waitFor();
    await page.keyboard.press('a');
    await expect.poll(actedOn).toEqual([`${MINE.id}/acknowledge`, `${STRANGERS.id}/acknowledge`]);
  });

  it('a key that was pressed before its alarm was drawn acts on nothing', async () => {
    await start([MINE, STRANGERS]);
    await open(1);
    await page.locator('.panel h2', { hasText: 'sensor 1' }).waitFor();
    // Both keys wait while the page is busy, as in a flood: the second was pressed while the first alarm was in view.
    await page.evaluate(`for (const key of ['j', 'a']) window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))`);
    await notice('another alarm was highlighted');
    expect(actedOn()).toEqual([]);
  });

  it('an unknown outcome is asked for until it is known, and then shown', async () => {
    await start([MINE]);
    await open(1);
    let asked = 0;
    fake.answer = ({ method, path, body }) => {
      if (method === 'POST') return { status: 504, body: { error: 'not known yet', action: body.action } };
      if (!path.startsWith('/api/actions/')) return undefined;
      asked += 1;
      if (asked === 1) return { status: 500, body: { error: 'oops' } };
      if (asked === 2) return { status: 200, body: { state: 'pending' } };
      return { status: 200, body: { state: 'done', alarm: whole(acknowledged(MINE)) } };
    };
    await page.keyboard.press('a');
    await page.locator('.deeds', { hasText: 'outcome unknown, asking…' }).waitFor();
    await page.locator('.deeds', { hasText: 'The acknowledgement is recorded.' }).waitFor();
    await page.locator('p.acknowledged').waitFor();
    const [sent] = actions();
    expect(sent?.body.action).toMatch(/^[\w-]{8,64}$/);
    expect(fake.asked.filter(({ path }) => path === `/api/actions/${sent?.body.action}`)).toHaveLength(3);
    expect(await findingsOf(page)).toEqual([]);
  });

  it('a refusal that comes late is shown with its reason', async () => {
    await start([MINE]);
    await open(1);
    fake.answer = ({ method, path }) => {
      if (method === 'POST') return { status: 504, body: { error: 'not known yet' } };
      return path.startsWith('/api/actions/') ? { status: 200, body: { state: 'refused', reason: 'op2 took it' } } : undefined;
    };
    await page.keyboard.press('a');
    await page.locator('.deeds', { hasText: 'was not recorded: op2 took it' }).waitFor();
  });

  it('a repeated request is the same action', async () => {
    await start([MINE]);
    await open(1);
    await typing('twice');
    fake.answer = ({ method }) => (method === 'POST' ? { status: 503, body: { error: 'no broker' } } : undefined);
    await page.locator('button', { hasText: 'Add note' }).click();
    await page.locator('.deeds', { hasText: 'no broker' }).waitFor();
    fake.tell(ofTheServer(MINE, {}));
    await page.locator('button', { hasText: 'Add note' }).click();
    await expect.poll(() => actions().length).toBe(2);
    const [first, second] = actions();
    expect(second?.body).toEqual(first?.body);
  });

  it('what cannot be done without a link is said', async () => {
    await start([MINE]);
    await open(1);
    fake.answer = ({ path }) => (path.startsWith('/api/live') ? { status: 503, body: { error: 'starting' } } : undefined);
    fake.cut();
    await page.locator('.link.stale').waitFor();
    await page.keyboard.press('a');
    await notice('no link to the server');
    expect(actedOn()).toEqual([]);
  });
});
