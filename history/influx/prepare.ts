/** Creates the bucket of 2.x or the database of 1.x, sets its retention, and checks an existing one. */
import { HttpError } from '@influxdata/influxdb-client';
import { z } from 'zod';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import type { InfluxConfig } from './config.ts';
import { type Connection, faultOf, openConnection } from './connection.ts';
import { type Influxql, influxqlOn } from './influxql.ts';
import { COUNTS, STATES } from './points.ts';
import { DAY_MS, HOUR_MS } from '../../runtime/durations.ts';

const FIELDS = [
  { measurement: STATES, field: 'active', type: 'integer' },
  { measurement: STATES, field: 'type', type: 'string' },
  { measurement: COUNTS, field: 'count', type: 'integer' },
] as const;

/**
 * Creates the bucket or database if it doesn't exist, and sets its retention; repeating it changes nothing. Resolves with a message for people about
 * what exists now. Rejects with TransientError while the server is away or refuses the log-in, with PermanentError if a person must do it.
 */
export async function prepareInflux(config: InfluxConfig): Promise<string> {
  const connection = openConnection(config);
  try {
    const version = await versionOf(connection);
    const major = Number.parseInt(version, 10);
    if (major === 1) await prepareDatabase(influxqlOn(connection, config.bucket), config);
    else if (major === 2) await prepareBucket(connection, config);
    else throw new PermanentError('history-by-hand', `InfluxDB ${version}: create the database ${config.bucket} with its own tools`);
    const kept = config.retentionMs === 0 ? 'for ever' : `for ${config.retentionMs / DAY_MS} days`;
    return `InfluxDB ${version}: ${major === 1 ? 'database' : 'bucket'} ${config.bucket} keeps points ${kept}`;
  } catch (error) {
    throw error instanceof HttpError ? faultOf(error, config.bucket) : error;
  } finally {
    connection.close();
  }
}

/** For the doctor: what prevents points from being written, or undefined. Rejects with TransientError if the server doesn't answer. */
export async function checkInflux(config: InfluxConfig): Promise<string | undefined> {
  const connection = openConnection(config);
  try {
    return await problemOf(influxqlOn(connection, config.bucket));
  } finally {
    connection.close();
  }
}

/** What prevents points from being written, or undefined: no such bucket, a refused log-in, or fields of another type, written by another program. */
export async function problemOf(influxql: Influxql): Promise<string | undefined> {
  try {
    for (const { measurement, field, type } of FIELDS) {
      const rows = await influxql.execute(`SHOW FIELD KEYS FROM "${measurement}"`);
      const other = rows.find((row) => row.fieldKey === field && row.fieldType !== type);
      if (other)
        return `${measurement}.${field} is of type ${other.fieldType}, not ${type}: use another bucket, or delete this measurement`;
    }
    return undefined;
  } catch (error) {
    const settled = error instanceof TransientError && ['history-missing', 'history-misconfigured'].includes(error.code);
    if (settled) return error.message;
    throw error;
  }
}

/** The server's own version: `1.6.7~rc0`, `2.7.12`. */
async function versionOf(connection: Connection): Promise<string> {
  let version = '';
  await connection.request({ method: 'GET', path: '/ping' }, (headers) => {
    version = String(headers['x-influxdb-version'] ?? '').replace(/^v/, '');
  });
  if (!/^\d/.test(version)) throw new PermanentError('not-influxdb', 'TOCSIN_INFLUX_URL: what answers there is not InfluxDB');
  return version;
}

async function prepareDatabase(influxql: Influxql, { bucket, retentionMs }: InfluxConfig): Promise<void> {
  await influxql.execute(`CREATE DATABASE "${bucket}"`);
  const policies = await influxql.execute(`SHOW RETENTION POLICIES ON "${bucket}"`);
  const policy = policies.find((row) => row.default === true)?.name;
  if (policy === undefined) throw new PermanentError('history-by-hand', `database ${bucket} has no default retention policy: create one`);
  const duration = retentionMs === 0 ? 'INF' : `${retentionMs / 1_000}s`;
  await influxql.execute(
    `ALTER RETENTION POLICY "${policy}" ON "${bucket}" DURATION ${duration} SHARD DURATION ${shardMs(retentionMs) / HOUR_MS}h`,
  );
}

const orgs = z.object({ orgs: z.array(z.object({ id: z.string() })) });
const buckets = z.object({ buckets: z.array(z.object({ id: z.string(), name: z.string() })).optional() });

async function prepareBucket(connection: Connection, { bucket, org, retentionMs }: InfluxConfig): Promise<void> {
  const path = '/api/v2/buckets';
  const rule = { type: 'expire', everySeconds: retentionMs / 1_000, shardGroupDurationSeconds: shardMs(retentionMs) / 1_000 };
  const query = `?name=${encodeURIComponent(bucket)}&org=${encodeURIComponent(org)}`;
  const found = await connection.request({ method: 'GET', path: path + query }).catch((error: unknown) => {
    // 404: it doesn't know the organisation or, in some versions, the bucket.
    if (error instanceof HttpError && error.statusCode === 404) return {};
    throw error;
  });
  const known = buckets.parse(found).buckets?.find(({ name }) => name === bucket);
  if (known) {
    await connection.request({ method: 'PATCH', path: `${path}/${known.id}`, body: { retentionRules: [rule] } });
    return;
  }
  const answer = await connection
    .request({ method: 'GET', path: `/api/v2/orgs?org=${encodeURIComponent(org)}` })
    .catch((error: unknown) => {
      if (error instanceof HttpError && error.statusCode === 404) return { orgs: [] };
      throw error;
    });
  const orgID = orgs.parse(answer).orgs[0]?.id;
  if (orgID === undefined) throw new PermanentError('history-by-hand', `TOCSIN_INFLUX_ORG: InfluxDB has no organisation ${org}`);
  await connection.request({ method: 'POST', path, body: { orgID, name: bucket, retentionRules: [rule] } });
}

/** InfluxDB drops whole shards, so they are short compared to the retention, as the server itself would choose. */
function shardMs(retentionMs: number): number {
  return retentionMs === 0 || retentionMs > 180 * DAY_MS ? 7 * DAY_MS : DAY_MS;
}
