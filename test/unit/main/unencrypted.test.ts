import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { type RoleName, rolesOf } from '../../../main/roles.ts';
import { ConfigurationError } from '../../../runtime/configuration.ts';

type Environment = Record<string, string>;

const KEYS = { TOCSIN_GATEWAY_TOKENS: 'ward:a-token-of-a-gateway', TOCSIN_API_TOKEN: 'a-token-of-operators' };
const SERVERS = {
  TOCSIN_KAFKA_BROKERS: 'kafka-1:9092',
  TOCSIN_CASSANDRA_CONTACT_POINTS: 'cassandra-1',
  TOCSIN_INFLUX_URL: 'https://influx-1',
};
const at = (host: string): Environment => ({ ...KEYS, TOCSIN_HOST: host });
const sasl = (mechanism: string, more: Environment = {}): Environment => ({
  ...SERVERS,
  ...{ TOCSIN_KAFKA_SASL: mechanism, TOCSIN_KAFKA_USER: 'tocsin', TOCSIN_KAFKA_PASSWORD: 'secret-of-kafka', ...more },
});
const cassandra = (more: Environment = {}): Environment => ({
  ...SERVERS,
  ...{ TOCSIN_CASSANDRA_USER: 'tocsin', TOCSIN_CASSANDRA_PASSWORD: 'secret-of-cassandra', ...more },
});
const influx = (url: string, more: Environment): Environment => ({ ...SERVERS, TOCSIN_INFLUX_URL: url, ...more });
const PASSWORD = { TOCSIN_INFLUX_USER: 'tocsin', TOCSIN_INFLUX_PASSWORD: 'secret-of-influx' };
const smtp = (url: string, tls: string): Environment => ({ TOCSIN_SMTP_URL: url, TOCSIN_SMTP_TLS: tls });

/** Whose settings, which of them must not cross a network, and in which roles. */
const REFUSED: readonly [string, Environment, string, (readonly RoleName[])?][] = [
  ['statuses over plain HTTP', at('0.0.0.0'), 'TOCSIN_INGEST_URL=https', ['proxy']],
  ['statuses to an IPv6 address', at('::'), 'TOCSIN_INGEST_URL=https', ['proxy']],
  [
    'statuses to an address that is plain itself',
    { ...KEYS, TOCSIN_INGEST_URL: 'http://sensors.example.org' },
    'TOCSIN_INGEST_URL=https',
    ['proxy'],
  ],
  [
    'statuses to one of two addresses',
    { ...at('10.0.0.5'), TOCSIN_INGEST_URL: 'https://sensors.example.org,http://localhost:8000' },
    'TOCSIN_INGEST_URL=https',
    ['proxy'],
  ],
  ['operators over plain HTTP', at('10.0.0.5'), 'TOCSIN_CONSOLE_URL=https', ['console']],
  ['operators by a plain address', { ...KEYS, TOCSIN_CONSOLE_URL: 'http://alarms.example.org' }, 'TOCSIN_CONSOLE_URL=https', ['console']],
  ['SASL plain', sasl('plain'), 'TOCSIN_KAFKA_TLS=on', ['processor']],
  [
    'SASL plain to one broker elsewhere',
    sasl('plain', { TOCSIN_KAFKA_BROKERS: 'localhost:9092,kafka-2:9092' }),
    'TOCSIN_KAFKA_TLS=on',
    ['processor'],
  ],
  ["Cassandra's password", cassandra(), 'TOCSIN_CASSANDRA_TLS=on', ['archiver']],
  ["Cassandra's password with TLS off", cassandra({ TOCSIN_CASSANDRA_TLS: 'off' }), 'TOCSIN_CASSANDRA_TLS=on', ['archiver']],
  [
    "InfluxDB's token",
    influx('http://influx-1:8086', { TOCSIN_INFLUX_TOKEN: 'secret-of-influx' }),
    'https:// in TOCSIN_INFLUX_URL',
    ['history'],
  ],
  ["InfluxDB's password", influx('http://[fd00::1]:8086', PASSWORD), 'https:// in TOCSIN_INFLUX_URL', ['history']],
  ['the password of the mail server', { ...SERVERS, ...smtp('smtp://desk:secret-of-mail@mail:25', 'off') }, 'TOCSIN_SMTP_TLS', ['mailer']],
];

const FINE: readonly [string, Environment, (readonly RoleName[])?][] = [
  ['this machine alone', KEYS],
  [
    'addresses that TLS stands in front of',
    { ...at('0.0.0.0'), TOCSIN_INGEST_URL: 'https://s.example.org', TOCSIN_CONSOLE_URL: 'https://a.example.org' },
  ],
  ['a processor that others read the metrics of', { ...SERVERS, TOCSIN_HOST: '0.0.0.0' }, ['processor']],
  ['SASL plain over TLS', sasl('plain', { TOCSIN_KAFKA_TLS: 'on' }), ['processor']],
  ['SASL plain on this machine', sasl('plain', { TOCSIN_KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093' }), ['processor']],
  ['SCRAM', sasl('scram-sha-512'), ['processor']],
  ["Cassandra's password over TLS", cassandra({ TOCSIN_CASSANDRA_TLS: 'on' }), ['archiver']],
  ["Cassandra's password with a CA", cassandra({ TOCSIN_CASSANDRA_TLS_CA: 'ca.pem' }), ['archiver']],
  ["Cassandra's password on this machine", cassandra({ TOCSIN_CASSANDRA_CONTACT_POINTS: '127.0.0.1,localhost' }), ['archiver']],
  ["InfluxDB's token by https", influx('https://influx-1:8086', { TOCSIN_INFLUX_TOKEN: 'x' }), ['history']],
  ["InfluxDB's token on this machine", influx('http://[::1]:8086', { TOCSIN_INFLUX_TOKEN: 'x' }), ['history']],
  ['InfluxDB without a log-in', influx('http://influx-1:8086', {}), ['history']],
  ['a mail server that must speak TLS', { ...SERVERS, ...smtp('smtp://desk:secret@mail:25', 'auto') }, ['mailer']],
  ['a mail server without a password', { ...SERVERS, ...smtp('smtp://mail:25', 'off') }, ['mailer']],
  ['a mail server on this machine', { ...SERVERS, ...smtp('smtp://desk:secret@localhost:25', 'off') }, ['mailer']],
];

function problemsOf(environment: Environment, roles: readonly RoleName[] = []): readonly string[] {
  try {
    readConfig(rolesOf(roles), environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('over a network', () => {
  it.each(REFUSED)('%s: the start is refused, and says what to do', (_, environment, instead, roles = []) => {
    const problems = problemsOf({ ...SERVERS, ...environment }, roles);
    expect(problems).toEqual([expect.stringContaining(instead)]);
    expect(problems[0]).toContain('TOCSIN_INSECURE=yes');
    expect(problems[0]).not.toContain('secret-of');
  });

  it.each(REFUSED)('%s: is done where that is meant, and said', (_, environment, __, roles = []) => {
    const { unencrypted } = readConfig(rolesOf(roles), { ...SERVERS, ...environment, TOCSIN_INSECURE: 'yes' });
    expect(unencrypted).toHaveLength(1);
    expect(unencrypted[0]).not.toContain('secret-of');
  });

  it.each(FINE)('%s: nothing is asked', (_, environment, roles = []) => {
    expect(problemsOf(environment, roles)).toEqual([]);
  });
});
