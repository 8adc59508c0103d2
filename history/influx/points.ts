/** States and counts as points in InfluxDB. Pure. */
import { Point } from '@influxdata/influxdb-client';
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import type { MinuteCount, SensorState } from '../port.ts';
import type { Row } from './influxql.ts';

export const STATES = 'sensor_state';
export const COUNTS = 'alarm_count';
export type Measurement = typeof STATES | typeof COUNTS;

/** `sensor_state,sensor=7,geohash=u10j1xx00,region=UK active=1i,type="smoke,motion" 1795527170123` */
export function stateLine({ sensor, geohash, region, active, at }: SensorState): string {
  return lineOf(
    new Point(STATES)
      .tag('sensor', String(sensor))
      .tag('geohash', tagValue(geohash))
      .tag('region', tagValue(region))
      .intField('active', active.length > 0 ? 1 : 0)
      .stringField('type', active.join(','))
      .timestamp(at),
  );
}

/** `alarm_count,type=smoke,region=UK,p=3 count=12i 1795527120000` */
export function countLine({ minute, type, region, partition, count }: MinuteCount): string {
  return lineOf(
    new Point(COUNTS)
      .tag('type', tagValue(type))
      .tag('region', tagValue(region))
      .tag('p', String(partition))
      .intField('count', count)
      .timestamp(minute),
  );
}

export function stateOf({ sensor, geohash, region, type, time }: Row): SensorState | undefined {
  const id = Number(sensor);
  if (!Number.isInteger(id) || id < 0 || id > SENSOR_ID_MAX || typeof time !== 'number') return undefined;
  const active = text(type)
    .split(',')
    .filter((name) => name !== '');
  return { sensor: id, geohash: text(geohash), region: text(region), active, at: time };
}

export function countOf({ type, region, p, count, time }: Row): MinuteCount | undefined {
  const name = text(type);
  if (name === '' || typeof time !== 'number' || typeof count !== 'number') return undefined;
  return { minute: time, type: name, region: text(region), partition: Number(p), count };
}

/** Replaces backslashes, which would escape the separator after the value: the client escapes everything else, and leaves out empty tags. */
export function tagValue(value: string): string {
  return value.replaceAll('\\', '_');
}

function lineOf(point: Point): string {
  return point.toLineProtocol({ convertTime: (at) => String(at) }) ?? '';
}

function text(value: Row[string] | undefined): string {
  return typeof value === 'string' ? value : '';
}
