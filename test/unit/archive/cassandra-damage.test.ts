/** Rows of Cassandra that can't be read, whoever wrote them, hide nothing but themselves, and nothing of them is told. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import type { DamagedAlarm } from '../../../archive/port.ts';
import type { CassandraSession, Row } from '../../../cassandra/session.ts';
import { Health } from '../../../runtime/health.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const PERSONAL = 'Zwingenberger';
const FINE = JSON.stringify(alarmOf({ id: 'fine' }));
const ALL = {
  states: undefined,
  type: undefined,
  region: undefined,
  sensor: undefined,
  from: undefined,
  to: undefined,
  limit: 10,
  cursor: undefined,
};

/** A Cassandra with one alarm as it should be, and one with this in its column; and a custody with this in one of its rows. */
function archiveWith(alarm: unknown, step: object = {}) {
  const rows = [
    { id: 'bad', alarm, region: null, geohash: null },
    { id: 'fine', alarm: FINE, region: 'UK', geohash: 'gcwfhf0kz' },
  ];
  const listed = rows.map(({ id }) => ({
    raised_at: new Date(NOON),
    id,
    state: 'ACTIVE_UNACK',
    type: 'smoke',
    region: 'UK',
    period: new Date(NOON),
  }));
  const empty = { position: null, operator: null, note: null, message_id: null, reply: null };
  const custody = [
    { ...empty, step: 'raised', at: new Date(NOON), kind: 'raised' },
    { ...empty, step: 'noted', at: new Date(NOON), kind: 'noted', note: PERSONAL, ...step },
  ];
  let given = 0;
  const rowsOf = (query: string): readonly object[] => {
    if (query.includes('alarm_custody')) return custody;
    if (query.includes('alarm_periods')) return listed.slice(0, 1);
    if (query.includes('alarms_by_period')) return listed;
    given += 1;
    return given === 1 ? rows : [];
  };
  const session = {
    config: { keyspace: 'world' },
    first: async (_: string, [id]: readonly unknown[]) => rows.find((row) => row.id === id),
    pages: async function* (query: string) {
      yield rowsOf(query) as Row[];
    },
  } as unknown as CassandraSession;
  const said: string[] = [];
  const health = new Health();
  const registry = new Registry();
  const logger = pino({ level: 'trace' }, { write: (line: string) => void said.push(line) });
  const archive = openCassandraArchive(session, { days: 90, clock: () => NOON, removalClock: () => NOON, logger, health, registry });
  return { archive, said, registry };
}

describe('an alarm in Cassandra', () => {
  it.each<[string, unknown]>([
    ['is not JSON', `{"id":"bad","by":"${PERSONAL}`],
    ['is JSON of another kind', `["${PERSONAL}"]`],
    ['is null as JSON', 'null'],
    ['is not text', Buffer.from(PERSONAL)],
    ['is another alarm', JSON.stringify(alarmOf({ id: 'other' }))],
    ['lacks its time', JSON.stringify({ ...alarmOf({ id: 'bad' }), raisedAt: null, note: PERSONAL })],
    ['has a state that there is not', JSON.stringify({ ...alarmOf({ id: 'bad' }), state: PERSONAL })],
    ['lacks its readings', JSON.stringify({ ...alarmOf({ id: 'bad' }), evidence: undefined })],
  ])('that %s is said by its id, and all others are given', async (_, alarm) => {
    const { archive, said, registry } = archiveWith(alarm);
    const missing: DamagedAlarm[] = [];
    const open: string[] = [];
    for await (const part of archive.open((one) => void missing.push(one))) open.push(...part.map(({ id }) => id));
    expect(open).toEqual(['fine']);
    expect(missing).toEqual([{ id: 'bad', sensor: undefined, type: undefined, raisedAt: undefined }]);
    expect(await archive.find('bad')).toBe('damaged');
    expect(await archive.find('fine')).toMatchObject({ id: 'fine', region: 'UK' });
    expect(await archive.query(ALL)).toMatchObject({ alarms: [{ id: 'fine' }], damaged: [{ id: 'bad' }] });
    expect(await registry.metrics()).toContain('tocsin_rows_damaged_total{kind="alarm"} 1');
    expect(said.join('')).toContain('bad');
    expect(said.join('')).not.toContain(PERSONAL);
  });

  it('whose cells are expiring is none', async () => {
    const { archive, said } = archiveWith(null);
    expect(await archive.find('bad')).toBeUndefined();
    expect(said).toEqual([]);
  });

  it.each([{ at: null }, { kind: null }, { at: 'yesterday' }])('keeps its custody but for a step with %j', async (step) => {
    const { archive, said } = archiveWith(FINE, step);
    expect((await archive.custody('fine')).map(({ key }) => key)).toEqual(['raised']);
    expect(said.join('')).toContain('fine noted');
    expect(said.join('')).not.toContain(PERSONAL);
  });
});
