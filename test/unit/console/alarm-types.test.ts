/** Types that are only in the settings, through API and live stream; and alarms whose type was removed from the settings. */
import { afterEach, describe, expect, it } from 'vitest';
import { alarmPage, countsAnswer, faultsAnswer, sensorAnswer, typesAnswer } from '../../../console/api/schemas.ts';
import { conditionOf } from '../../../console/live/sensor-code.ts';
import { FIVE, REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole } from '../../support/console.ts';
import { LiveEvents } from '../../support/live-events.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let ends: (() => unknown)[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const on = await startTestConsole({ types: FIVE, ...options });
  ends.push(() => on.stop());
  return on;
};
afterEach(async () => {
  const all = ends.reverse();
  ends = [];
  for (const end of all) await end();
});

const SENSOR = 42_959;
const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });
const water = (changes: Parameters<typeof alarmOf>[0] = {}) => archived({ id: 'w', type: 'water', severity: 'MAJOR', ...changes });
const battery = (changes: Parameters<typeof alarmOf>[0] = {}) => archived({ id: 'b', type: 'battery', severity: 'WARNING', ...changes });
const ids = async (on: TestConsole, query: string): Promise<string[]> =>
  alarmPage.parse((await call(on, `/api/alarms?${query}`)).json).alarms.map(({ id }) => id);

async function snapshotOf(on: TestConsole) {
  const listener = await LiveEvents.open(on.console.url, OPERATOR_TOKEN);
  ends.push(() => listener.close());
  const [snapshot] = await eventually(
    async () => listener.named('snapshot'),
    (all) => all.length > 0,
  );
  return snapshot;
}

describe('a type of the settings', () => {
  it('is described in their order, with what raises it and how it is shown', async () => {
    const on = await start({ processor: false });
    const { types } = typesAnswer.parse((await call(on, '/api/types')).json);
    expect(types.map(({ name }) => name)).toEqual(['motion', 'smoke', 'temperature', 'water', 'battery']);
    expect(types[2]).toEqual({
      name: 'temperature',
      label: 'Heat',
      severity: 'MAJOR',
      lifeSafety: true,
      hits: 3,
      clears: 'recovery',
      when: 'temperature > maxTemperature',
      shape: 'diamond',
    });
    expect(types[3]).toMatchObject({ name: 'water', label: 'Water', hits: 2, withinMs: 300_000, when: 'water', shape: 'drop' });
    expect(types[4]).toMatchObject({ name: 'battery', severity: 'WARNING', lifeSafety: false, clears: 'normal', when: 'battery < 15' });
    expect((await snapshotOf(on)).types).toEqual(types);
  });

  it('is detected, listed, found by its name, and shown at its sensor', async () => {
    const on = await start();
    for (let i = 0; i < 2; i += 1) await on.report(SENSOR, { water: true });
    await on.report(SENSOR, { battery: 9 });
    await eventually(
      () => call(on, '/api/alarms'),
      ({ json }) => json.alarms.length === 2,
    );
    const { alarms } = alarmPage.parse((await call(on, '/api/alarms?type=water')).json);
    expect(alarms).toMatchObject([{ sensor: SENSOR, type: 'water', severity: 'MAJOR', state: 'ACTIVE_UNACK' }]);
    expect(sensorAnswer.parse((await call(on, `/api/sensors/${SENSOR}`)).json).active).toEqual(['water', 'battery']);
  });

  it('can be asked for, and no other', async () => {
    const on = await start({ processor: false });
    for (const path of ['/api/alarms', '/api/counts'])
      expect(await call(on, `${path}?type=fire`)).toMatchObject({
        status: 400,
        json: { error: 'type: must be one of motion, smoke, temperature, water, battery' },
      });
    const { paths } = (await call(on, '/api/openapi.json')).json;
    const type = paths['/api/alarms'].get.parameters.find(({ name }: { name: string }) => name === 'type');
    expect(type.schema.enum).toEqual(['motion', 'smoke', 'temperature', 'water', 'battery']);
    const answered = paths['/api/alarms/{id}'].get.responses[200].content['application/json'].schema.properties.type;
    expect(answered).toEqual({ type: 'string', description: expect.stringContaining('motion, smoke, temperature, water, battery') });
  });

  it('is counted: what is open, and what was raised per minute', async () => {
    const on = await start({
      processor: false,
      archived: [water(), water({ id: 'w2', sensor: 2, state: 'CLEARED_UNACK' }), battery({ sensor: 3 })],
    });
    expect((await snapshotOf(on)).open).toEqual({
      total: 3,
      byType: { motion: 0, smoke: 0, temperature: 0, water: 2, battery: 1 },
      active: { motion: 0, smoke: 0, temperature: 0, water: 1, battery: 1 },
      unacknowledged: { motion: 0, smoke: 0, temperature: 0, water: 2, battery: 1 },
    });
    const minute = Date.UTC(2026, 0, 1, 12);
    await on.history.writeCounts([
      { minute, type: 'water', region: 'UK', partition: 0, count: 2 },
      { minute, type: 'battery', region: 'UK', partition: 0, count: 1 },
    ]);
    const span = 'from=2026-01-01T12:00:00Z&to=2026-01-01T12:05:00Z';
    const counts = async (query: string) => countsAnswer.parse((await call(on, `/api/counts?${query}`)).json).counts;
    expect((await counts(span)).map(({ type, count }) => [type, count])).toEqual([
      ['battery', 1],
      ['water', 2],
    ]);
    expect((await counts(`${span}&type=water`)).map(({ type }) => type)).toEqual(['water']);
  });

  it('decides how its sensor is drawn', async () => {
    const on = await start({
      processor: false,
      archived: [battery({ state: 'ACTIVE_ACK' }), water({ state: 'CLEARED_UNACK' }), water({ id: 'w2', sensor: 2 })],
    });
    const { states } = await snapshotOf(on);
    const codes = new Map<number, number>([
      [states[0], states[1]],
      [states[2], states[3]],
    ]);
    const conditionAt = (sensor: number) => conditionOf(codes.get(sensor) ?? 0);
    expect(conditionAt(SENSOR)).toEqual({ place: 4, severity: 'WARNING', isActive: true, isUnacknowledged: true });
    expect(conditionAt(2)).toEqual({ place: 3, severity: 'MAJOR', isActive: true, isUnacknowledged: true });
  });

  it('has its faults listed: what lives depend on first, then the gravest, then by the order of the settings', async () => {
    const log = new MemoryLog();
    const detectors = ['battery', 'motion', 'removed', 'water', 'temperature', 'smoke'];
    for (const [sensor, detector] of detectors.entries()) {
      const faults = [{ detector, reason: 'absent', since: NOON }];
      const cause = { topic: 'ENTRY', partition: 0, offset: 1 };
      await log.append('SUPERVISION', oneRecord(sensor, JSON.stringify({ sensor, at: NOON, cause, faults })), NOON);
    }
    const on = await start({ log, processor: false });
    const { json } = await eventually(
      () => call(on, '/api/faults'),
      ({ status }) => status === 200,
    );
    expect(faultsAnswer.parse(json).faults.map(({ detector }) => detector)).toEqual([
      'smoke',
      'temperature',
      'water',
      'motion',
      'battery',
      'removed',
    ]);
  });
});

