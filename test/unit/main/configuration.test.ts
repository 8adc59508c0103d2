import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveSettings } from '../../../archive/config.ts';
import { cassandraSettings } from '../../../cassandra/config.ts';
import { consoleSettings } from '../../../console/config.ts';
import { influxSettings } from '../../../history/influx/config.ts';
import { readConfig } from '../../../main/configuration.ts';
import { rolesOf } from '../../../main/roles.ts';
import { logSettings } from '../../../message-log/config.ts';
import { kafkaSettings } from '../../../kafka/config.ts';
import { smtpSettings } from '../../../notify/channels/mail/config.ts';
import { mailerSettings } from '../../../notify/config.ts';
import { proxySettings } from '../../../proxy/config.ts';

describe('the configuration of a process', () => {
  it('has the settings of its roles and of no others', () => {
    const { values } = readConfig(rolesOf([]), { TOCSIN_MAIL_TO: 'alarms@example.org' });
    expect(values.get(mailerSettings.to)).toEqual(['alarms@example.org']);
    expect(values.of(logSettings).retentionMs).toBeGreaterThan(0);
  });

  it('looks at no setting of a role that runs elsewhere, nor of a server that is not used here', () => {
    const influx = { TOCSIN_INFLUX_URL: 'http://i:8086', TOCSIN_INFLUX_RETENTION: 'perhaps' };
    const servers = { TOCSIN_KAFKA_BROKERS: 'kafka-1:9092', TOCSIN_CASSANDRA_CONTACT_POINTS: 'c', ...influx };
    const { values } = readConfig(rolesOf(['processor']), { ...servers, TOCSIN_INGEST_PORT: 'abc', TOCSIN_HOST: '0.0.0.0' });
    expect(values.get(kafkaSettings.brokers)).toEqual(['kafka-1:9092']);
    expect(() => values.of(proxySettings)).toThrow(/TOCSIN_INGEST_PORT was not read/);
    expect(() => values.of(logSettings)).toThrow();
    expect(() => readConfig(rolesOf(['proxy']), { ...servers, TOCSIN_INGEST_PORT: 'abc' })).toThrow(/TOCSIN_INGEST_PORT/);
    expect(() => readConfig(rolesOf(['history']), servers)).toThrow(/TOCSIN_INFLUX_RETENTION/);
  });

  it('uses a server that is named in the file of a secret', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-smtp-'));
    writeFileSync(join(folder, 'url'), 'smtp://user:pass@mail:25\n');
    const { isSet, values } = readConfig(rolesOf([]), { TOCSIN_SMTP_URL_FILE: join(folder, 'url') });
    expect([isSet('TOCSIN_SMTP_URL'), values.get(smtpSettings.smtpUrl)]).toEqual([true, 'smtp://user:pass@mail:25']);
    rmSync(folder, { recursive: true });
  });

  it('has the settings of each server that is named, and checks them', () => {
    const servers = { TOCSIN_KAFKA_BROKERS: 'k:9092', TOCSIN_CASSANDRA_CONTACT_POINTS: 'c', TOCSIN_INFLUX_URL: 'http://i:8086' };
    const { values } = readConfig(rolesOf(['console']), servers);
    expect(values.get(cassandraSettings.contactPoints)).toEqual([{ host: 'c', port: 9042 }]);
    expect(values.get(influxSettings.url)).toBe('http://i:8086');
    expect(values.get(archiveSettings.days)).toBe(365);
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
    expect(readConfig(rolesOf(['mailer']), environment).values.get(consoleSettings.publicUrl)).toBe('https://c.example.org');
  });

  it('refuses a role of its own whose servers are not named', () => {
    expect(() => readConfig(rolesOf(['mailer']), {})).toThrow(
      /TOCSIN_KAFKA_BROKERS is not set[\s\S]*TOCSIN_CASSANDRA_CONTACT_POINTS is not set/,
    );
  });

  it('refuses to tell apart sensors whose clients this process cannot read', () => {
    const kafka = { TOCSIN_KAFKA_BROKERS: 'k:9092' };
    const refusing = { TOCSIN_UNKNOWN_SENSORS: 'refuse' };
    expect(() => readConfig(rolesOf(['proxy']), { ...kafka, ...refusing })).toThrow(/TOCSIN_CASSANDRA_CONTACT_POINTS/);
    expect(readConfig(rolesOf(['proxy']), { ...kafka, ...refusing, TOCSIN_CASSANDRA_CONTACT_POINTS: 'c' }).ports).toEqual([
      'log',
      'directory',
    ]);
    for (const role of ['proxy', 'processor']) expect(readConfig(rolesOf([role]), kafka).ports).toEqual(['log']);
    for (const treatment of ['quarantine', 'refuse'])
      expect(() => readConfig(rolesOf(['processor']), { ...kafka, TOCSIN_UNKNOWN_SENSORS: treatment })).toThrow(/TOCSIN_CASSANDRA_CONTACT/);
    expect(readConfig(rolesOf([]), refusing).ports).toContain('directory');
  });

  it('refuses a name that no role knows, whatever runs', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_MAIL_TOO: 'x' })).toThrow(
      /TOCSIN_MAIL_TOO is not a setting; did you mean TOCSIN_MAIL_TO\?/,
    );
  });

  it('checks settings between each other for the roles that run', () => {
    const read = () => readConfig(rolesOf([]), { TOCSIN_HOST: '0.0.0.0' });
    expect(read).toThrow(/TOCSIN_SENSOR_MASTER_SECRET/);
    expect(read).toThrow(/TOCSIN_API_TOKEN/);
  });

  it('counts an empty value as not set', () => {
    expect(readConfig(rolesOf([]), { TOCSIN_KAFKA_BROKERS: '' }).isSet('TOCSIN_KAFKA_BROKERS')).toBe(false);
  });
});
