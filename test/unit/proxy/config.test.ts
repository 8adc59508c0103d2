import { expect, it } from 'vitest';
import { authenticates, checkProxyConfig, proxySettings } from '../../../proxy/config.ts';
import { isLoopback } from '../../../runtime/listen.ts';
import { readSettings } from '../../../runtime/configuration.ts';

const read = (environment: Record<string, string> = {}) => readSettings(proxySettings, environment);
const SECRET = { TOCSIN_SENSOR_MASTER_SECRET: 'a master secret for tests' };
const GATEWAY = { TOCSIN_GATEWAY_TOKENS: 'north:0123456789abcdef' };

it('needs no credentials on a loopback address', () => {
  expect(authenticates(read())).toBe(false);
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) expect(checkProxyConfig(read(), host)).toEqual([]);
});

it('refuses to listen elsewhere without credentials, and says what to do', () => {
  for (const host of ['0.0.0.0', '::', '10.0.0.5', 'alarm.example', '127.evil.example']) {
    expect(isLoopback(host)).toBe(false);
    expect(checkProxyConfig(read(), host)).toEqual([expect.stringContaining('set TOCSIN_SENSOR_MASTER_SECRET or TOCSIN_GATEWAY_TOKENS')]);
    expect(checkProxyConfig(read(SECRET), host)).toEqual([]);
    expect(checkProxyConfig(read(GATEWAY), host)).toEqual([]);
    expect(checkProxyConfig(read({ TOCSIN_SENSOR_AUTH: 'off' }), host)).toEqual([]);
  }
});

it('needs credentials on a loopback address too, where it is said how others reach it', () => {
  const named = { TOCSIN_INGEST_URL: 'https://sensors.example.org' };
  expect(checkProxyConfig(read(named), '127.0.0.1')).toEqual([expect.stringContaining('set TOCSIN_SENSOR_MASTER_SECRET')]);
  for (const settings of [SECRET, GATEWAY, { TOCSIN_SENSOR_AUTH: 'off' }, { TOCSIN_INGEST_URL: 'http://localhost:8000' }])
    expect(checkProxyConfig(read({ ...named, ...settings }), '127.0.0.1')).toEqual([]);
  const balanced = { TOCSIN_INGEST_PROXIES: '127.0.0.1' };
  expect(checkProxyConfig(read(balanced), '127.0.0.1')).toEqual([expect.stringContaining('set TOCSIN_SENSOR_MASTER_SECRET')]);
  for (const settings of [SECRET, GATEWAY, { TOCSIN_SENSOR_AUTH: 'off' }])
    expect(checkProxyConfig(read({ ...balanced, ...settings }), '127.0.0.1')).toEqual([]);
});

it('authenticates as soon as there are credentials, unless told not to', () => {
  expect(authenticates(read(SECRET))).toBe(true);
  expect(authenticates(read(GATEWAY))).toBe(true);
  expect(authenticates(read({ ...SECRET, TOCSIN_SENSOR_AUTH: 'off' }))).toBe(false);
});

it('refuses to authenticate without credentials', () => {
  expect(checkProxyConfig(read({ TOCSIN_SENSOR_AUTH: 'on' }), '127.0.0.1')).toHaveLength(1);
});

it('refuses weak secrets and limits that contradict each other', () => {
  expect(() => read({ TOCSIN_SENSOR_MASTER_SECRET: 'short' })).toThrow('TOCSIN_SENSOR_MASTER_SECRET: must have at least 16 characters');
  expect(() => read({ TOCSIN_GATEWAY_TOKENS: 'north' })).toThrow('TOCSIN_GATEWAY_TOKENS: must be name:token');
  expect(checkProxyConfig(read({ TOCSIN_INGEST_BODY_MAX: '20MiB' }), '127.0.0.1')).toHaveLength(1);
});
