import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { operationsAccessOf } from '../../../main/operations-access.ts';
import { type RoleName, rolesOf } from '../../../main/roles.ts';

const API_TOKEN = 'token-of-operators';
const METRICS_TOKEN = 'token-of-prometheus';
const SERVERS = {
  TOCSIN_KAFKA_BROKERS: 'kafka:9092',
  TOCSIN_CASSANDRA_CONTACT_POINTS: 'cassandra',
  TOCSIN_INFLUX_URL: 'http://influx:8086',
  TOCSIN_SMTP_URL: 'smtp://mail:25',
};

/** What a caller may see of a process with these roles and settings: everything, the metrics, or only whether it is ready. */
function toldTo(
  headers: Record<string, string>,
  environment: Record<string, string> = {},
  roles: readonly RoleName[] = [],
): 'all' | 'metrics' | 'yes or no' {
  const { seesMetrics, seesReasons } = operationsAccessOf(readConfig(rolesOf(roles), environment), {
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
  });
  const request = { headers } as unknown as IncomingMessage;
  if (seesReasons(request)) return seesMetrics(request) ? 'all' : 'yes or no';
  return seesMetrics(request) ? 'metrics' : 'yes or no';
}

const here = { host: 'localhost:19092' };
const bearer = (token: string) => ({ ...here, authorization: `Bearer ${token}` });
const OFF_LOOPBACK = {
  TOCSIN_INSECURE: 'yes',
  TOCSIN_HOST: '10.0.0.5',
  TOCSIN_API_TOKEN: API_TOKEN,
  TOCSIN_GATEWAY_TOKENS: 'ward:a-token-of-a-gateway',
};

describe('reasons and metrics', () => {
  it('are for this machine, as long as nobody else reaches it', () => {
    for (const host of ['localhost:19092', '127.0.0.1:8080', '[::1]:8080', 'tocsin']) expect(toldTo({ host }), host).toBe('all');
  });

  it.each([
    ['by a proxy that nobody named', { ...here, 'x-forwarded-for': '203.0.113.9' }, {}],
    ['by a page whose name was made to point here', { host: 'evil.example' }, {}],
    ['where it listens for others', here, OFF_LOOPBACK],
    [
      'where sensors have a name for it',
      here,
      { TOCSIN_INGEST_URL: 'https://sensors.example.org', TOCSIN_GATEWAY_TOKENS: 'ward:a-token-of-a-gateway' },
    ],
    ['where browsers have a name for it', here, { TOCSIN_CONSOLE_URL: 'https://alarms.example.org', TOCSIN_API_TOKEN: API_TOKEN }],
    ['where a load balancer is named', here, { TOCSIN_INGEST_PROXIES: '10.0.0.7', TOCSIN_SENSOR_AUTH: 'off' }],
    ['where a proxy is named', here, { TOCSIN_CONSOLE_PROXIES: '10.0.0.7', TOCSIN_API_TOKEN: API_TOKEN }],
  ])('are not for whoever comes %s', (_, headers, environment) => {
    expect(toldTo(headers, environment)).toBe('yes or no');
    expect(toldTo({ ...headers, authorization: `Bearer ${METRICS_TOKEN}` }, environment)).toBe('yes or no');
    const settings = { ...environment, TOCSIN_METRICS_TOKEN: METRICS_TOKEN };
    expect(toldTo({ ...headers, authorization: `Bearer ${METRICS_TOKEN}` }, settings)).toBe('all');
  });

  it('are for those with the API token, on every port of the process', () => {
    expect(toldTo(bearer(API_TOKEN), OFF_LOOPBACK)).toBe('all');
    expect(toldTo(bearer(`${API_TOKEN}x`), OFF_LOOPBACK)).toBe('yes or no');
  });

  it('are protected where a process has neither sensors nor operators', () => {
    const settings = { ...SERVERS, TOCSIN_HOST: '10.0.0.5' };
    expect(toldTo(here, settings, ['processor'])).toBe('yes or no');
    expect(toldTo(bearer(METRICS_TOKEN), { ...settings, TOCSIN_METRICS_TOKEN: METRICS_TOKEN }, ['processor'])).toBe('all');
  });

  it('differ where metrics are said to be open', () => {
    expect(toldTo(here, { ...OFF_LOOPBACK, TOCSIN_METRICS: 'open' })).toBe('metrics');
  });
});
