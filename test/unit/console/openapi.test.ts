import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, startTestConsole, type TestConsole } from '../../support/console.ts';

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
