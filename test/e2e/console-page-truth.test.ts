/** What the page says must be true, and it must not say what it doesn't know. */
import { describe, expect, it } from 'vitest';
import type { ListedAlarm } from '../../console/api/schemas.ts';
import { findingsOf } from '../support/browser.ts';
import { beatOf, listedAlarm } from '../support/fake-console.ts';
import { fake, look, open as openPage, page, pageForEachTest } from '../support/fake-page.ts';

pageForEachTest();

const start = openPage;

const motion = (sensor: number, changes: Partial<ListedAlarm> = {}): ListedAlarm =>
  listedAlarm(sensor, { id: `${sensor}-motion-0-1`, type: 'motion', severity: 'MINOR', ...changes });
const row = (sensor: number) => page.locator('.row', { hasText: `Client${sensor}\u2069,` });
const counts = async () => (await page.locator('.severities b').allTextContents()).join(' ');
const says = (text: string | RegExp) => page.locator('.empty', { hasText: text }).waitFor();
const claimsAllIsWell = async (): Promise<boolean> => (await page.locator('.empty').allTextContents()).join().includes('No alarms.');

describe('the list', () => {
  it('shows new smoke at once while the pointer rests in it, and the row under the pointer does not move', async () => {
    await start({ alarms: Array.from({ length: 9 }, (_, i) => motion(i + 1)) });
    await row(2).hover();
    const before = await row(2).boundingBox();
    fake.tell(listedAlarm(50), 'raised');
    fake.tell(listedAlarm(51), 'raised');
    for (const sensor of [50, 51]) await page.locator('.unseen-row', { hasText: `Client${sensor}\u2069,` }).waitFor();
    expect(await row(2).boundingBox()).toEqual(before);
    expect(await findingsOf(page)).toEqual([]);
    await page.locator('.unseen-row', { hasText: 'Client51\u2069,' }).click();
    await page.locator('.panel h2', { hasText: 'sensor 51' }).waitFor();
  });

  it('is released by Home, whatever the pointer does', async () => {
    await start({ alarms: Array.from({ length: 9 }, (_, i) => motion(i + 1)) });
    await row(5).hover();
    fake.tell(listedAlarm(50), 'raised');
    await page.locator('.unseen-row', { hasText: 'Client50\u2069,' }).waitFor();
    await page.keyboard.press('Home');
    await page.locator('.unseen-alarms').waitFor({ state: 'detached' });
    expect((await row(50).boundingBox())?.y).toBe((await page.locator('.rows').boundingBox())?.y);
    expect(await page.locator('.row.selected .where').textContent()).toContain('Client50');
  });

  it('returns to its place when the pointer leaves it', async () => {
    await start({ alarms: Array.from({ length: 9 }, (_, i) => motion(i + 1)) });
    await row(5).hover();
    fake.tell(listedAlarm(50), 'raised');
    await page.locator('.unseen-row', { hasText: 'Client50\u2069,' }).waitFor();
    await page.mouse.move(900, 20);
    await page.locator('.unseen-alarms').waitFor({ state: 'detached' });
    expect((await row(50).boundingBox())?.y).toBe((await page.locator('.rows').boundingBox())?.y);
  });

  it('shows an alarm that ends under the resting pointer as ended, without any action', async () => {
    const alarms = Array.from({ length: 6 }, (_, i) => motion(i + 1, { state: 'ACTIVE_ACK', acknowledgedBy: 'op1' }));
    await start({ alarms });
    await row(3).hover();
    const before = await row(3).boundingBox();
    for (const alarm of alarms.slice(0, 3)) fake.tell({ ...alarm, version: 2, state: 'CLEARED_ACK' }, 'cleared');
    await page.locator('.row.over', { hasText: 'Client3\u2069,' }).waitFor();
    for (const sensor of [1, 2]) await row(sensor).waitFor({ state: 'detached' });
    expect(await row(3).boundingBox()).toEqual(before);
    expect(await page.locator('.queue-head').textContent()).toContain('0 new, 3 open');
    await page.mouse.move(900, 20);
    await row(3).waitFor({ state: 'detached' });
  });

  it('reports new smoke above when it is scrolled, and what has just come in below', async () => {
    const old = new Date(Date.now() - 600_000).toISOString();
    await start({ alarms: Array.from({ length: 60 }, (_, i) => listedAlarm(i + 1, { raisedAt: old })) });
    fake.tell(listedAlarm(99, { raisedAt: new Date().toISOString() }), 'raised');
    await page.locator('.unseen-row', { hasText: 'Client99\u2069,' }).waitFor();
    await page.locator('.rows').evaluate((list) => list.scrollTo(0, 10_000));
    await page.locator('.unseen-words', { hasText: /\d+ new above/ }).waitFor();
    await page.locator('.unseen-words button').click();
    await expect.poll(() => page.locator('.rows').evaluate((list) => list.scrollTop)).toBe(0);
  });

  it('says how many alarms it has no room for, counts all of them, and still shows the newest', async () => {
    const alarms = Array.from({ length: 5_000 }, (_, i) => motion(i + 1));
    const byType = { smoke: 0, temperature: 12, motion: 6_000 };
    await start({ alarms, open: { byType, unacknowledged: byType } });
    expect(await counts()).toBe('0 12 6,000');
    await page.locator('.queue-head', { hasText: '1,012 not listed' }).waitFor();
    fake.send('alarm', { event: 'raised', at: new Date().toISOString(), alarm: listedAlarm(7_000) });
    await row(7_000).waitFor();
    expect(await counts()).toBe('1 12 6,000');
    expect(await page.title()).toBe('(6013) Tocsin');
  });

  it('fetches alarms for which there was no room once there is', async () => {
    const byType = { smoke: 0, temperature: 0, motion: 3 };
    fake.answer = ({ path }) =>
      path.startsWith('/api/alarms?') ? { status: 200, body: { alarms: [motion(1), motion(2), motion(3)], cursor: null } } : undefined;
    await start({ alarms: [motion(1)], open: { byType, unacknowledged: byType } });
    await row(3).waitFor();
    fake.send('beat', beatOf([motion(1), motion(2), motion(3)]));
    await page.locator('.queue-head .problem').waitFor({ state: 'detached' });
  });

  it('does not bring back an alarm that a late answer still shows as open', async () => {
    const mine = motion(1);
    await start({ alarms: [mine, motion(2)] });
    await row(1).click();
    await page.locator('.panel h2', { hasText: 'sensor 1' }).waitFor();
    await page.mouse.move(900, 20);
    fake.answer = ({ method }) => {
      if (method !== 'POST') return undefined;
      const acked: ListedAlarm = { ...mine, version: 2, state: 'ACTIVE_ACK', acknowledgedBy: 'op1' };
      fake.tell({ ...acked, version: 3, state: 'CLEARED_ACK' }, 'cleared');
      return new Promise((resolve) => setTimeout(() => resolve({ status: 200, body: { ...acked, evidence: [], custody: [] } }), 300));
    };
    await page.keyboard.press('a');
    await page.keyboard.press('Escape');
    await row(1).waitFor({ state: 'detached' });
    await page.waitForTimeout(500);
    expect(await row(1).count()).toBe(0);
  });
});

