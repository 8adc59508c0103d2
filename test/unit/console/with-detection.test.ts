/** What operators see and do, with real detection. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, eventually, startTestConsole, type TestConsole } from '../../support/console.ts';
import { custodyOf } from '../../../archive/custody.ts';
import { severalRecords } from '../../../message-log/several-records.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';

let on: TestConsole;
beforeEach(async () => {
  on = await startTestConsole();
});
afterEach(() => on.stop());

const SENSOR = 42_959;

async function ended(): Promise<{ id: string; version: number }> {
  await on.report(SENSOR);
  const { json: page } = await eventually(
    () => call(on, '/api/alarms'),
    ({ json }) => json.alarms.length === 1,
  );
  const { id, version } = page.alarms[0];
  await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } });
  await on.recover(SENSOR);
  const { json } = await eventually(
    () => call(on, `/api/alarms/${id}`),
    ({ json: alarm }) => alarm.state === 'CLEARED_ACK',
  );
  return json;
}

describe('an alarm that ended while an operator wrote', () => {
  it('accepts the note and the disposition, and keeps both in its custody', async () => {
    const { id, version } = await ended();
    const noted = await call(on, `/api/alarms/${id}/note`, { body: { version, note: 'a wasp in the detector' } });
    expect(noted).toMatchObject({ status: 200, json: { state: 'CLEARED_ACK', version: version + 1 } });
    const disposed = await call(on, `/api/alarms/${id}/disposition`, { body: { version: version + 1, disposition: 'false' } });
    expect(disposed).toMatchObject({ status: 200, json: { state: 'CLEARED_ACK', disposition: 'false' } });
    const steps = disposed.json.custody.map(({ kind, note }: { kind: string; note?: string }) => [kind, note]);
    expect(steps).toContainEqual(['noted', 'a wasp in the detector']);
    expect(steps).toContainEqual(['disposed', 'false']);
    expect((await call(on, '/api/alarms?state=open')).json.alarms).toEqual([]);
  });

  it('refuses what cannot be, with its reason', async () => {
    const { id, version } = await ended();
    const again = await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } });
    expect(again).toMatchObject({ status: 409, json: { error: expect.stringMatching(/\w{4}/), alarm: { id, state: 'CLEARED_ACK' } } });
    const stale = await call(on, `/api/alarms/${id}/note`, { body: { version: 1, note: 'x' } });
    expect(stale).toMatchObject({ status: 409, json: { error: expect.stringContaining('changed since') } });
  });
});

describe('a detector that cannot be read any more', () => {
  it('is shown at its sensor and in the list, while the others go on', async () => {
    await on.report(SENSOR, { motion: false });
    const bytes = `{"id":${SENSOR},"motion":true,"smoke":"n/a","temperature":20,"maxTemperature":30}`;
    await on.log.append('ENTRY', oneRecord(SENSOR, bytes), Date.now());
    const { json } = await eventually(
      () => call(on, '/api/faults'),
      ({ json: listed }) => listed.total === 1,
    );
    expect(json.faults).toMatchObject([{ sensor: SENSOR, detector: 'smoke', reason: 'unreadable' }]);
    const sensor = await eventually(
      () => call(on, `/api/sensors/${SENSOR}`),
      ({ json: now }) => now.active.length === 1,
    );
    expect(sensor.json).toMatchObject({ active: ['motion'], faults: [{ detector: 'smoke' }] });
  });
});

describe('an alarm of thousands', () => {
  it('keeps its readings and its custody, wherever they lie', async () => {
    await on.report(SENSOR);
    const { json: page } = await eventually(
      () => call(on, '/api/alarms'),
      ({ json }) => json.alarms.length === 1,
    );
    const [{ id }] = page.alarms;
    const before = (await call(on, `/api/alarms/${id}`)).json;
    expect(before.evidence).toMatchObject([{ value: expect.stringContaining('"motion":true') }]);
    // As the archiver would.
    const [raised] = on.log.all('ALARM').map(({ value }) => JSON.parse(value));
    await on.archive.put(
      [{ ...raised.alarm, region: '', geohash: '' }],
      custodyOf(raised).map((entry) => ({ alarm: id, entry })),
    );
    const values = Array.from({ length: 10_001 }, (_, i) => ({
      key: i,
      value: JSON.stringify({ ...raised, alarm: { ...raised.alarm, id: `other-${i}`, sensor: i } }),
    }));
    await on.log.append('ALARM', severalRecords(values), Date.now());
    await eventually(
      async () => (await call(on, '/metrics')).text,
      (text) => text.includes('tocsin_console_open_alarms 10002'),
    );
    const after = (await call(on, `/api/alarms/${id}`)).json;
    expect({ ...after, client: null }).toEqual({ ...before, client: null });
    on.archive.fault = new TransientError('away', 'the archive is away');
    expect((await call(on, `/api/alarms/${id}`)).json).toMatchObject({
      id,
      problems: expect.arrayContaining(['the readings cannot be fetched at the moment']),
    });
  });
});

describe('an action that detection can make nothing of', () => {
  it('is answered all the same', async () => {
    await on.report(SENSOR);
    const { json } = await eventually(
      () => call(on, '/api/alarms'),
      ({ json: page }) => page.alarms.length === 1,
    );
    const action = {
      id: 'of-another-version-of-us',
      alarm: json.alarms[0].id,
      sensor: SENSOR,
      kind: 'note',
      version: 0,
      by: 'op',
      note: 'x',
    };
    await on.log.append('ACTION', oneRecord(SENSOR, JSON.stringify(action)), Date.now());
    const known = await eventually(
      () => call(on, `/api/actions/${action.id}`),
      ({ json: now }) => now.state !== 'unknown',
    );
    expect(known.json).toMatchObject({ state: 'refused', reason: expect.stringContaining('version') });
  });
});
