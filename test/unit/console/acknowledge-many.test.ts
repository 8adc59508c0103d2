/** Many alarms at once: each is acknowledged as if alone, in the same way and with the same custody. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { MANY_MAX } from '../../../console/api/many-max.ts';
import { acknowledgedMany } from '../../../console/api/schemas.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { alarmOf } from '../../support/alarms.ts';
import { call, eventually, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let running: TestConsole[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const started = await startTestConsole(options);
  running.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

interface Listed {
  readonly id: string;
  readonly sensor: number;
  readonly version: number;
  readonly state: string;
}

const seen = ({ id, version }: Listed) => ({ id, version });
const open = async (on: TestConsole): Promise<Listed[]> => (await call(on, '/api/alarms?state=open&limit=1000')).json.alarms;
const actionsIn = (on: TestConsole) => on.log.all('ACTION').map(({ value }) => JSON.parse(value));
const acknowledge = (on: TestConsole, body: object, init: object = {}) => call(on, '/api/alarms/acknowledge', { body, ...init });
const outcomes = async (on: TestConsole, body: object): Promise<string[]> => {
  const { status, json } = await acknowledge(on, body);
  expect(status).toBe(200);
  return acknowledgedMany.parse(json).alarms.map(({ outcome }) => outcome);
};
const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });
const SMOKE = { motion: false, smoke: true };

async function raised(on: TestConsole, sensors: number): Promise<Listed[]> {
  for (let sensor = 1; sensor <= sensors; sensor += 1) await on.report(sensor);
  await eventually(
    () => open(on),
    (alarms) => alarms.length === sensors,
  );
  return open(on);
}

describe('a call that acknowledges many', () => {
  it('acknowledges each as if it were alone: by whom, in its custody, by an action of its own', async () => {
    const on = await start();
    const alarms = await raised(on, 5);
    const action = randomUUID();
    const { json } = await acknowledge(on, { action, alarms: alarms.slice(0, 4).map(seen) });
    expect(json.action).toBe(action);
    expect(json.alarms.map(({ id }: Listed) => id)).toEqual(alarms.slice(0, 4).map(({ id }) => id));
    for (const { id, outcome, action: own } of json.alarms) {
      expect(outcome).toBe('acknowledged');
      const { json: alarm } = await call(on, `/api/alarms/${id}`);
      expect(alarm).toMatchObject({ state: 'ACTIVE_ACK', acknowledgedBy: 'api', version: 2 });
      expect(alarm.custody).toContainEqual(expect.objectContaining({ kind: 'acknowledged', by: 'api' }));
      expect((await call(on, `/api/actions/${own}`)).json).toMatchObject({ state: 'done', alarm: { id } });
    }
    expect((await open(on)).filter(({ state }) => state === 'ACTIVE_UNACK').map(({ id }) => id)).toEqual([alarms[4]?.id]);
  });

  it('sent again, also beside itself and at another console, has done it once', async () => {
    const on = await start();
    const body = { action: randomUUID(), alarms: (await raised(on, 3)).map(seen) };
    const all = ['acknowledged', 'acknowledged', 'acknowledged'];
    expect(await Promise.all([outcomes(on, body), outcomes(on, body)])).toEqual([all, all]);
    expect(await outcomes(on, body)).toEqual(all);
    const other = await start({ log: on.log, processor: false });
    await eventually(
      () => open(other),
      (alarms) => alarms.every(({ state }) => state === 'ACTIVE_ACK'),
    );
    expect(await outcomes(other, body)).toEqual(all);
    expect(actionsIn(on)).toHaveLength(3);
  });

  it('answers each for itself: acknowledged before, over, changed, not there', async () => {
    const on = await start({ archived: [archived({ id: 'of-yesterday', sensor: 9, state: 'CLEARED_ACK', version: 3 })] });
    const [before, cleared, changed, good] = await raised(on, 4);
    if (!before || !cleared || !changed || !good) throw new Error('four were raised');
    await call(on, `/api/alarms/${before.id}/acknowledge`, { body: { version: 1 } });
    await call(on, `/api/alarms/${cleared.id}/acknowledge`, { body: { version: 1 } });
    for (const { sensor } of [cleared, changed]) await on.recover(sensor);
    await eventually(
      () => open(on),
      (alarms) => alarms.length === 3 && alarms.some(({ state }) => state === 'CLEARED_UNACK'),
    );
    const strangers = [
      { id: 'of-yesterday', version: 3 },
      { id: 'nobody-knows', version: 1 },
    ];
    const { json } = await acknowledge(on, { alarms: [...[before, cleared, changed, good].map(seen), ...strangers] });
    expect(json.alarms).toMatchObject([
      { outcome: 'already', reason: expect.stringContaining('api') },
      { outcome: 'over' },
      { outcome: 'changed', reason: expect.stringContaining('changed since') },
      { outcome: 'acknowledged' },
      { outcome: 'over' },
      { outcome: 'unknown' },
    ]);
  });

  it('leaves out life safety alarms unless they are asked for', async () => {
    const on = await start();
    await on.report(1);
    for (let hit = 0; hit < 3; hit += 1) await on.report(2, SMOKE);
    await eventually(
      () => open(on),
      (alarms) => alarms.length === 2,
    );
    const alarms = (await open(on)).toSorted((a, b) => a.sensor - b.sensor).map(seen);
    expect(await outcomes(on, { alarms })).toEqual(['acknowledged', 'left-out']);
    expect((await open(on)).find(({ sensor }) => sensor === 2)?.state).toBe('ACTIVE_UNACK');
    expect(await outcomes(on, { alarms, lifeSafety: true })).toEqual(['already', 'acknowledged']);
  });

  it('counts unknown types as life safety', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'gone', type: 'gas-of-old' })] });
    expect(await outcomes(on, { alarms: [{ id: 'gone', version: 1 }] })).toEqual(['left-out']);
  });

  it('says pending where nothing is decided, and the outcome when it is asked again', async () => {
    const on = await start({
      processor: false,
      archived: [archived({ id: 'one', type: 'motion' })],
      environment: { TOCSIN_CONSOLE_ANSWER: '20ms' },
    });
    const body = { action: randomUUID(), alarms: [{ id: 'one', version: 1 }] };
    expect(await outcomes(on, body)).toEqual(['pending']);
    expect(await outcomes(on, body)).toEqual(['pending']);
    expect(actionsIn(on)).toHaveLength(1);
  });

  it('does nothing if the log accepts nothing, and does it when it is sent again', async () => {
    const on = await start();
    const body = { action: randomUUID(), alarms: (await raised(on, 2)).map(seen) };
    const { append } = on.log;
    on.log.append = async () => {
      throw new TransientError('disk-full', 'no space left');
    };
    expect(await acknowledge(on, body)).toMatchObject({
      status: 503,
      json: { action: body.action, error: expect.stringContaining('no space') },
    });
    on.log.append = append;
    expect(await outcomes(on, body)).toEqual(['acknowledged', 'acknowledged']);
  });
});

describe('who may, and how much', () => {
  it('no viewer, nobody without credentials, no page but ours', async () => {
    const on = await start();
    const body = { alarms: (await raised(on, 1)).map(seen) };
    expect((await acknowledge(on, body, { token: VIEWER_TOKEN })).status).toBe(403);
    expect((await acknowledge(on, body, { token: null })).status).toBe(401);
    const signedIn = await call(on, '/api/session', {
      token: null,
      body: { token: 'operator-token-0123456789', name: 'Kim' },
      headers: { origin: on.console.url },
    });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await acknowledge(on, body, { token: null, headers: { cookie, origin: 'https://elsewhere.example' } })).status).toBe(403);
    expect((await open(on))[0]?.state).toBe('ACTIVE_UNACK');
    expect((await acknowledge(on, body, { token: null, headers: { cookie, origin: on.console.url } })).status).toBe(200);
    expect((await call(on, `/api/alarms/${body.alarms[0]?.id}`)).json.acknowledgedBy).toBe('Kim');
  });

  it(`takes ${MANY_MAX} at a time, each named once, with a version`, async () => {
    const on = await start({ processor: false, environment: { TOCSIN_CONSOLE_ANSWER: '20ms' } });
    const strangers = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `${i}`.padEnd(128, 'x'), version: 2 ** 31 }));
    expect((await acknowledge(on, { alarms: strangers(MANY_MAX), action: randomUUID() })).status).toBe(200);
    for (const alarms of [
      strangers(MANY_MAX + 1),
      [],
      [
        { id: 'a', version: 1 },
        { id: 'a', version: 2 },
      ],
      [{ id: 'a' }],
    ])
      expect((await acknowledge(on, { alarms })).status).toBe(400);
  });
});
