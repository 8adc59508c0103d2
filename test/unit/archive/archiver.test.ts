import * as fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import type { Delivery } from '../../../records/delivery.ts';
import { Archiver, ARCHIVER_GROUP, type ArchiverDeps, startArchiver } from '../../../archive/archiver.ts';
import { openEmbeddedArchive } from '../../../archive/embedded.ts';
import type { Archive } from '../../../archive/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { alarmOf, changeOf, clientOf, NOON } from '../../support/alarms.ts';
import { batchOf, type TestRecord } from '../../support/batches.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { openTemporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

const ALARM = alarmOf().id;
const RAISED = changeOf('raised');
const ACKNOWLEDGED: AlarmChange = {
  event: 'acknowledged',
  at: NOON + 60_000,
  cause: { topic: 'ACTION', partition: 0, offset: 4 },
  alarm: alarmOf({ version: 2, state: 'ACTIVE_ACK', acknowledgedAt: NOON + 60_000, acknowledgedBy: 'Zoë' }),
  action: { id: 'x', alarm: ALARM, sensor: 42_959, kind: 'acknowledge', version: 1, by: 'Zoë', note: 'I call her' },
};
const CLEARED = changeOf('cleared', { version: 3, state: 'CLEARED_ACK', clearedAt: NOON + 300_000 });
const DISPOSED: AlarmChange = {
  event: 'disposed',
  at: NOON + 400_000,
  cause: { topic: 'ACTION', partition: 0, offset: 5 },
  alarm: alarmOf({ version: 4, state: 'CLEARED_ACK', clearedAt: NOON + 300_000, disposition: 'false' }),
  action: { id: 'y', alarm: ALARM, sensor: 42_959, kind: 'disposition', version: 3, by: 'Zoë', disposition: 'false', note: 'toast' },
};
const MAILED: Delivery = {
  ...{ alarm: ALARM, sensor: 42_959, event: 'raised', outcome: 'sent', messageId: '<a@tocsin>', reply: '250 queued' },
  ...{ attempts: 1, at: NOON + 900 },
};

let temporary: TemporaryStore;
let deps: ArchiverDeps & { readonly log: MemoryLog; readonly directory: MemoryDirectory };
let archive: Archive;
let archiver: Archiver;

beforeEach(async () => {
  temporary = await openTemporaryStore();
  archive = openEmbeddedArchive(temporary.store, { found: () => undefined });
  const directory = new MemoryDirectory();
  await directory.put([clientOf()]);
  deps = {
    ...{ log: new MemoryLog(), archive, directory, clock: () => NOON + 2_000, removalClock: () => NOON + 2_000 },
    ...{ logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() },
  };
  archiver = new Archiver(deps);
});
afterEach(() => temporary.close());

