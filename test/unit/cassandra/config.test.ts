import { describe, expect, it } from 'vitest';
import { cassandraSettings, checkCassandraConfig, usesTls } from '../../../cassandra/config.ts';
import { ConfigurationError, readSettings } from '../../../runtime/configuration.ts';

const read = (settings: NodeJS.ProcessEnv) => readSettings(cassandraSettings, settings);
const contactPointsOf = (text: string) => read({ TOCSIN_CASSANDRA_CONTACT_POINTS: text }).contactPoints;
const replicationOf = (text: string) => read({ TOCSIN_CASSANDRA_REPLICATION: text }).replication;

describe('contact points', () => {
  it('are hosts, with a port or the usual one', () => {
    expect(contactPointsOf('10.0.0.1, db-2.example.org')).toEqual([
      { host: '10.0.0.1', port: 9_042 },
      { host: 'db-2.example.org', port: 9_042 },
    ]);
    expect(contactPointsOf('10.0.0.1:9142,[fe80::1]:9142')).toEqual([
      { host: '10.0.0.1', port: 9_142 },
      { host: 'fe80::1', port: 9_142 },
    ]);
    expect(read({}).contactPoints).toBeUndefined();
  });

  it.each(['10.0.0.1:', 'a b', ',', 'host:0', 'host:99999', 'http://host', 'a:1,b:2'])('are not "%s"', (text) => {
    expect(() => contactPointsOf(text)).toThrow(ConfigurationError);
  });
});

describe('replication', () => {
  it('is left to the cluster, or a number of copies, by data centre or simple', () => {
    expect(read({}).replication).toEqual({ kind: 'auto' });
    expect(replicationOf('3')).toEqual({ kind: 'data-centres', copies: { '': 3 } });
    expect(replicationOf('dc1:3,dc2:2')).toEqual({ kind: 'data-centres', copies: { dc1: 3, dc2: 2 } });
    expect(replicationOf('simple:2')).toEqual({ kind: 'simple', copies: 2 });
  });

  it.each(['0', 'dc1', 'dc1:0', 'dc1:3,2', 'simple:', "dc1':3"])('is not "%s"', (text) => {
    expect(() => replicationOf(text)).toThrow(ConfigurationError);
  });
});

describe('a password', () => {
  const at = (host: string, more: NodeJS.ProcessEnv = {}) =>
    checkCassandraConfig(
      read({
        TOCSIN_CASSANDRA_CONTACT_POINTS: host,
        TOCSIN_CASSANDRA_USER: 'tocsin',
        TOCSIN_CASSANDRA_PASSWORD: 'secret',
        ...more,
      }),
    );

  it('needs a user', () => {
    expect(at('127.0.0.1', { TOCSIN_CASSANDRA_USER: '' })).toEqual([expect.stringContaining('one needs the other')]);
  });
});

describe('TLS', () => {
  it('is used as soon as a certificate authority is named', () => {
    expect(usesTls({ tls: 'auto', tlsCa: undefined })).toBe(false);
    expect(usesTls({ tls: 'auto', tlsCa: 'ca.pem' })).toBe(true);
    expect(usesTls({ tls: 'on', tlsCa: undefined })).toBe(true);
    expect(usesTls({ tls: 'off', tlsCa: undefined })).toBe(false);
  });
});
