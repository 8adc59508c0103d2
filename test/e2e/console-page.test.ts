import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientOf } from '../support/alarms.ts';
import { findingsOf, launchBrowser } from '../support/browser.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../support/console.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';

const EVIL = '<img src=x onerror="document.title=1">';

let browser: Browser;
let proxy: StallingProxy;
let on: TestConsole;
let page: Page;
let requests: string[];
let violations: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  proxy = await startStallingProxy();
  on = await startTestConsole({
    clients: [1, 2, 3, 4, 5, 6, 7, 8].map((id) =>
      clientOf({ id, name: id === 2 ? EVIL : `Client${id}`, latitude: id * 7, longitude: id * 11 }),
    ),
    environment: { TOCSIN_CONSOLE_URL: `http://127.0.0.1:${proxy.port}` },
  });
  proxy.forwardTo(on.console.port);
  page = await (await browser.newContext({ viewport: { width: 1280, height: 720 } })).newPage();
  requests = [];
  violations = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => message.text().includes('Content Security Policy') && violations.push(message.text()));
  page.on('pageerror', (error) => violations.push(error.message));
});

afterEach(async () => {
  await page.context().close();
  await proxy.close();
  await on.stop();
  expect(requests.filter((url) => !url.startsWith(`http://127.0.0.1:${proxy.port}/`))).toEqual([]);
  expect(violations).toEqual([]);
});

const openByLink = async (): Promise<void> => {
  await page.goto(on.console.signInUrl);
  await page.locator('.link.live').waitFor();
};
const rows = () => page.locator('.row');
const numberOfRows = (n: number) =>
  eventually(
    () => rows().count(),
    (now) => now === n,
  );
const smoke = async (sensor: number): Promise<void> => {
  for (let i = 0; i < 3; i += 1) await on.report(sensor, { smoke: true });
};

const findings = (): Promise<string[]> => findingsOf(page);

