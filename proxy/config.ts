import { z } from 'zod';
import { type ConfigOf, duration, integer, networks, port, secret, setting, type Settings, size } from '../runtime/configuration.ts';
import { isPublicUrl } from '../runtime/host-name.ts';
import { isLoopback } from '../runtime/listen.ts';
import { plainHttpHosts, type Unencrypted } from '../runtime/unencrypted.ts';
import { versionedSecrets } from '../runtime/versioned-secrets.ts';
import { parseGatewayTokens } from './intake/credentials.ts';
import { readRevoked } from './intake/revoked.ts';

const revoked = z
  .string()
  .optional()
  .transform((text, context): ReadonlySet<number> => {
    const { sensors, problem } = readRevoked(text ?? '');
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return sensors;
  });

const gateways = z
  .string()
  .optional()
  .transform((text, context) => {
    const { tokens, problem } = parseGatewayTokens(text ?? '');
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return tokens;
  });

const urls = z
  .string()
  .optional()
  .transform((text, context) => {
    const given = (text ?? '').split(',').map((url) => url.trim());
    const origins = given.filter((url) => /^https?:\/\/[^/?#@\s]+\/?$/i.test(url) && URL.canParse(url));
    if (text !== undefined && origins.length < given.length)
      context.addIssue({ code: 'custom', message: 'must be origins such as https://sensors.example.org, separated by commas' });
    return origins.map((url) => new URL(url).origin);
  });

export const proxySettings = {
  port: setting('TOCSIN_INGEST_PORT', port, '19092', 'Port that sensors post to; 0 takes any free one.'),
  urls: setting(
    'TOCSIN_INGEST_URL',
    urls,
    undefined,
    'Origins under which senders reach the proxy, separated by commas, if not its own address. Requests to other host names are then refused.',
  ),
  proxies: setting(
    'TOCSIN_INGEST_PROXIES',
    networks.optional(),
    undefined,
    'Addresses or networks of load balancers in front of the proxy, separated by commas: X-Forwarded-For is believed only from these.',
  ),
  bodyBytesMax: setting('TOCSIN_INGEST_BODY_MAX', size, '1MiB', 'Largest body of a request; larger ones are answered 413.'),
  batchRecordsMax: setting(
    'TOCSIN_INGEST_BATCH_MAX',
    integer(1, 1_000_000),
    '10000',
    'Most records in one request; more are answered 413.',
  ),
  queueBytesMax: setting(
    'TOCSIN_INGEST_QUEUE_MAX',
    size,
    '32MiB',
    'Bytes of requests that may wait for the log at once; further requests are answered 503.',
  ),
  unreadBytesMax: setting(
    'TOCSIN_INGEST_UNREAD_MAX',
    size,
    '1MiB',
    'Bytes of answers that one connection may leave unread before it is closed; each answer counts 1 KiB more than its body.',
  ),
  unreadBytesInAllMax: setting(
    'TOCSIN_INGEST_UNREAD_ALL_MAX',
    size,
    '32MiB',
    'The same for all connections together; beyond it, connections with more than an equal share are closed.',
  ),
  answerTimeoutMs: setting(
    'TOCSIN_INGEST_ANSWER_TIMEOUT',
    duration,
    '20s',
    'How long a client may leave an answer unread before its connection is closed. The time that the log may take (TOCSIN_INGEST_APPEND_TIMEOUT) is added.',
  ),
  headersTimeoutMs: setting('TOCSIN_INGEST_HEADERS_TIMEOUT', duration, '10s', "How long a request's headers may take."),
  bodyTimeoutMs: setting('TOCSIN_INGEST_BODY_TIMEOUT', duration, '10s', "How long a request's body may take after its headers."),
  keepAliveMs: setting(
    'TOCSIN_INGEST_KEEP_ALIVE',
    duration,
    '75s',
    'How long an idle connection is kept; short times lose requests sent just as it closes.',
  ),
  connectionsMax: setting(
    'TOCSIN_INGEST_CONNECTIONS_MAX',
    integer(1, 1_000_000),
    '60000',
    'Most open connections; further ones are closed at once.',
  ),
  appendTimeoutMs: setting('TOCSIN_INGEST_APPEND_TIMEOUT', duration, '10s', 'How long the log may take before a request is answered 503.'),
  drainDelayMs: setting(
    'TOCSIN_INGEST_DRAIN_DELAY',
    duration,
    '0s',
    'Time from /readyz turning 503 to refusing requests at a stop: as long as your load balancer needs to notice.',
  ),
  clientRateMax: setting(
    'TOCSIN_INGEST_CLIENT_RATE',
    integer(0, 10_000_000),
    '0',
    'Records per second that one gateway, sensor or address may send before it is answered 429; a refused record counts as ten. 0: no limit.',
  ),
  masterSecrets: secret(
    'TOCSIN_SENSOR_MASTER_SECRET',
    versionedSecrets,
    "Secret that sensors' keys are derived from (npm run sensor-key). During a change, the current one followed by earlier ones: v2:SECRET,v1:SECRET; keys derived from any of them are accepted.",
  ),
  revokedSensors: setting(
    'TOCSIN_SENSORS_REVOKED',
    revoked,
    undefined,
    'Sensors whose keys are no longer accepted: ids and ranges such as 7,1000-1999, or file:PATH with one of these per line.',
  ),
  signedWithinMs: setting(
    'TOCSIN_SIGNED_WITHIN',
    duration,
    '60s',
    'How far the time of a signed request (X-Tocsin-Signature) may differ from the clock of this machine.',
  ),
  signedNonce: setting(
    'TOCSIN_SIGNED_NONCE',
    z.enum(['optional', 'required'], 'must be optional or required'),
    'optional',
    'Whether a signed request needs a nonce, which makes a copy of it useless at once. optional: without one, a copy is accepted for as long as its time is.',
  ),
  gatewayTokens: secret('TOCSIN_GATEWAY_TOKENS', gateways, 'Gateways that may send for any sensor: name:token, separated by commas.'),
  sensorAuth: setting(
    'TOCSIN_SENSOR_AUTH',
    z.enum(['auto', 'on', 'off'], 'must be auto, on or off'),
    'auto',
    'Whether senders must authenticate. auto: if a master secret or a gateway token is set; without either, the proxy starts only on a loopback address.',
  ),
} satisfies Settings;

/** The proxy's settings, and the address to listen on, which all HTTP roles share. */
export type ProxyConfig = ConfigOf<typeof proxySettings> & { readonly host: string };

/** Whether senders must authenticate. */
export function authenticates(config: ConfigOf<typeof proxySettings>): boolean {
  return config.sensorAuth === 'on' || (config.sensorAuth === 'auto' && hasCredentials(config));
}

/** Problems of these settings taken together, one line each; none: the proxy may start. */
export function checkProxyConfig(config: ConfigOf<typeof proxySettings>, host: string): string[] {
  const problems: string[] = [];
  if (config.sensorAuth === 'on' && !hasCredentials(config))
    problems.push('TOCSIN_SENSOR_AUTH is on, but no sensor could authenticate: set TOCSIN_SENSOR_MASTER_SECRET or TOCSIN_GATEWAY_TOKENS');
  if (config.sensorAuth === 'auto' && !hasCredentials(config) && !isLoopback(host))
    problems.push(
      `TOCSIN_HOST is ${host}, which others can reach, and sensors need no key: set TOCSIN_SENSOR_MASTER_SECRET or TOCSIN_GATEWAY_TOKENS, or TOCSIN_SENSOR_AUTH=off if the network keeps strangers out`,
    );
  if (config.sensorAuth === 'auto' && !hasCredentials(config) && isLoopback(host) && config.urls.some(isPublicUrl))
    problems.push(
      'TOCSIN_INGEST_URL names an address that other machines can reach, and sensors need no key: set TOCSIN_SENSOR_MASTER_SECRET or TOCSIN_GATEWAY_TOKENS, or TOCSIN_SENSOR_AUTH=off if the network keeps strangers out',
    );
  if (config.sensorAuth === 'auto' && !hasCredentials(config) && isLoopback(host) && config.proxies !== undefined)
    problems.push(
      'TOCSIN_INGEST_PROXIES names a load balancer, through which other machines can reach the proxy, and sensors need no key: set TOCSIN_SENSOR_MASTER_SECRET or TOCSIN_GATEWAY_TOKENS, or TOCSIN_SENSOR_AUTH=off if the network keeps strangers out',
    );
  if (config.bodyBytesMax * 2 > config.queueBytesMax)
    problems.push('TOCSIN_INGEST_QUEUE_MAX must be at least twice TOCSIN_INGEST_BODY_MAX');
  return problems;
}

export function unencryptedFromSensors({ urls }: ConfigOf<typeof proxySettings>, host: string): Unencrypted[] {
  const instead = 'put TLS in front, and set TOCSIN_INGEST_URL=https://… to the address there';
  return [{ what: "sensors' statuses and keys", hosts: plainHttpHosts(host, urls), instead }];
}

function hasCredentials(config: ConfigOf<typeof proxySettings>): boolean {
  return config.masterSecrets.length > 0 || config.gatewayTokens.size > 0;
}
