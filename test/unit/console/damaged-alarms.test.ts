/** Alarms that the archive can't read: lists give all others and say so, and whatever the log still has comes back. */
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { damagedWords, DamagedAlarms } from '../../../console/live/damaged-alarms.ts';
import type { AlarmEvent } from '../../../alarm/alarm.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';
import { call, eventually, startTestConsole, type TestConsole } from '../../support/console.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const damaged = { id: 'a7-smoke-1', sensor: 7, type: 'smoke', raisedAt: NOON };
const whole = { ...alarmOf({ id: 'a8-smoke-2', sensor: 8 }), region: 'UK', geohash: 'gcwfhf0kz' };
const cause = { topic: 'ENTRY', partition: 0, offset: 1 };

describe('an alarm that the archive cannot read', () => {
  let running: TestConsole | undefined;
  afterEach(() => running?.stop());

  it.each(['open', 'active', 'all', 'ACTIVE_UNACK'])('is said in the list of %s alarms, which has all others', async (state) => {
    running = await startTestConsole({ damaged: [damaged], archived: [whole] });
    const { status, json } = await call(running, `/api/alarms?state=${state}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      alarms: [{ id: whole.id }],
      problems: [expect.stringContaining('1 alarm is missing here, damaged in the archive: smoke of sensor 7, raised 2026-11-24T')],
    });
  });

  it('is said about its sensor, and is not said to be unknown', async () => {
    running = await startTestConsole({ damaged: [damaged], archived: [whole] });
    expect(await call(running, '/api/sensors/7')).toMatchObject({
      status: 200,
      json: { problems: [expect.stringContaining('smoke of sensor 7')] },
    });
    const { json } = await call(running, '/api/sensors/8');
    expect(json).not.toHaveProperty('problems');
    expect(await call(running, `/api/alarms/${damaged.id}`)).toMatchObject({
      status: 500,
      json: { error: expect.stringContaining('npm run repair') },
    });
    expect(await call(running, '/api/alarms/a9-smoke-9')).toMatchObject({ status: 404 });
  });

  it('delays no fire, which is listed', async () => {
    running = await startTestConsole({ damaged: [damaged] });
    const on = running;
    for (let i = 0; i < 3; i += 1) await on.report(9, { smoke: true });
    const { json } = await eventually(
      () => call(on, '/api/alarms?state=open'),
      (answer) => JSON.stringify(answer.json).includes('"sensor":9'),
    );
    expect(json).toMatchObject({ alarms: [{ sensor: 9, type: 'smoke' }], problems: [expect.stringContaining('sensor 7')] });
  });

  it('comes back from the log, as it was last', async () => {
    const log = new MemoryLog();
    const event = (version: number): AlarmEvent => ({
      event: 'seen',
      at: NOON,
      cause,
      alarm: alarmOf({ id: damaged.id, sensor: 7, version }),
    });
    for (const version of [1, 2]) await log.append('ALARM', oneRecord(7, JSON.stringify(event(version))), NOON);
    await log.append('ALARM', oneRecord(8, JSON.stringify({ ...event(5), alarm: whole })), NOON);
    const alarms = new DamagedAlarms({ log, logger: pino({ level: 'silent' }) });
    alarms.add(damaged);
    alarms.add({ id: 'gone from the log', sensor: undefined, type: undefined, raisedAt: undefined });
    const taken: AlarmEvent[] = [];
    const { next } = await log.bounds('ALARM', 0);
    await alarms.lookFor(
      [next],
      (events) => {
        taken.push(...events);
        alarms.heard(events);
      },
      new AbortController().signal,
    );
    expect(taken).toMatchObject([{ alarm: { id: damaged.id, version: 1 } }, { alarm: { id: damaged.id, version: 2 } }]);
    expect(alarms.list().map(({ id }) => id)).toEqual(['gone from the log']);
    expect(damagedWords(alarms.list())).toContain('alarm gone from the log');
  });
});