describe('the page', () => {
  it('opens by the link, hides its token, and shows an empty queue as watched', async () => {
    await openByLink();
    expect(page.url()).not.toContain('token');
    const reports = setInterval(() => void on.report(1, { motion: false }), 200);
    try {
      await page.locator('.empty', { hasText: 'No alarms.' }).waitFor();
      await page.locator('.empty', { hasText: 'watching 8 sensors' }).waitFor();
      await page.locator('.empty', { hasText: /\d statuses\/s/ }).waitFor();
      expect(await findings()).toEqual([]);
    } finally {
      clearInterval(reports);
    }
  });

  it('says how to load clients when there are none', async () => {
    on.directory.clients.clear();
    const bare = await startTestConsole({ clients: [] });
    await page.goto('about:blank');
    proxy.forwardTo(bare.console.port);
    const direct = await browser.newPage();
    await direct.goto(bare.console.signInUrl);
    await direct.locator('code', { hasText: 'npm run clients -- generate 50000 --import' }).waitFor();
    await direct.close();
    await bare.stop();
    requests = [];
  });

  it('is signed in to by a link that is pasted into a window that is open already, or into the field for a token', async () => {
    for (const pasted of ['address', 'field'] as const) {
      const other = await startTestConsole();
      const window = await browser.newPage();
      await window.goto(other.console.url);
      await window.getByLabel('Token').waitFor();
      if (pasted === 'address') await window.goto(other.console.signInUrl);
      else {
        await window.getByLabel('Token').fill(` ${other.console.signInUrl}\n`);
        await window.getByRole('button', { name: 'Sign in' }).click();
      }
      await window.locator('.link', { hasText: 'LIVE' }).or(window.getByText('LIVE')).first().waitFor();
      expect(window.url()).not.toContain('token');
      await window.close();
      await other.stop();
    }
  });

  it('shows an alarm live, and the keyboard alone opens, acknowledges and closes it', async () => {
    await openByLink();
    await on.report(3);
    await rows().filter({ hasText: 'Client3' }).waitFor();
    expect(await page.title()).toBe('(1) Tocsin');
    await smoke(4);
    await rows().first().filter({ hasText: 'SMOKE' }).waitFor();
    expect(await findings()).toEqual([]);
    await page.keyboard.press('n');
    await page.locator('.panel', { hasText: '28 Stroude Road' }).waitFor();
    expect(await page.locator('.evidence li').count()).toBe(3);
    expect(await page.locator('.custody li').count()).toBe(4);
    expect(await findings()).toEqual([]);
    await page.keyboard.press('a');
    await page.locator('.sentence', { hasText: 'Active, acknowledged by operator' }).waitFor();
    await page.keyboard.press('o');
    await page.keyboard.type('called the premises');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.custody', { hasText: 'called the premises by operator' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.panel').waitFor({ state: 'detached' });
    await on.recover(4);
    await numberOfRows(1);
    const actions = on.log.all('ACTION').map(({ value }) => JSON.parse(value));
    expect(actions).toMatchObject([
      { kind: 'acknowledge', by: 'operator', sensor: 4 },
      { kind: 'note', by: 'operator', note: 'called the premises' },
    ]);
  });

  it('shows a name with markup as text', async () => {
    await openByLink();
    await on.report(2);
    await rows().filter({ hasText: EVIL }).waitFor();
    await page.keyboard.press('n');
    await page.locator('.client h3', { hasText: EVIL }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('keeps the row under the pointer where it is while graver alarms come in', async () => {
    await openByLink();
    for (const sensor of [1, 3, 5]) await on.report(sensor);
    await numberOfRows(3);
    const row = rows().filter({ hasText: 'Client5' });
    await row.hover();
    const before = await row.boundingBox();
    await smoke(6);
    await page.locator('.unseen-alarms', { hasText: '1 new above' }).waitFor();
    expect((await row.boundingBox())?.y).toBe(before?.y);
    await page.mouse.move(900, 300);
    await numberOfRows(4);
    await rows().first().filter({ hasText: 'SMOKE' }).waitFor();
  });

  it('lets viewers look, without client and without buttons', async () => {
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.locator('#token').fill(VIEWER_TOKEN);
    expect(await findings()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('.link.live').waitFor();
    await smoke(4);
    await rows().first().click();
    await page.locator('.evidence li').first().waitFor();
    expect(await page.locator('.panel .actions').count()).toBe(0);
    expect(await page.locator('body').textContent()).not.toMatch(/Client4|Stroude/);
  });

  it('refuses a wrong token with an explanation', async () => {
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.locator('#token').fill('nonsense');
    await page.keyboard.press('Enter');
    await page.locator('[role=alert]', { hasText: 'not known' }).waitFor();
  });

  it('lists the keys', async () => {
    await openByLink();
    await page.keyboard.press('?');
    await page.locator('dialog', { hasText: 'acknowledge it' }).waitFor();
    expect(await findings()).toEqual([]);
  });
});

describe('a lost link', () => {
  it('shows within a second that the server has gone, and offers no action meanwhile', async () => {
    await openByLink();
    await smoke(4);
    await rows().first().click();
    await page.locator('.primary:enabled').waitFor();
    proxy.forwardTo(1);
    proxy.cut();
    await page.locator('.banner', { hasText: 'LINK LOST' }).waitFor({ timeout: 1_000 });
    await page.locator('.primary:disabled').waitFor();
    expect(await page.title()).toContain('LINK LOST');
    expect(await findings()).toEqual([]);
  });

  it('shows after ten seconds that the line is silently dead', async () => {
    await openByLink();
    proxy.stall();
    await page.locator('.banner', { hasText: 'nothing has come for 10 s' }).waitFor({ timeout: 14_500 });
  });

  it('resumes: after many cuts the page shows the same as the API', async () => {
    await openByLink();
    for (let cut = 0; cut < 5; cut += 1) {
      await on.report(1 + cut);
      proxy.cut();
      await on.report(1 + cut, { smoke: true });
      await on.report(1 + cut, { smoke: true });
      await on.report(1 + cut, { smoke: true });
      await page.locator('.link.live').waitFor();
    }
    await on.recover(3);
    const { json } = await eventually(
      () => call(on, '/api/alarms?state=open'),
      ({ json: list }) => list.alarms.filter(({ state }: { state: string }) => state === 'CLEARED_UNACK').length === 2,
    );
    const expected = json.alarms.map(({ id }: { id: string }) => `row-${id}`).sort();
    await eventually(
      async () => (await Promise.all((await rows().all()).map((row) => row.getAttribute('id')))).sort(),
      (ids) => ids.join() === expected.join(),
    );
  });
});

it('opens the alarm that a mail links to, after signing in', async () => {
  await smoke(4);
  const { json } = await eventually(
    () => call(on, '/api/alarms'),
    ({ json: list }) => list.alarms.length === 1,
  );
  await page.goto(`http://127.0.0.1:${proxy.port}/#/alarms/${json.alarms[0].id}`);
  await page.locator('#token').fill(OPERATOR_TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('.panel h2', { hasText: 'SMOKE, sensor 4' }).waitFor();
});

it('opens the alarm of a sensor by a link, and says if it has had none', async () => {
  await openByLink();
  await on.report(3);
  await rows().filter({ hasText: 'Client3' }).waitFor();
  for (const [sensor, shown] of [
    [3, page.locator('.panel', { hasText: 'Client3' })],
    [4, page.locator('.panel [role=alert]', { hasText: 'This sensor has had no alarm' })],
    [99, page.locator('.panel [role=alert]', { hasText: 'nothing is known about a sensor 99' })],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`http://127.0.0.1:${proxy.port}/#/sensors/${sensor}`);
    await shown.waitFor();
  }
});

it('signs in by token for a session that the API knows', async () => {
  await page.goto(`http://127.0.0.1:${proxy.port}/sign-in`);
  await page.locator('#token').fill(OPERATOR_TOKEN);
  await page.locator('#name').fill('Ann');
  await page.keyboard.press('Enter');
  await page.locator('.who', { hasText: 'Ann' }).waitFor();
  await page.reload();
  await page.locator('.who', { hasText: 'Ann' }).waitFor();
});

describe('the map', () => {
  /** Red, green, blue and opacity of each pixel of a part of the map, row by row. */
  const pixelsIn = (x: number, y: number, width: number, height: number): Promise<number[]> =>
    page.locator('.map canvas').evaluate(
      (canvas, part) => {
        const { getContext } = canvas as unknown as {
          getContext(kind: '2d'): { getImageData(...part: number[]): { data: Uint8ClampedArray } };
        };
        return [...getContext.call(canvas, '2d').getImageData(...part).data];
      },
      [x, y, width, height],
    );
  const colourAt = async (x: number, y: number): Promise<number[]> => (await pixelsIn(x, y, 1, 1)).slice(0, 3);
  const hoverCard = () => page.locator('.hover-card');

  /** The sensors of one house, in the middle of the map. */
  const house = [10, 11, 12].map((id) => clientOf({ id, name: `Client${id}`, latitude: 18 + id / 1_000, longitude: 0 }));

  it('shows active smoke among restored alarms, and marks no sensor there as well', async () => {
    await on.directory.put(house);
    await openByLink();
    // The console checks for new clients every ten seconds.
    await page.locator('.map-note', { hasText: '11 sensors' }).waitFor();
    for (const sensor of [10, 11]) {
      await smoke(sensor);
      await on.recover(sensor);
    }
    await page.locator('.row', { hasText: 'RESTORED' }).nth(1).waitFor();
    await smoke(12);
    await rows().filter({ hasText: 'NEW' }).waitFor();
    const box = await page.locator('.map canvas').boundingBox();
    const [left, top] = [Math.round((box?.width ?? 0) * 0.48), Math.round((box?.height ?? 0) * 0.3)];
    const [width, height] = [Math.round((box?.width ?? 0) * 0.04), Math.round((box?.height ?? 0) * 0.3)];
    const red = await eventually(
      async () => {
        const pixels = await pixelsIn(left, top, width, height);
        return Array.from({ length: width * height }, (_, i) => i).filter((i) => pixels.slice(4 * i, 4 * i + 3).join() === '255,90,95');
      },
      ({ length }) => length > 0,
    );
    // In the middle of the mark.
    const at = red[Math.floor(red.length / 2)] ?? 0;
    const [x, y] = [left + (at % width), top + Math.floor(at / width)];
    await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y);
    await hoverCard().filter({ hasText: 'SMOKE NEW, sensor 12' }).waitFor();
    // The middle is filled: something there is active.
    const middle = await hoverCard().evaluate((card) => ['left', 'top'].map((side) => Number.parseFloat(card.style[side as 'left']) - 14));
    expect(await colourAt(Math.round(middle[0] ?? 0), Math.round(middle[1] ?? 0))).toEqual([255, 90, 95]);
    for (let distance = 0; distance < 30; distance += 3) {
      await page.mouse.move((box?.x ?? 0) + x + distance, (box?.y ?? 0) + y);
      expect((await hoverCard().allTextContents()).join()).not.toMatch(/all is well|: no alarm$/);
    }
    await page.mouse.click((box?.x ?? 0) + x, (box?.y ?? 0) + y);
    await page.locator('.panel h2', { hasText: 'SMOKE, sensor 12' }).waitFor();
  });
});

it('lets a note be finished and recorded even if the alarm ends meanwhile, and none of its letters acts on another alarm', async () => {
  await openByLink();
  await smoke(4);
  await rows().first().click();
  await page.locator('.panel', { hasText: '28 Stroude Road' }).waitFor();
  await page.keyboard.press('a');
  await page.locator('p.acknowledged').waitFor();
  await page.keyboard.press('o');
  await page.keyboard.type('they say: ');
  await on.recover(4);
  await smoke(5);
  await page.locator('.sentence', { hasText: 'Ended' }).waitFor();
  await rows().filter({ hasText: 'Client5' }).waitFor();
  await page.keyboard.type('a banana');
  await page.locator('button', { hasText: 'Add note' }).click();
  await page.locator('.custody', { hasText: 'they say: a banana by operator' }).waitFor();
  await page.locator('button', { hasText: 'False alarm' }).click();
  await page.locator('.summary', { hasText: 'found: false' }).waitFor();
  const { json } = await call(on, '/api/alarms?state=open');
  expect(json.alarms).toMatchObject([{ sensor: 5, state: 'ACTIVE_UNACK' }]);
});

it('shows a sensor whose smoke detector cannot be read', async () => {
  await openByLink();
  await on.report(6, { smoke: 'burnt', motion: true });
  await rows().first().click();
  await page.locator('.panel .faults', { hasText: 'smoke not readable' }).waitFor();
  await page.locator('.sensor-tabs', { hasText: '1 sensor has a fault' }).waitFor();
});

it('says that detection is behind when no processor decides what comes in', async () => {
  const log = new MemoryLog();
  const dead = await startTestConsole({ log, processor: false });
  const reports = setInterval(() => void dead.report(42_959, { smoke: true }), 100);
  const window = await browser.newPage();
  try {
    await window.goto(dead.console.signInUrl);
    await window.locator('.banner', { hasText: /DETECTION (UNKNOWN|IS \d+ s BEHIND)/ }).waitFor({ timeout: 25_000 });
    await window.locator('.status-line .banner').waitFor();
    expect(await window.locator('.empty').textContent()).not.toContain('No alarms.');
  } finally {
    clearInterval(reports);
    await window.close();
    await dead.stop();
  }
});

it('refuses a fifth window of a session with an explanation, and shows no number in it', async () => {
  await openByLink();
  const windows = [];
  for (let i = 0; i < 4; i += 1) windows.push(await page.context().newPage());
  for (const window of windows) await window.goto(`http://127.0.0.1:${proxy.port}/`);
  const fifth = windows[3];
  await fifth?.locator('.banner', { hasText: 'close another window' }).waitFor();
  expect(await fifth?.locator('.severities b').allTextContents()).toEqual(['–', '–', '–']);
});