describe('"No alarms" is shown', () => {
  it('with proof that detection keeps up', async () => {
    await start({ alarms: [] });
    await says('No alarms.');
    await says('Detection keeps up');
    expect(await counts()).toBe('0 0 0');
    expect(await findingsOf(page)).toEqual([]);
  });

  it.each([
    ['detection is a minute behind', { detection: { behindMs: 60_000 } }, 'alarms may be missing', /DETECTION IS 6\d s BEHIND/],
    ['nothing is known of detection', { detection: { behindMs: null } }, 'No alarm is known yet', undefined],
    ['the server does not tell of detection', { detection: undefined }, 'No alarm is known yet', undefined],
    [
      'the log cannot be read',
      { log: { perSecond: null, lastStatusAt: null, problem: 'no broker' } },
      'alarms may be missing',
      /LOG CANNOT BE READ: no broker/,
    ],
    ['no status comes in', { log: { perSecond: 0, lastStatusAt: null, problem: null } }, 'no status comes in', undefined],
    [
      'alarms are open that it does not list',
      { open: { byType: { smoke: 3, temperature: 0, motion: 0 }, unacknowledged: { smoke: 3, temperature: 0, motion: 0 } } },
      'none is listed here',
      undefined,
    ],
  ])('not when %s', async (_, changes, words, banner) => {
    await start({ alarms: [], ...changes });
    await says(words);
    if (banner) await page.locator('.banner', { hasText: banner }).waitFor();
    expect(await claimsAllIsWell()).toBe(false);
    expect(await findingsOf(page)).toEqual([]);
  });

  it('not when the proof grows old: the beats come, and detection has stopped', async () => {
    await start({ alarms: [] });
    await says('No alarms.');
    fake.send('beat', { ...beatOf([]), detection: { behindMs: 16_000 } });
    await page.locator('.banner', { hasText: 'DETECTION IS 16 s BEHIND' }).waitFor();
    expect(await claimsAllIsWell()).toBe(false);
    expect(await counts()).toBe('0? 0? 0?');
    expect(await page.title()).toContain('DETECTION BEHIND');
  });

  it('not in a window that the server refuses: it says why, and shows no number', async () => {
    const reason = 'this session has 4 live streams open already: close another window of the console first';
    fake.answer = ({ path }) => (path.startsWith('/api/live') ? { status: 429, body: { error: reason } } : undefined);
    await page.goto(fake.url);
    await page.locator('.banner', { hasText: `NOT CONNECTED: ${reason}` }).waitFor();
    expect(await counts()).toBe('– – –');
    await says('whether there are alarms is not known');
    expect(await page.title()).toBe('(?) Tocsin - NOT CONNECTED');
    expect(await findingsOf(page)).toEqual([]);
  });

  it('not while the link is lost', async () => {
    await start({ alarms: [] });
    await says('No alarms.');
    fake.answer = ({ path }) => (path.startsWith('/api/live') ? { status: 503, body: { error: 'starting' } } : undefined);
    fake.cut();
    await says('Alarms since then are not known');
    expect(await counts()).toBe('0? 0? 0?');
    expect(await claimsAllIsWell()).toBe(false);
  });

  it('where it moves nothing below: neither a banner nor its end does', async () => {
    await start({ alarms: [motion(1), motion(2)] });
    const before = await row(1).boundingBox();
    fake.send('beat', { ...beatOf([motion(1), motion(2)]), detection: { behindMs: 60_000 } });
    await page.locator('.banner').waitFor();
    expect(await row(1).boundingBox()).toEqual(before);
  });

  it('and the graph says so when its numbers are not known', async () => {
    fake.answer = ({ path }) => (path.startsWith('/api/counts') ? { status: 503, body: { error: 'no history' } } : undefined);
    await start({ alarms: [] });
    await page.locator('.counts', { hasText: 'Not known' }).waitFor();
    expect(await page.locator('.counts').textContent()).not.toMatch(/\b0 alarms/);
  });
});

