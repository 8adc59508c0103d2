import type { Registry } from 'prom-client';
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { History, MinuteCount } from '../port.ts';
import type { InfluxConfig } from './config.ts';
import { openConnection } from './connection.ts';
import { influxqlOn } from './influxql.ts';
import { influxMetrics } from './metrics.ts';
import { PointWriter } from './point-writer.ts';
import { COUNTS, countLine, countOf, STATES, stateLine, stateOf, tagValue } from './points.ts';
import { problemOf } from './prepare.ts';

export interface InfluxDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

/** Takes some 100 MB. */
const COUNTS_MAX = 1_000_000;
/** The last time that InfluxDB can store: nanoseconds in 64 bits. */
const TIME_MAX_MS = 9_223_372_036_854;

/** In time-outs: InfluxDB looks up every sensor before it sends the first row. */
const ALL_PATIENCE = 6;

/** The newest point of each sensor. `last` covers all series of a sensor, so that one that has moved appears once, at its present place. */
const LATEST = `SELECT last("active") AS "active","geohash","region","sensor","type" FROM "${STATES}"`;
const COLUMNS = '"active","geohash","region","sensor","type"';

/**
 * The history in InfluxDB 1.6 to 2.x, through the interfaces that these and 3 have in common. A missing bucket is logged as an error at once, and may be
 * created at any time (`prepareInflux`). InfluxDB removes points by itself, so there is no `expire`. Throws PermanentError `file` if the CA's file
 * can't be read.
 */
export function openInfluxHistory(config: InfluxConfig, deps: InfluxDeps): History {
  const logger = deps.logger.child({ store: 'influxdb' });
  const { bucket } = config;
  const connection = openConnection(config);
  const influxql = influxqlOn(connection, bucket);
  const writerDeps = { connection, bucket, logger, health: deps.health, metrics: influxMetrics(deps.registry) };
  const states = new PointWriter(STATES, writerDeps);
  const counts = new PointWriter(COUNTS, writerDeps);
  let open = true;
  problemOf(influxql).then(
    (problem) => problem && logger.error({ problem }, 'the history cannot be kept'),
    (error: unknown) =>
      open && logger.warn({ reason: reasonOf(error) }, 'InfluxDB does not answer; what it misses is written once it does'),
  );

  return {
    writeStates: (batch) => states.write(batch.map(stateLine)),
    writeCounts: (batch) => counts.write(batch.map(countLine)),
    state: async (sensor) => {
      if (!Number.isInteger(sensor) || sensor < 0 || sensor > SENSOR_ID_MAX) return undefined;
      const [row] = await influxql.execute(`${LATEST} WHERE "sensor"='${sensor}'`);
      return row && stateOf(row);
    },
    states: async function* () {
      for await (const rows of influxql.select(`SELECT ${COLUMNS} FROM (${LATEST} GROUP BY "sensor")`, ALL_PATIENCE)) {
        yield rows.flatMap((row) => stateOf(row) ?? []);
      }
    },
    counts: async (from, to, type) => {
      const found: MinuteCount[] = [];
      for await (const rows of influxql.select(countsBetween(from, to, type))) {
        found.push(...rows.flatMap((row) => countOf(row) ?? []));
        if (found.length > COUNTS_MAX)
          throw new PermanentError('too-many-counts', `there are more than ${COUNTS_MAX} counts: ask for a shorter span`);
      }
      return found;
    },
    close: async () => {
      open = false;
      await Promise.all([states.idle(), counts.idle()]);
      connection.close();
    },
  };
}

function countsBetween(from: number, to: number, type: string | undefined): string {
  const bound = (ms: number): string => `${Math.max(-TIME_MAX_MS, Math.min(TIME_MAX_MS, Math.ceil(ms)))}ms`;
  const ofType = type === undefined ? '' : ` AND "type"='${tagValue(type).replaceAll("'", "\\'")}'`;
  return `SELECT "count","p","region","type" FROM "${COUNTS}" WHERE time >= ${bound(from)} AND time < ${bound(to)} AND "count" > 0${ofType}`;
}
