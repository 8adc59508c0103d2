import { afterEach, expect, it } from 'vitest';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { alarmOf, changeOf, NOON } from '../../support/alarms.ts';
import { call, MemoryArchive, startTestConsole, type TestConsole } from '../../support/console.ts';
import { MemoryLog } from '../../support/memory-log.ts';

/** More than the events that are read again in any case. */
const MANY = 1_100;

let on: TestConsole;
afterEach(() => on.stop());

/** Stops half-way while it is asked for the open alarms. */
class SlowArchive extends MemoryArchive {
  halfway: () => Promise<void> = async () => undefined;

  override async *open(): AsyncGenerator<readonly ArchivedAlarm[]> {
    const [first, ...others] = [...this.alarms.values()].filter(({ state }) => state !== 'CLEARED_ACK');
    if (first) yield [first];
    await this.halfway();
    yield others;
  }
}

const archivedOf = (id: string): ArchivedAlarm => ({ ...alarmOf({ id }), region: 'UK', geohash: 'gcwfhf0kz' });
const listed = async (): Promise<{ readonly status: number; readonly ids?: string[] }> => {
  const { status, json } = await call(on, '/api/alarms');
  return status === 200 ? { status, ids: (json as { alarms: { id: string }[] }).alarms.map(({ id }) => id) } : { status };
};

it('listens before it has read the open alarms, and until then says so instead of showing some of them', async () => {
  const archive = new SlowArchive();
  let goOn: () => void = () => undefined;
  archive.halfway = () =>
    new Promise((resolve) => {
      goOn = resolve;
    });
  on = await startTestConsole({ archive, archived: [archivedOf('a'), archivedOf('b')], isStillReading: true });
  expect(await call(on, '/api/alarms')).toMatchObject({ status: 503, json: { error: 'the open alarms are being read' } });
  expect(on.health.problems()).toMatchObject({ 'console-alarms': 'the open alarms are being read' });
  goOn();
  await on.console.begun;
  expect(await listed()).toEqual({ status: 200, ids: ['b', 'a'] });
  expect(on.health.ready).toBe(true);
});

it('does not show an alarm as open that ended while the archive failed half-way', async () => {
  const log = new MemoryLog();
  const archiver = await log.subscribe('archive', ['ALARM']);
  const append = (change: object) => log.append('ALARM', oneRecord(42_959, Buffer.from(JSON.stringify(change))), NOON);
  await append(changeOf('raised', { id: 'a' }));
  await archiver.commit('ALARM', 0, 1);
  const archive = new SlowArchive();
  archive.halfway = async () => {
    archive.halfway = async () => undefined;
    await append(changeOf('cleared', { id: 'a', state: 'CLEARED_ACK' }));
    for (let i = 0; i < MANY; i += 1) await append(changeOf('raised', { id: 'other' }));
    await archive.put([{ ...archivedOf('a'), state: 'CLEARED_ACK', version: 2 }], []);
    await archiver.commit('ALARM', 0, MANY);
    throw new TransientError('archive-away', 'no connection');
  };
  on = await startTestConsole({ log, archive, archived: [archivedOf('a'), archivedOf('b')], processor: false });
  await expect.poll(listed, { timeout: 5_000 }).toEqual({ status: 200, ids: expect.arrayContaining(['b', 'other']) as string[] });
  expect((await listed()).ids).not.toContain('a');
});
