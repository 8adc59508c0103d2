/** After a repair archive and sensors' states have the same open alarms: none is lost, and each can be acknowledged and cleared. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../../../alarm/alarm.ts';
import { emptyState, StateFormat } from '../../../../alarm/sensor-state.ts';
import type { ArchivedAlarm } from '../../../../archive/port.ts';
import { agreeOnOpenAlarms } from '../../../../main/repair/open-alarms.ts';
import { oneRecord } from '../../../../message-log/one-record.ts';
import { processorSettings } from '../../../../processor/config.ts';
import { startProcessor } from '../../../../processor/processor.ts';
import { readSettings } from '../../../../runtime/configuration.ts';
import { Health } from '../../../../runtime/health.ts';
import { REFERENCE } from '../../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../../support/alarms.ts';
import { MemoryArchive } from '../../../support/console.ts';
import { MemoryLog } from '../../../support/memory-log.ts';

const LATER = NOON + 60_000;
const PLACE = { region: 'UK', geohash: 'gcwfhf0kz' };

const open = (changes: Partial<Alarm> = {}): Alarm => alarmOf({ id: 'a7-smoke-1', sensor: 7, ...changes });
const archived = (changes: Partial<Alarm> = {}): ArchivedAlarm => ({ ...open(changes), ...PLACE });

/** What a task has stored of sensor 7. */
async function remember(log: MemoryLog, value: Buffer): Promise<void> {
  const release = await log.own({
    assigned: async (task) => {
      const positions = await task.restore(
        () => undefined,
        () => undefined,
      );
      await task.commit([], [{ key: 7, value }], positions);
    },
    revoked: async () => undefined,
  });
  await release();
}

const stateWith = (...alarms: Alarm[]): Buffer => {
  const types = [{ type: 'smoke', hits: [], proof: undefined, open: alarms }];
  const json = new StateFormat(REFERENCE).toJson({ known: 0, faults: undefined, state: { ...emptyState(), types } });
  return Buffer.from(json ?? '');
};

async function agreed(states: readonly Buffer[], inArchive: readonly ArchivedAlarm[], damaged: readonly string[] = []) {
  const log = new MemoryLog();
  for (const value of states) await remember(log, value);
  const archive = new MemoryArchive();
  await archive.put(inArchive, []);
  for (const id of damaged) archive.damaged.set(id, { id, sensor: 7, type: 'smoke', raisedAt: NOON });
  const found = await agreeOnOpenAlarms(log, archive, REFERENCE, LATER);
  const again = await agreeOnOpenAlarms(log, archive, REFERENCE, LATER);
  expect(again.known).toEqual([]);
  if (damaged.length === 0) expect(again.shown).toEqual([]);
  return { log, archive, ...found };
}

/** The changes of alarms once a recovery of sensor 7 has come. */
async function afterRecovery(log: MemoryLog): Promise<readonly { readonly event: string; readonly alarm: Alarm }[]> {
  const processor = startProcessor(readSettings(processorSettings, {}), {
    ...{ log, clock: () => LATER, logger: pino({ level: 'silent' }), health: new Health() },
    ...{ types: REFERENCE, registry: new Registry() },
  });
  await processor.restored;
  await log.append('OK', oneRecord(7, '{"id":7}'), LATER);
  await expect.poll(() => log.all('ALARM').length).toBeGreaterThan(0);
  await processor.stop();
  return log.all('ALARM').map(({ value }) => JSON.parse(value) as { event: string; alarm: Alarm });
}

describe('an open alarm', () => {
  it.each([
    ['of which the sensor knows nothing', []],
    ['of a sensor whose state is damaged', [Buffer.from('{"v":3,"types":')]],
    ['that the sensor knows as it was before', [stateWith(open())]],
  ])('%s is taken from the archive, and ends with a recovery', async (_, states) => {
    const { log, known, shown } = await agreed(states, [archived({ state: 'ACTIVE_ACK', version: 4 })]);
    expect(known).toMatchObject([{ id: 'a7-smoke-1', version: 4 }]);
    expect(shown).toEqual([]);
    expect(await afterRecovery(log)).toMatchObject([{ event: 'cleared', alarm: { id: 'a7-smoke-1', version: 5, state: 'CLEARED_ACK' } }]);
  });

  it.each<[string, ArchivedAlarm[], string[]]>([
    ['does not have', [], []],
    ['cannot read', [], ['a7-smoke-1']],
    ['has as it was before', [archived({ version: 1 })], []],
  ])('that the archive %s is given to it, as the sensor knows it', async (_, inArchive, damaged) => {
    const { archive, known, shown } = await agreed([stateWith(open({ version: 3 }))], inArchive, damaged);
    expect(known).toEqual([]);
    expect(shown).toMatchObject([{ id: 'a7-smoke-1', version: 3 }]);
    // A place that the archive knew stays.
    expect(await archive.find('a7-smoke-1')).toMatchObject({ version: 3, region: inArchive[0]?.region ?? '' });
  });

  it('that both know is left alone, and so is one that is over', async () => {
    const over = archived({ id: 'a7-smoke-0', state: 'CLEARED_ACK', version: 9 });
    const { known, shown } = await agreed([stateWith(open())], [archived(), over]);
    expect([known, shown]).toEqual([[], []]);
  });

  it('that only the archive knows is cleared where the sensor has a newer one of that type: only one may be active, and neither is lost', async () => {
    const newer = open({ id: 'a7-smoke-9', raisedAt: NOON + 1_000 });
    const { log, archive, known, shown } = await agreed([stateWith(newer)], [archived({ version: 2 })]);
    expect(known).toMatchObject([{ id: 'a7-smoke-1' }]);
    expect(shown.map(({ id, state }) => [id, state])).toEqual([
      ['a7-smoke-1', 'CLEARED_UNACK'],
      ['a7-smoke-9', 'ACTIVE_UNACK'],
    ]);
    expect(await archive.find('a7-smoke-1')).toMatchObject({ state: 'CLEARED_UNACK', clearedAt: LATER, version: 3, region: 'UK' });
    expect(await archive.find('a7-smoke-9')).toMatchObject({ state: 'ACTIVE_UNACK' });
    expect(await afterRecovery(log)).toMatchObject([{ event: 'cleared', alarm: { id: 'a7-smoke-9' } }]);
  });
});
