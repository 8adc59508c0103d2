/** The contents of Cassandra and InfluxDB, read directly and not through Tocsin. */
import { Client } from 'cassandra-driver';
import type { ArchivedAlarm } from '../../archive/port.ts';

export interface Place {
  readonly surname: string;
  readonly region: string;
  readonly geohash: string;
}

export interface ArchiveRows {
  /** One item for each row. */
  readonly alarms: readonly {
    readonly id: string;
    readonly sensor: number;
    readonly type: string;
    readonly state: string;
    readonly raisedAt: number;
    readonly evidence: readonly number[];
    readonly region: string;
  }[];
  /** Ids in the order in which they are listed. */
  readonly open: readonly string[];
  readonly byHour: readonly string[];
  readonly bySensor: readonly string[];
}

export async function archiveRows(contactPoints: readonly string[]): Promise<ArchiveRows> {
  return withClient(contactPoints, async (client) => {
    const alarms = (await rowsOf(client, 'SELECT id, alarm, region FROM world.alarms')).map((row) => {
      const { sensor, type, state, raisedAt, evidence } = JSON.parse(String(row.alarm)) as ArchivedAlarm;
      return {
        id: String(row.id),
        sensor,
        type,
        state,
        raisedAt,
        evidence: evidence.map(({ seq = -1 }) => seq),
        region: String(row.region),
      };
    });
    const open = await rowsOf(client, 'SELECT id FROM world.alarms_open');
    const listed = await rowsOf(client, 'SELECT list, id FROM world.alarms_by_period');
    const idsOf = (rows: readonly Row[]) => rows.map(({ id }) => String(id));
    const isHourly = ({ list }: Row) => list === 'all';
    return {
      alarms,
      open: idsOf(open),
      byHour: idsOf(listed.filter(isHourly)),
      bySensor: idsOf(listed.filter((row) => !isHourly(row))),
    };
  });
}

/** All clients, by sensor. */
export async function places(contactPoints: readonly string[]): Promise<ReadonlyMap<number, Place>> {
  return withClient(contactPoints, async (client) => {
    const rows = await rowsOf(client, 'SELECT id, surname, dashboard, geohash FROM world.datosclientes');
    return new Map(
      rows.map((row) => [Number(row.id), { surname: String(row.surname), region: String(row.dashboard), geohash: String(row.geohash) }]),
    );
  });
}

type Value = string | number | boolean | null;

/** The points of an InfluxQL answer, tags and fields together. */
export function pointsOf(body: string): readonly Readonly<Record<string, Value>>[] {
  const { results } = JSON.parse(body) as {
    results: readonly {
      error?: string;
      series?: readonly { tags?: Record<string, string>; columns: readonly string[]; values: readonly (readonly Value[])[] }[];
    }[];
  };
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) throw new Error(`InfluxDB refuses a query: ${error}`);
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ tags, columns, values }) =>
      values.map((row) => ({ ...tags, ...Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])) })),
    ),
  );
}

type Row = Readonly<Record<string, unknown>>;

async function rowsOf(client: Client, query: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of await client.execute(query, [], { fetchSize: 5_000 })) rows.push(row);
  return rows;
}

async function withClient<T>(contactPoints: readonly string[], work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    contactPoints: [...contactPoints],
    localDataCenter: 'datacenter1',
    socketOptions: { readTimeout: 60_000 },
  });
  try {
    return await work(client);
  } finally {
    await client.shutdown();
  }
}
