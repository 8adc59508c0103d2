import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { rolesOf } from '../../../main/roles.ts';

describe('the configuration of a process', () => {
  it('has the settings of its roles and of no others', () => {
    const config = readConfig(rolesOf([]), { TOCSIN_MAIL_TO: 'alarms@example.org' });
    expect(config.of('mailer').to).toEqual(['alarms@example.org']);
    expect(config.of('log').retentionMs).toBeGreaterThan(0);
  });

  it('looks at no setting of a role that runs elsewhere', () => {
    const kafka = { TOCSIN_KAFKA_BROKERS: 'kafka-1:9092' };
    const config = readConfig(rolesOf(['processor']), { ...kafka, TOCSIN_INGEST_PORT: 'abc', TOCSIN_HOST: '0.0.0.0' });
    expect(config.of('kafka').brokers).toEqual(['kafka-1:9092']);
    expect(() => config.of('proxy')).toThrow(/proxy were not read/);
    expect(() => config.of('log')).toThrow();
    expect(() => readConfig(rolesOf(['proxy']), { ...kafka, TOCSIN_INGEST_PORT: 'abc' })).toThrow(/TOCSIN_INGEST_PORT/);
  });

  it('has the settings of each server that is named, and checks them', () => {
    const servers = { TOCSIN_KAFKA_BROKERS: 'k:9092', TOCSIN_CASSANDRA_CONTACT_POINTS: 'c', TOCSIN_INFLUX_URL: 'http://i:8086' };
    const config = readConfig(rolesOf(['console']), servers);
    expect(config.of('cassandra').contactPoints).toEqual([{ host: 'c', port: 9042 }]);
    expect(config.of('influx').url).toBe('http://i:8086');
    expect(config.of('archive').days).toBe(365);
    expect(() => readConfig(rolesOf(['console']), { ...servers, TOCSIN_KAFKA_SASL: 'plain' })).toThrow(/TOCSIN_KAFKA_USER/);
    expect(() => readConfig(rolesOf(['console']), { ...servers, TOCSIN_CASSANDRA_USER: 'u' })).toThrow(/TOCSIN_CASSANDRA_PASSWORD/);
    expect(() => readConfig(rolesOf(['console']), { ...servers, TOCSIN_INFLUX_USER: 'u' })).toThrow(/TOCSIN_INFLUX_PASSWORD/);
  });

  it('has the link to the console for the mailer, wherever the console runs', () => {
    const environment = {
      TOCSIN_KAFKA_BROKERS: 'k:9092',
      TOCSIN_CASSANDRA_CONTACT_POINTS: 'c',
      TOCSIN_CONSOLE_URL: 'https://c.example.org',
    };
    expect(readConfig(rolesOf(['mailer']), environment).link.consoleUrl).toBe('https://c.example.org');
  });

  it('refuses a role of its own whose servers are not named', () => {
    expect(() => readConfig(rolesOf(['mailer']), {})).toThrow(
      /TOCSIN_KAFKA_BROKERS is not set[\s\S]*TOCSIN_CASSANDRA_CONTACT_POINTS is not set/,
    );
  });

  it('refuses a name that no role knows, whatever runs', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_MAIL_TOO: 'x' })).toThrow(
      /TOCSIN_MAIL_TOO is not a setting; did you mean TOCSIN_MAIL_TO\?/,
    );
  });

  it('checks settings between each other for the roles that run', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_HOST: '0.0.0.0' })).toThrow(/TOCSIN_SENSOR_MASTER_SECRET[\s\S]*TOCSIN_API_TOKEN/);
  });

  it('counts an empty value as not set', () => {
    expect(readConfig(rolesOf([]), { TOCSIN_KAFKA_BROKERS: '' }).isSet('TOCSIN_KAFKA_BROKERS')).toBe(false);
  });
});
