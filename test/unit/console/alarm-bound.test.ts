/** More alarms than the console lists: a fire is among those that are, and all are counted. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import { SEVERITIES } from '../../../alarm/severity.ts';
import { OpenAlarms } from '../../../console/live/open-alarms.ts';
import { severalRecords } from '../../../message-log/several-records.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';
import { call, eventually, startTestConsole, type TestConsole } from '../../support/console.ts';

const cause = { topic: 'ENTRY', partition: 0, offset: 1 };
const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });

describe('open alarms beyond the bound', () => {
  it('never are graver ones than those that are held, and all are counted, whatever comes, changes and ends', () => {
    const change = fc.record({
      id: fc.integer({ min: 0, max: 12 }),
      state: fc.constantFrom('ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK', 'CLEARED_ACK'),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const bounded = new OpenAlarms(REFERENCE, 4);
        const all = new OpenAlarms(REFERENCE);
        changes.forEach(({ id, state }, i) => {
          const severity = SEVERITIES[id % SEVERITIES.length] ?? 'MINOR';
          const alarm = alarmOf({ id: `${id}`, sensor: id % 5, type: 'motion', severity, state, version: i + 1, raisedAt: NOON + id });
          for (const alarms of [bounded, all]) alarms.apply({ event: 'seen', at: NOON, cause, alarm });
        });
        expect(bounded.counts).toEqual(all.counts);
        expect(bounded.size).toBe(all.size);
        for (let sensor = 0; sensor < 5; sensor += 1) expect(bounded.code(sensor)).toBe(all.code(sensor));
        const gravity = (alarms: OpenAlarms) =>
          [...alarms.newestFirst()]
            .filter(({ alarm }) => alarm.state !== 'CLEARED_ACK')
            .map(({ alarm }) => SEVERITIES.indexOf(alarm.severity));
        expect(gravity(bounded)).toHaveLength(bounded.size - bounded.beyond);
        expect(bounded.size - bounded.beyond).toBeLessThanOrEqual(4);
        // While nothing has ended, those held are the gravest of all.
        if (changes.every(({ state }) => state !== 'CLEARED_ACK'))
          expect(gravity(bounded).toSorted()).toEqual(gravity(all).toSorted().slice(0, 4));
      }),
    );
  });

  it('come back from the archive once there is room, the gravest first, and not as they were before', () => {
    const alarms = new OpenAlarms(REFERENCE, 1);
    const gravities = { a: 'MAJOR', b: 'MINOR', c: 'CRITICAL' } as const;
    const listed = (id: keyof typeof gravities) => archived({ id, type: 'motion', severity: gravities[id] });
    alarms.load([listed('b'), listed('a'), listed('c')]);
    expect([...alarms.newestFirst()].map(({ alarm }) => alarm.id)).toEqual(['c']);
    expect(alarms.wanted(10)).toEqual([]);
    alarms.apply({ event: 'cleared', at: NOON, cause, alarm: alarmOf({ id: 'c', version: 2, state: 'CLEARED_ACK' }) });
    expect(alarms.wanted(10)).toEqual(['a']);
    alarms.hold({ ...listed('a'), version: 9 });
    expect(alarms.find('a')).toBeUndefined();
    alarms.hold(listed('a'));
    expect(alarms.find('a')?.alarm.id).toBe('a');
    expect([alarms.size, alarms.beyond]).toEqual([2, 1]);
  });
});

describe('a console with more alarms than it lists', () => {
  let on: TestConsole | undefined;
  afterEach(() => on?.stop());

  it('lists the fire, says how many it only counts, and acknowledges those too', async () => {
    on = await startTestConsole({ environment: { TOCSIN_CONSOLE_ALARMS_MAX: '1000' } });
    const console = on;
    const motion = (sensor: number) => JSON.stringify({ id: sensor, motion: true, smoke: false, temperature: 20, maxTemperature: 30 });
    await on.log.append('ENTRY', severalRecords(Array.from({ length: 1_200 }, (_, i) => ({ key: i, value: motion(i) }))), Date.now());
    const metrics = async () => (await call(console, '/metrics')).text;
    await eventually(metrics, (text) => text.includes('tocsin_console_open_alarms 1200'));
    for (let hit = 0; hit < 3; hit += 1) await on.report(42_959, { motion: false, smoke: true });
    await eventually(metrics, (text) => text.includes('tocsin_console_open_alarms 1201'));
    expect(await metrics()).toMatch(/tocsin_console_alarms_not_listed 201\n/);
    const { json } = await call(on, '/api/alarms?state=open&limit=1000');
    expect(json.alarms).toHaveLength(1_000);
    expect(json.alarms).toContainEqual(expect.objectContaining({ type: 'smoke', sensor: 42_959 }));
    expect(json.problems).toEqual([expect.stringContaining('201 more alarms are open than the 1,000')]);
    const listed = new Set(json.alarms.map(({ id }: { id: string }) => id));
    const raised: ArchivedAlarm[] = on.log.all('ALARM').map(({ value }) => JSON.parse(value).alarm);
    const beyond = raised.find(({ id }) => !listed.has(id));
    if (!beyond) throw new Error('all are listed');
    // As the archiver would.
    await on.archive.put(
      raised.map((alarm) => ({ ...alarm, region: '', geohash: '' })),
      [],
    );
    const done = await call(on, `/api/alarms/${beyond.id}/acknowledge`, { body: { version: 1 } });
    expect(done).toMatchObject({ status: 200, json: { id: beyond.id, state: 'ACTIVE_ACK', acknowledgedBy: 'api' } });
    await on.recover(beyond.sensor);
    await eventually(metrics, (text) => text.includes('tocsin_console_open_alarms 1200'));
    await eventually(
      async () => on?.health.notices(),
      (notices) => JSON.stringify(notices).includes('the gravest are listed'),
    );
  });
});
