import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Places } from '../../../archive/places.ts';
import type { Archive, ArchivedAlarm } from '../../../archive/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { alarmOf, clientOf } from '../../support/alarms.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { onePart } from '../../support/parts.ts';

const UK = { region: 'UK', geohash: 'gcwfhf0kz' };
const NOWHERE = { region: '', geohash: '' };

function places() {
  const directory = new MemoryDirectory();
  const asked: number[] = [];
  const find = directory.find.bind(directory);
  directory.find = async (sensor) => {
    asked.push(sensor);
    return find(sensor);
  };
  const stored = new Map<string, ArchivedAlarm>();
  const puts: string[][] = [];
  const archive: Pick<Archive, 'find' | 'open' | 'put'> = {
    find: async (id) => stored.get(id),
    open: () => onePart([...stored.values()]),
    put: async (alarms) => {
      puts.push(alarms.map(({ id }) => id));
      for (const alarm of alarms) stored.set(alarm.id, alarm);
    },
  };
  const registry = new Registry();
  const health = new Health();
  const whole: Archive = {
    ...archive,
    custody: async () => [],
    query: async () => ({ alarms: [], cursor: undefined }),
    close: async () => undefined,
  };
  const places = new Places({ archive: whole, directory, logger: pino({ level: 'silent' }), registry, health });
  /** An alarm that was archived without a place. */
  const archived = (id: string, sensor: number): void => {
    const alarm = places.locate(alarmOf({ id, sensor }), new Map());
    stored.set(id, alarm);
  };
  const missing = async () => (await registry.getSingleMetric('tocsin_archive_places_missing')?.get())?.values[0]?.value;
  return { places, directory, asked, stored, puts, archived, missing, problems: () => health.problems() };
}

describe('where sensors are', () => {
  it('is looked up once for each, and unknown for sensors without a client', async () => {
    const { places: one, directory, asked, problems } = places();
    await directory.put([clientOf({ id: 1 }), clientOf({ id: 2, region: 'Asia', geohash: 'wx4g0bce0' })]);
    expect([...(await one.of([1, 2, 1, 9]))]).toEqual([
      [1, UK],
      [2, { region: 'Asia', geohash: 'wx4g0bce0' }],
    ]);
    expect([asked, problems()]).toEqual([[1, 2, 9], {}]);
  });

  it('is not looked up while the directory is away, which is reported until it is back', async () => {
    const { places: one, directory, asked, problems } = places();
    await directory.put([clientOf({ id: 1 })]);
    directory.fault = new TransientError('store-away', 'no host');
    expect((await one.of([1, 2, 3])).size).toBe(0);
    expect([asked, problems()]).toEqual([[1], { 'archiver directory': 'alarms are archived without their place: no host' }]);
    directory.fault = undefined;
    expect((await one.of([1])).size).toBe(1);
    expect(problems()).toEqual({});
  });
});

describe('an alarm', () => {
  it('has its place, or is counted as missing one until it has', async () => {
    const { places: one, missing } = places();
    expect(one.locate(alarmOf({ id: 'a', sensor: 1 }), new Map([[1, UK]]))).toEqual({ ...alarmOf({ id: 'a', sensor: 1 }), ...UK });
    expect(await missing()).toBe(0);
    expect(one.locate(alarmOf({ id: 'b', sensor: 2 }), new Map([[1, UK]]))).toMatchObject({ id: 'b', ...NOWHERE });
    expect(await missing()).toBe(1);
    one.locate(alarmOf({ id: 'b', sensor: 2, version: 2 }), new Map([[2, UK]]));
    expect(await missing()).toBe(0);
  });

  it('gets its place once its client is there, and others go on waiting', async () => {
    const { places: one, directory, stored, archived, puts, missing } = places();
    archived('a', 1);
    archived('b', 2);
    await one.completeSome();
    expect(puts).toEqual([]);
    await directory.put([clientOf({ id: 1 })]);
    await one.completeSome();
    expect([stored.get('a'), stored.get('b')]).toMatchObject([UK, NOWHERE]);
    expect([puts, await missing()]).toEqual([[['a']], 1]);
    await one.completeSome();
    expect(puts).toHaveLength(1);
  });

  it('that was removed meanwhile is forgotten', async () => {
    const { places: one, directory, stored, archived, puts, missing } = places();
    archived('a', 1);
    stored.clear();
    await directory.put([clientOf({ id: 1 })]);
    await one.completeSome();
    expect([puts, await missing()]).toEqual([[], 0]);
  });

  it('of an earlier process is remembered, where it lacks its place', async () => {
    const { places: one, directory, stored, puts } = places();
    stored.set('a', { ...alarmOf({ id: 'a', sensor: 1 }), ...NOWHERE });
    stored.set('b', { ...alarmOf({ id: 'b', sensor: 1 }), ...UK });
    await one.recall();
    await directory.put([clientOf({ id: 1 })]);
    await one.completeSome();
    expect(puts).toEqual([['a']]);
  });

  it('has its turn among very many: 500 at a time, the longest waiting first, those tried already last', async () => {
    const { places: one, asked, archived } = places();
    for (let sensor = 0; sensor < 700; sensor += 1) archived(`a${sensor}`, sensor);
    await one.completeSome();
    expect([asked.length, asked[0], asked.at(-1)]).toEqual([500, 0, 499]);
    await one.completeSome();
    expect([asked.length, asked[500], asked[700]]).toEqual([1_000, 500, 0]);
  });

  it('is not remembered if 50,000 wait already', async () => {
    const { places: one, missing } = places();
    for (let sensor = 0; sensor < 50_000; sensor += 1) one.locate({ ...alarmOf(), id: `a${sensor}`, sensor }, new Map());
    expect(await missing()).toBe(50_000);
    one.locate(alarmOf({ id: 'one more', sensor: 1 }), new Map());
    expect(await missing()).toBe(50_000);
  });
});
