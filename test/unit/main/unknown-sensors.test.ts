import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { rolesOf } from '../../../main/roles.ts';
import { treatmentOf } from '../../../main/unknown-sensors.ts';

const OPEN = { TOCSIN_HOST: '10.0.0.5', TOCSIN_INSECURE: 'yes', TOCSIN_SENSOR_AUTH: 'off', TOCSIN_API_TOKEN: 'a-token-for-operators' };
const treated = (roles: readonly string[], environment: Record<string, string> = {}) =>
  treatmentOf(readConfig(rolesOf(roles), environment));

describe('sensors that no client has, unless the operator says how', () => {
  it('are accepted while only this machine reaches the system: first steps and the demo need no clients', () => {
    expect(treated([])).toBe('accept');
    expect(treated([], { TOCSIN_HOST: '127.0.0.1', TOCSIN_INGEST_URL: 'http://localhost:19092' })).toBe('accept');
    const local = { TOCSIN_KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093', TOCSIN_CASSANDRA_CONTACT_POINTS: '127.0.0.1' };
    expect(treated(['processor'], local)).toBe('accept');
  });

  it('are quarantined once others reach it', () => {
    expect(treated([], OPEN)).toBe('quarantine');
    expect(treated([], { TOCSIN_INGEST_URL: 'https://sensors.example.org', TOCSIN_SENSOR_AUTH: 'off' })).toBe('quarantine');
    const cluster = { TOCSIN_KAFKA_BROKERS: '127.0.0.1:9092,kafka-2:9092', TOCSIN_CASSANDRA_CONTACT_POINTS: 'c' };
    expect(treated(['processor'], cluster)).toBe('quarantine');
  });

  it('are accepted where the clients cannot be read', () => {
    expect(treated(['processor'], { TOCSIN_KAFKA_BROKERS: 'kafka-1:9092' })).toBe('accept');
  });

  it('are treated as the operator says', () => {
    for (const treatment of ['accept', 'quarantine', 'refuse'] as const)
      for (const environment of [{}, OPEN]) expect(treated([], { ...environment, TOCSIN_UNKNOWN_SENSORS: treatment })).toBe(treatment);
    expect(() => treated([], { TOCSIN_UNKNOWN_SENSORS: 'ignore' })).toThrow(/must be auto, accept, quarantine or refuse/);
  });
});