it('and its title shows what comes while the window is hidden and gets no frames', async () => {
  await page.addInitScript('window.requestAnimationFrame = () => 1');
  fake.snapshot = { alarms: [] };
  await page.goto(fake.url);
  await expect.poll(() => page.locator('.link').textContent()).toBe('LIVE');
  fake.tell(listedAlarm(1), 'raised');
  await expect.poll(() => page.title()).toBe('(1) Tocsin');
});

describe('sensors that cannot be relied on', () => {
  const fault = { detector: 'smoke', reason: 'unreadable', since: '2026-11-24T12:00:00.000Z' };

  it('are counted, listed and shown beside their alarm, as they come and go', async () => {
    await start({ alarms: [motion(4)], faults: [{ sensor: 4, faults: [fault] }] });
    await page.locator('.sensor-tabs', { hasText: '1 sensor has a fault' }).click();
    await page.locator('.sensor-tabs button').first().click();
    await page.locator('.sensor-list', { hasText: 'Sensor 4 smoke not readable since' }).waitFor();
    await row(4).click();
    await page.locator('.panel .faults', { hasText: 'smoke not readable' }).waitFor();
    expect(await findingsOf(page)).toEqual([]);
    fake.send('faults', [{ sensor: 4, faults: [] }]);
    fake.send('beat', { ...beatOf([motion(4)]), faults: 0 });
    await page.locator('.sensor-tabs', { hasText: 'No sensor faults' }).waitFor();
    await page.locator('.panel .faults').waitFor({ state: 'detached' });
  });

  it('are not said to be none while the page does not know', async () => {
    await start({ alarms: [], faults: null });
    await page.locator('.sensor-tabs', { hasText: 'Sensor faults are not known' }).waitFor();
    expect(await page.locator('body').textContent()).not.toContain('No sensor faults');
  });

  it('can be opened even if they have had no alarm or have no place', async () => {
    const sensor = { id: 9, region: '', geohash: '', active: [], since: null, alarms: [], faults: [fault], client: null };
    fake.answer = ({ path }) => {
      if (path.startsWith('/api/sensors?place=none'))
        return { status: 200, body: { sensors: [{ id: 9, active: ['smoke'] }], total: 41, cursor: null } };
      return path === '/api/sensors/9' ? { status: 200, body: sensor } : undefined;
    };
    await start({ alarms: [motion(1)] });
    await row(1).click();
    await page.locator('.sensor-tabs button', { hasText: '41 without a place' }).click();
    await page.locator('.sensor-list button', { hasText: 'Sensor 9 SMOKE active' }).click();
    await page.locator('.panel h2', { hasText: 'Sensor 9' }).waitFor();
    await page.locator('.panel .faults').waitFor();
    await page.locator('.panel', { hasText: 'it is not on the map' }).waitFor();
    expect(await findingsOf(page)).toEqual([]);
    // No alarm is highlighted while a sensor is open.
    await page.keyboard.press('a');
    await page.locator('.notice', { hasText: 'no alarm is highlighted' }).waitFor();
    expect(fake.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('a phone', () => {
  it('opens, reads, acknowledges, notes and closes an alarm', async () => {
    await look({ width: 390, height: 844 }, true);
    fake.answer = ({ method, path }) => {
      if (method !== 'POST') return undefined;
      const kind = path.split('/').at(-1);
      const alarm: ListedAlarm = { ...listedAlarm(2), version: kind === 'note' ? 3 : 2, state: 'ACTIVE_ACK', acknowledgedBy: 'op1' };
      return { status: 200, body: { ...alarm, evidence: [], custody: [], client: null } };
    };
    await start({ alarms: [listedAlarm(1), listedAlarm(2), motion(3)] });
    expect(await findingsOf(page)).toEqual([]);
    expect(await tooSmall()).toEqual([]);
    await row(2).tap();
    await page.locator('.panel h2', { hasText: 'SMOKE, sensor 2' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await tooSmall()).toEqual([]);
    expect(await covered()).toEqual([]);
    await page.locator('.primary').tap();
    await page.locator('.acknowledged', { hasText: 'by op1' }).waitFor();
    await page.locator('#note').tap();
    await page.keyboard.type('called');
    await page.locator('.panel button', { hasText: 'Add note' }).tap();
    await expect.poll(() => page.locator('#note').inputValue()).toBe('');
    expect(await findingsOf(page)).toEqual([]);
    await page.locator('.panel-head button').tap();
    await page.locator('.panel').waitFor({ state: 'detached' });
  });

  it.each([
    ['a flood', { alarms: Array.from({ length: 3_000 }, (_, i) => listedAlarm(i + 1)) }],
    ['detection behind', { alarms: [], detection: { behindMs: 60_000 } }],
  ])('shows %s without anything beyond its edge or overlapping', async (_, snapshot) => {
    await look({ width: 390, height: 844 }, true);
    await start(snapshot);
    await page.waitForTimeout(200);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await tooSmall()).toEqual([]);
  });

  /** Controls that are too small for a finger. */
  const tooSmall = () =>
    page.locator('button, textarea, .row').evaluateAll((controls) =>
      controls
        .map((control) => ({ text: control.textContent, box: control.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
        .map(({ text }) => text),
    );
  /** Controls of the panel that are covered by something else. */
  const covered = () =>
    page.locator('.panel button:not(:disabled)').evaluateAll((controls) =>
      controls
        .filter((control) => {
          const { left, top, width, height } = control.getBoundingClientRect();
          const hit = control.ownerDocument.elementFromPoint(left + width / 2, top + height / 2);
          return !(hit !== null && control.contains(hit));
        })
        .map((control) => control.textContent),
    );
});
