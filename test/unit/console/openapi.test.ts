import { request } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOfToken, newApiToken } from '../../../console/security/api-token.ts';
import { writeAccounts } from '../../../console/security/users-file.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestIncidentTopics } from '../../support/incident-topics.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole } from '../../support/console.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, unknown>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

let on: TestConsole;
let document: Document;
beforeAll(async () => {
  on = await startTestConsole({ processor: false });
  document = (await call(on, '/api/openapi.json', { token: null })).json;
});
afterAll(() => on.stop());

/** What other programs rely on: see the contract. */
const CONTRACT = [
  'get /api/alarms',
  'get /api/alarms/{id}',
  'post /api/alarms/{id}/acknowledge',
  'post /api/alarms/{id}/note',
  'post /api/alarms/{id}/disposition',
  'get /api/sensors/{id}',
  'get /api/counts',
  'get /api/live',
  'get /api/openapi.json',
];

const documented = () =>
  Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));

it('documents all of the contract as OpenAPI 3.1', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(documented()).toEqual(expect.arrayContaining(CONTRACT));
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

it('serves every documented path with a documented status, to those signed in and those not', async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      for (const token of [undefined, null]) {
        if (path === '/api/live' && token === undefined) continue;
        const url = path.replace('{id}', '424242').replace('{hash}', '0123456789012345678901');
        const body = method === 'post' ? {} : undefined;
        const { status } = await call(on, url, { method: method.toUpperCase(), ...(token === null ? { token } : {}), body });
        expect(Object.keys(responses), `${method} ${path} answered ${status}`).toContain(String(status));
        expect([404, 405].includes(status) && !url.includes('424242') && !url.includes('0123')).toBe(false);
      }
    }
  }
});

it('describes the fields of an alarm as the contract has them', () => {
  const operation = document.paths['/api/alarms/{id}']?.get as unknown as {
    responses: { 200: { content: { 'application/json': { schema: { properties: object } } } } };
  };
  expect(Object.keys(operation.responses[200].content['application/json'].schema.properties)).toEqual(
    expect.arrayContaining(
      'id sensor type state severity version raisedAt clearedAt acknowledgedAt region geohash evidence custody'.split(' '),
    ),
  );
});

describe('a refusal', () => {
  let folder: string;
  let refusing: TestConsole;
  const token = newApiToken();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tocsin-openapi-'));
    const users = join(folder, 'users.json');
    await writeAccounts(users, {
      users: [],
      tokens: [{ name: 'prometheus', scopes: ['metrics'], hash: hashOfToken(token), disabled: false }],
    });
    const incidentTopics = new TestIncidentTopics();
    incidentTopics.centre.raise(1);
    await incidentTopics.commit();
    refusing = await startTestConsole({ processor: false, environment: { TOCSIN_USERS: users }, incidentTopics });
    await eventually(
      () => call(refusing, '/api/incidents'),
      ({ status }) => status === 200,
    );
  });
  afterAll(async () => {
    await refusing.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const calls = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({ path, method, responses })),
    );
  /** As somebody who has all the time to be refused. */
  const ask = (path: string, method: string, headers: Record<string, string>, body?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const url = new URL(path.replace(/\{\w+\}/, '424242'), refusing.console.url);
      const asked = request(url, { method: method.toUpperCase(), headers }, (answer) => {
        answer.destroy();
        resolve(answer.statusCode ?? 0);
      });
      asked.once('error', reject);
      asked.end(body);
    });
  const JSON_TYPE = { 'content-type': 'application/json' };
  const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };

  it.each([
    ['of a host name that is not ours', [421], { host: 'evil.example' }, undefined],
    ['of a token without the scope', [403, 200, 400, 413, 404], { authorization: `Bearer ${token}`, ...JSON_TYPE }, '{}'],
    ['of nobody', [401, 200, 400, 403, 429], JSON_TYPE, '{}'],
    ['of another page', [403, 401, 200], { ...JSON_TYPE, origin: 'https://evil.example' }, '{}'],
    ['of a body that is not JSON', [415, 400, 403, 404, 200], { ...operator, 'content-type': 'text/plain' }, '{}'],
    ['of a body that is too large', [413, 400, 403, 404, 200], { ...operator, ...JSON_TYPE }, `"${'x'.repeat(400_000)}"`],
    ['of a query that is none', [400, 403, 404, 429, 200], { ...operator, ...JSON_TYPE }, undefined],
    ['of wrong tokens, one after another', [401, 429], { authorization: 'Bearer a-token-that-nobody-has' }, undefined],
  ] as const)('%s has a documented status, whatever the call', async (_, expected, headers, body) => {
    for (const { path, method, responses } of calls()) {
      const query = body === undefined && !('host' in headers) ? '?nonsense=1' : '';
      const status = await ask(path + query, method, headers, method === 'post' ? (body ?? '{}') : undefined);
      expect(expected, `${method} ${path}`).toContain(status);
      expect(Object.keys(responses), `${method} ${path} answered ${status}`).toContain(String(status));
    }
  });
});

it('has the schemas of incidents among its components, and every reference leads to one', () => {
  const { components } = document as unknown as { components: { schemas: Record<string, unknown> } };
  expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(['Incident', 'ListedIncident', 'IncidentConflict']));
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to);
  expect(references.length).toBeGreaterThan(0);
  for (const to of references) expect(components.schemas[to?.replace('#/components/schemas/', '') ?? ''], to).toBeDefined();
});
