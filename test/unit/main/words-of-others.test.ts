import { HttpError } from '@influxdata/influxdb-client';
import { errors, types } from 'cassandra-driver';
import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Gauge, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { faultOf as cassandraFault } from '../../../cassandra/errors.ts';
import { createApp, type Guard } from '../../../console/app.ts';
import type { Route } from '../../../console/api/route.ts';
import { faultOf as influxFault, meaningOf } from '../../../history/influx/connection.ts';
import { commitFault } from '../../../message-log/embedded/faults.ts';
import { unavailable } from '../../../kafka/faults.ts';
import { faultOf as smtpFault } from '../../../notify/channels/mail/smtp-replies.ts';
import { reasonOf } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { createLogger } from '../../../runtime/logging.ts';
import { operationsHandler } from '../../../runtime/operations.ts';

/** Of a client; it stands wherever a library or a server could put it. */
const PERSON = 'Quirinia';

const foreign = (parts: object = {}): Error => Object.assign(new Error(`near ${PERSON}`, { cause: new Error(PERSON) }), parts);

describe('what a library says of the data that it choked on leaves no adapter', () => {
  it.each<[string, () => unknown]>([
    ['lmdb', () => commitFault(foreign({ code: -30796 }))],
    ['lmdb, with a fault that comes later', () => commitFault(foreign({ commitError: Promise.reject(foreign({ code: -30796 })) }))],
    ['kafkajs', () => unavailable(`Kafka: ${reasonOf(foreign({ name: 'KafkaJSProtocolError', type: 'UNKNOWN' }))}`, foreign())],
    [
      'cassandra-driver, a statement',
      () => cassandraFault(new errors.ResponseError(types.responseErrorCodes.invalid, `Invalid ${PERSON}`)),
    ],
    ['cassandra-driver, a node', () => cassandraFault(new errors.ResponseError(types.responseErrorCodes.serverError, PERSON))],
    ['cassandra-driver, nodes', () => cassandraFault(new errors.NoHostAvailableError({ a: foreign() }, PERSON))],
    ['cassandra-driver, anything', () => cassandraFault(foreign())],
    ['InfluxDB', () => influxFault(new HttpError(400, PERSON, `unable to parse '${PERSON}'`), 'tocsin')],
    ['InfluxDB, of a log-in', () => influxFault(new HttpError(401, PERSON, PERSON), 'tocsin')],
    ['InfluxDB, of a bucket', () => influxFault(new HttpError(404, PERSON, PERSON), 'tocsin')],
    ['InfluxDB, of a query', () => new Error(meaningOf(`unable to parse '${PERSON}'`))],
    [
      'nodemailer, a reply',
      () => smtpFault(foreign({ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: `550 ${PERSON}` })),
    ],
    ['nodemailer, no reply', () => smtpFault(foreign({ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED', reason: PERSON }))],
  ])('%s', async (_, fault) => {
    const error = await fault();
    expect(String(error)).not.toContain(PERSON);
    expect(String(error).length).toBeGreaterThan(10);
    expect(reasonOf(error)).not.toContain(PERSON);
  });
});

describe('a line of the log', () => {
  it('has the code of an error that is logged whole, not its words', async () => {
    const written: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    const made = await createLogger({ level: 'info', format: 'json' });
    spy.mockRestore();
    const logger = pino({ serializers: made[pino.symbols.serializersSym as never] }, { write: (line: string) => void written.push(line) });
    logger.warn({ err: foreign({ code: 'ECONNRESET' }), error: foreign() }, 'a look at it failed');
    expect(written.join('')).not.toContain(PERSON);
    expect(written.join('')).toContain('the other side has cut the connection');
  });
});

describe('an answer', () => {
  let server: Server;
  const lines: string[] = [];
  const registry = new Registry();

  beforeAll(async () => {
    const route = { method: 'get', path: '/api/{id}', needs: 'nothing', handle: () => Promise.reject(foreign()) } as unknown as Route;
    const body = { method: 'post', path: '/api/x', needs: 'nothing', body: { safeParse: (data: unknown) => ({ success: true, data }) } };
    const access = { cookie: { secure: false }, isForUs: () => true, caller: () => ({ role: 'operator' }), isOurPage: () => true };
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const routes = [{ ...body, handle: async () => undefined } as unknown as Route, route];
    const api = createApp(routes, { access, proxies: [] } as unknown as Guard, express.static('/nowhere'), logger);
    new Gauge({ name: 'broken', help: 'x', registers: [registry], collect: () => Promise.reject(foreign()) });
    const operations = operationsHandler(new Health(), registry, {
      seesReasons: () => true,
      seesMetrics: () => true,
      wrongBearer: () => undefined,
    });
    const app = express();
    app.use((request, response, next) => (operations(request, response) ? undefined : next()));
    app.use(api);
    server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => server.close());

  it.each([
    ['whatever failed inside', '/api/7', {}, 500, 'an internal error; see the log'],
    [
      'what cannot be parsed',
      '/api/x',
      { method: 'POST', body: `{"note":"${PERSON}`, type: 'application/json' },
      400,
      'the body is not JSON',
    ],
    ['an address that cannot be read', `/api/%E0${PERSON}`, {}, 400, 'the address cannot be read'],
    ['metrics that cannot be gathered', '/metrics', {}, 500, 'at test/unit/main'],
  ])(
    'says no words of others: %s',
    async (_, path, { type = '', ...init }: { method?: string; body?: string; type?: string }, status, words) => {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: type === '' ? {} : { 'content-type': type } });
      const said = await response.text();
      expect([response.status, said]).toEqual([status, expect.stringContaining(words)]);
      expect(said + lines.join('')).not.toContain(PERSON);
    },
  );

  it('and the log tells where in the code it was', () => {
    expect(lines.join('')).toMatch(/"reason":"Error at test\/unit\/main\/words-of-others\.test\.ts:\d+"/);
  });
});