describe('archiver', () => {
  it('archives a raised alarm where its sensor is, with the readings that made it', async () => {
    await archiver.take(eventsAt(0, RAISED));
    expect(await archive.find(ALARM)).toEqual({ ...RAISED.alarm, region: 'UK', geohash: 'gcwfhf0kz' });
    expect(await archive.custody(ALARM)).toEqual([
      { key: 'accepted ENTRY/0@3', at: NOON - 120_000, kind: 'accepted', position: 'ENTRY/0@3' },
      { key: 'accepted ENTRY/0@9', at: NOON - 60_000, kind: 'accepted', position: 'ENTRY/0@9' },
      { key: 'accepted ENTRY/0@17', at: NOON, kind: 'accepted', position: 'ENTRY/0@17' },
      { key: 'raised', at: NOON, kind: 'raised', position: 'ENTRY/0@17' },
    ]);
  });

  it("keeps the whole custody: readings, mail, operator's actions, recovery", async () => {
    await takeAll();
    const custody = await archive.custody(ALARM);
    expect(custody.map(({ kind }) => kind)).toEqual([
      ...['accepted', 'accepted', 'accepted', 'raised', 'mailed', 'acknowledged', 'cleared', 'disposed'],
    ]);
    expect(custody.slice(4)).toMatchObject([
      { at: NOON + 900, position: 'DELIVERY/0@0', messageId: '<a@tocsin>', reply: '250 queued', note: 'raised' },
      { position: 'ACTION/0@4', by: 'Zoë', note: 'I call her' },
      { position: 'OK/0@2' },
      { position: 'ACTION/0@5', by: 'Zoë', note: 'false: toast' },
    ]);
  });

  it('records a mail that was given up with its reason', async () => {
    await archiver.take(batchOf('DELIVERY', 7, [recordOf({ ...MAILED, outcome: 'parked', reply: '550 no such user' })]));
    expect(await archive.custody(ALARM)).toMatchObject([{ kind: 'mail-parked', reply: '550 no such user', position: 'DELIVERY/0@7' }]);
  });

  it('adds nothing to custody when an alarm is merely seen again or an action is refused', async () => {
    await archiver.take(eventsAt(0, RAISED));
    const seen = { ...RAISED, event: 'seen', alarm: alarmOf({ version: 2, lastSeenAt: NOON + 5_000 }) } as const;
    const refused = { event: 'refused', at: NOON, cause: ACKNOWLEDGED.cause, action: ACKNOWLEDGED.action, reason: 'stale' } as AlarmEvent;
    await archiver.take(eventsAt(1, seen, refused));
    expect(await archive.custody(ALARM)).toHaveLength(4);
    expect(await archive.find(ALARM)).toMatchObject({ version: 2, lastSeenAt: NOON + 5_000 });
    expect(deps.log.all('DEAD')).toEqual([]);
  });

  it('ends in the same archive however often batches are read again', async () => {
    await takeAll();
    const alarm = await archive.find(ALARM);
    const custody = await archive.custody(ALARM);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 4 })), { maxLength: 6 }), async (again) => {
        for (const [from, length] of again) await archiver.take(eventsAt(from, ...EVENTS.slice(from, from + length)));
        expect(await archive.find(ALARM)).toEqual(alarm);
        expect(await archive.custody(ALARM)).toEqual(custody);
      }),
      { numRuns: 20 },
    );
  });

  it('archives without a place while the directory is away, says so, and completes it later', async () => {
    deps.directory.fault = new TransientError('directory', 'no connection');
    await archiver.take(eventsAt(0, RAISED));
    expect(await archive.find(ALARM)).toMatchObject({ region: '', geohash: '' });
    expect(deps.health.ready).toBe(false);
    await archiver.places.completeSome();
    deps.directory.fault = undefined;
    await archiver.places.completeSome();
    expect(await archive.find(ALARM)).toMatchObject({ region: 'UK', geohash: 'gcwfhf0kz', version: 1 });
    expect(deps.health.ready).toBe(true);
  });

  it('completes an alarm without a client once the client exists, even one that an earlier process left', async () => {
    await archiver.take(eventsAt(0, { ...RAISED, alarm: alarmOf({ sensor: 7 }) }));
    expect(await archive.find(ALARM)).toMatchObject({ region: '' });
    const later = new Archiver({ ...deps, registry: new Registry() });
    await later.places.recall();
    await later.places.completeSome();
    await deps.directory.put([clientOf({ id: 7, region: 'Asia', geohash: 'wx4g0bce0' })]);
    await later.places.completeSome();
    expect(await archive.find(ALARM)).toMatchObject({ region: 'Asia', geohash: 'wx4g0bce0' });
  });

  it('parks unreadable records and archives those around them', async () => {
    const records = [recordOf(RAISED), { key: 5, at: NOON, value: 'not json' }, { key: 6, at: NOON, value: '{"event":"raised"}' }];
    await archiver.take(batchOf('ALARM', 10, [...records, recordOf(ACKNOWLEDGED)]));
    expect(await archive.find(ALARM)).toMatchObject({ version: 2 });
    expect(deps.log.all('DEAD').map(({ value }) => JSON.parse(value))).toMatchObject([
      { topic: 'ALARM', partition: 0, offset: 11, at: NOON, reason: 'not JSON', by: 'archiver', value: 'not json' },
      { offset: 12, reason: expect.stringContaining('not an alarm event: at ') },
    ]);
    expect(await deps.registry.metrics()).toContain('tocsin_archive_parked_total 2');
  });

  it('fails while the archive is away, and parks nothing until it is back', async () => {
    const put = vi.spyOn(archive, 'put').mockRejectedValueOnce(new TransientError('disk-full', 'the disk is full'));
    const batch = batchOf('ALARM', 0, [{ key: 5, at: NOON, value: '?' }, recordOf(RAISED)]);
    await expect(archiver.take(batch)).rejects.toThrow('the disk is full');
    expect(deps.log.all('DEAD')).toHaveLength(0);
    await archiver.take(batch);
    expect(put).toHaveBeenCalledTimes(2);
    expect(deps.log.all('DEAD')).toHaveLength(1);
    expect(await archive.find(ALARM)).toBeDefined();
  });

  it('measures the time from the reading to the archive, for raised alarms only', async () => {
    await archiver.take(eventsAt(0, RAISED, ACKNOWLEDGED));
    const metrics = await deps.registry.metrics();
    expect(metrics).toContain('tocsin_alarm_stored_seconds_count 1');
    expect(metrics).toContain('tocsin_alarm_stored_seconds_sum 2');
  });

  it('reads both topics until it is stopped, and removes what is too old', async () => {
    // The clock shows NOON + 2,000.
    const over = (id: string, age: number) => ({ ...alarmOf({ id, state: 'CLEARED_ACK', raisedAt: NOON + 2_000 - age }), ...PLACE });
    await archive.put([over('old', 30 * 86_400_000 + 1), over('kept', 30 * 86_400_000)], []);
    for (const record of EVENTS.map(recordOf)) await append('ALARM', record);
    await append('DELIVERY', recordOf(MAILED));
    const running = await startArchiver({ days: 30 }, { ...deps, registry: new Registry() });
    await expect.poll(() => archive.custody(ALARM)).toHaveLength(8);
    await expect.poll(() => deps.log.committed(ARCHIVER_GROUP, 'ALARM', 0)).toBe(4);
    await expect.poll(() => archive.find('old')).toBeUndefined();
    expect(await archive.find('kept')).toBeDefined();
    await running.stop();
    await append('ALARM', recordOf(RAISED));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await deps.log.committed(ARCHIVER_GROUP, 'ALARM', 0)).toBe(4);
  });

  it('completes what an earlier process left without its place', async () => {
    await archive.put([{ ...RAISED.alarm, region: '', geohash: '' }], []);
    const running = await startArchiver({ days: 30 }, { ...deps, registry: new Registry() });
    await expect.poll(() => archive.find(ALARM)).toMatchObject(PLACE);
    await running.stop();
  });

  it('measures no time if the clock was set back meanwhile', async () => {
    const registry = new Registry();
    await new Archiver({ ...deps, clock: () => NOON - 60_000, registry }).take(eventsAt(0, RAISED));
    expect(await registry.metrics()).toContain('tocsin_alarm_stored_seconds_sum 0\n');
  });

  it('parks deliveries that it cannot read, and logs each as an error', async () => {
    const lines: { level: number; topic: string; offset: number }[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const telling = new Archiver({ ...deps, logger, registry: new Registry() });
    await telling.take(batchOf('DELIVERY', 4, [recordOf(MAILED), { key: 5, at: NOON, value: '{"alarm":7}' }]));
    expect(await archive.custody(ALARM)).toMatchObject([{ position: 'DELIVERY/0@4' }]);
    expect(deps.log.all('DEAD').map(({ value }) => JSON.parse(value))).toMatchObject([{ topic: 'DELIVERY', offset: 5, by: 'archiver' }]);
    expect(lines).toEqual([expect.objectContaining({ level: 50, topic: 'DELIVERY', offset: 5 })]);
  });
});

const PLACE = { region: 'UK', geohash: 'gcwfhf0kz' };
const EVENTS = [RAISED, ACKNOWLEDGED, CLEARED, DISPOSED];

async function takeAll(): Promise<void> {
  await archiver.take(eventsAt(0, ...EVENTS));
  await archiver.take(batchOf('DELIVERY', 0, [recordOf(MAILED)]));
}

function eventsAt(base: number, ...events: AlarmEvent[]) {
  return batchOf('ALARM', base, events.map(recordOf));
}

function recordOf(value: AlarmEvent | Delivery): TestRecord {
  const about = 'sensor' in value ? value : value.alarm;
  return { key: about?.sensor ?? 42_959, at: value.at, value: JSON.stringify(value) };
}

async function append(topic: 'ALARM' | 'DELIVERY', { key, at, value }: TestRecord): Promise<void> {
  await deps.log.append(topic, oneRecord(key, value), at);
}