describe('an alarm whose type the settings no longer have', () => {
  it('stays listed, shown and counted among those that they have', async () => {
    const on = await start({ types: REFERENCE, processor: false, archived: [water(), archived({ id: 's' })] });
    expect((await ids(on, 'state=active')).toSorted()).toEqual(['s', 'w']);
    expect((await call(on, '/api/alarms/w')).json).toMatchObject({ type: 'water', severity: 'MAJOR' });
    expect(sensorAnswer.parse((await call(on, `/api/sensors/${SENSOR}`)).json).active).toEqual(['smoke', 'water']);
    const { open, states } = await snapshotOf(on);
    expect(open).toMatchObject({ total: 2, byType: { motion: 0, smoke: 1, temperature: 0, water: 1 } });
    expect(conditionOf(states[1])).toMatchObject({ place: 1, severity: 'CRITICAL', isActive: true });
    expect((await call(on, '/api/alarms?type=water')).status).toBe(400);
  });

  it('is acknowledged, and ends by a recovery, after a start with other settings', async () => {
    const before = await start();
    for (let i = 0; i < 2; i += 1) await before.report(SENSOR, { water: true });
    const { json } = await eventually(
      () => call(before, '/api/alarms'),
      ({ json: page }) => page.alarms.length === 1,
    );
    const { id, version } = json.alarms[0];
    await before.stop();
    const on = await start({ types: REFERENCE, log: before.log });
    await eventually(
      () => ids(on, 'state=active'),
      (all) => all.includes(id),
    );
    const acknowledged = await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } });
    expect(acknowledged).toMatchObject({ status: 200, json: { type: 'water', state: 'ACTIVE_ACK' } });
    await on.recover(SENSOR);
    await eventually(
      () => ids(on, 'state=open'),
      (all) => all.length === 0,
    );
    expect((await snapshotOf(on)).open.byType).toEqual({ motion: 0, smoke: 0, temperature: 0 });
  });
});
