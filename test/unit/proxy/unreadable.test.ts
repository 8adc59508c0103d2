/** A fault in one field or member affects nothing else, and the sender is told. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RawClient, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';
import { typeWhen, withTypes } from '../../support/alarm-types.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const whole = (id: number): string => `{"id":${id},"motion":true,"smoke":false,"temperature":20,"maxTemperature":30}`;
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

let proxy: TestProxy;
let entries: number;
beforeAll(async () => {
  proxy = await testProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  entries = proxy.log.all('ENTRY').length;
});
const taken = () => proxy.log.all('ENTRY').slice(entries);
const idsTaken = () => taken().map(({ key }) => key);

describe('a reading with missing or unreadable fields', () => {
  it('is taken, with a warning for each of them', async () => {
    const answer = await proxy.post('/entry', '{"id":7,"motion":true,"temperature":null,"maxTemperature":30,"seq":"x","at":""}');
    expect(answer.status).toBe(202);
    expect(answer.json()).toEqual({
      accepted: 1,
      warnings: [
        { index: 0, field: 'smoke', warning: expect.stringMatching(/^not reported/) },
        { index: 0, field: 'temperature', warning: expect.stringMatching(/^unreadable/) },
        { index: 0, field: 'at', warning: expect.stringMatching(/^unreadable/) },
        { index: 0, field: 'seq', warning: expect.stringMatching(/^unreadable/) },
      ],
    });
    expect(idsTaken()).toEqual([7]);
  });

  it('is stored as JSON if it was not, each among others in its place', async () => {
    const spoilt = '{"id":2,"motion":True,"smoke":false,"temperature":nan,"maxTemperature":30,"note":"kept"}';
    const long = `{"id":4,${'"x":nan,'.repeat(50)}"motion":true,"smoke":false,"temperature":20,"maxTemperature":30}`;
    for (const [body, headers] of [
      [`[${whole(1)},${spoilt},${whole(3)},${long},${whole(5)}]`, undefined],
      [[whole(1), spoilt, whole(3), long, whole(5)].join('\n'), NDJSON],
    ] as const) {
      entries = proxy.log.all('ENTRY').length;
      const answer = await proxy.post('/entry', body, headers);
      expect(answer.json()).toEqual({ accepted: 5, warnings: [{ index: 1, field: 'temperature', warning: expect.any(String) }] });
      expect(idsTaken()).toEqual([1, 2, 3, 4, 5]);
      expect(taken().every(({ value }) => isJson(value))).toBe(true);
      expect(taken()[0]?.value).toBe(whole(1));
      expect(JSON.parse(taken()[1]?.value ?? '')).toMatchObject({ id: 2, motion: true, temperature: null, note: 'kept' });
      expect(taken()[4]?.value).toBe(whole(5));
    }
    expect((await proxy.post('/topics/ENTRY/messages', spoilt)).text).toBe('{}');
    expect(JSON.parse(taken().at(-1)?.value ?? '')).toMatchObject({ id: 2, temperature: null });
  });

  it('is stored in its place even after other requests of the same moment', async () => {
    const spoilt = (id: number): string => `[${whole(id)},{"id":${id + 1},"motion":True,"smoke":false}]`;
    const requests = [1, 3, 5].map((id) => `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: ${spoilt(id).length}\r\n\r\n${spoilt(id)}`);
    const client = await RawClient.open(proxy.port);
    client.socket.end(requests.join(''));
    expect(statusesIn(await client.end())).toEqual([202, 202, 202]);
    expect(taken().map(({ key, value }) => [key, (JSON.parse(value) as { id: number }).id])).toEqual(
      [1, 2, 3, 4, 5, 6].map((id) => [id, id]),
    );
  });

  it('is answered 207 with warnings where another member is refused', async () => {
    const answer = await proxy.post('/entry', `[{"id":-1},{"id":8,"motion":true,"smoke":"","temperature":20,"maxTemperature":30}]`);
    expect(answer.status).toBe(207);
    expect(answer.json()).toEqual({
      accepted: 1,
      rejected: [{ index: 0, error: expect.any(String) }],
      warnings: [{ index: 1, field: 'smoke', warning: expect.any(String) }],
    });
  });

  it('is answered with a hundred warnings at most, and how many more there are', async () => {
    const answer = await proxy.post('/entry', `[${Array.from({ length: 60 }, (_, id) => `{"id":${id},"motion":1,"smoke":0}`)}]`);
    const { accepted, warnings, warningsOmitted } = answer.json() as { accepted: number; warnings: unknown[]; warningsOmitted: number };
    expect([answer.status, accepted, warnings.length, warningsOmitted]).toEqual([202, 60, 100, 20]);
  });

  it('has none for what is absent of `at` and `seq`, nor for a recovery, of which only the id matters', async () => {
    expect((await proxy.post('/entry', whole(1))).text).toBe('{"accepted":1}');
    for (const body of ['{"id":"9"}', '{"id":9,"motion":nan,"smoke":null,"at":"","seq":-1}', '{"id":9,"temperature":,"x":"\t"}']) {
      expect((await proxy.post('/ok', body)).text).toBe('{"accepted":1}');
      expect(isJson(proxy.log.all('OK').at(-1)?.value ?? '')).toBe(true);
    }
  });
});

describe('a member that can not be read', () => {
  const BROKEN = [
    '{"id":1,"x":"quote}',
    '{"id":1,"x":quote"}',
    '{"id":"1,"motion":true}',
    '{"id":1,"motion":true',
    '{"id":1,"x":{"y":1}',
    '{"id":1,"x":[1,2}',
    '{"id":1,"x":[{"a":1},{"b":2}',
    '"id":1,"motion":true}',
    'nan',
    'x"',
    '{"id":1,"x":"},{"id":1,"y":"}',
    '{"id":1,"x":"}","motion":',
    '',
  ];

  // The member itself may be accepted, if only a field is wrong.
  it.each(BROKEN)('affects no other member: %s', async (broken) => {
    for (const members of [
      [broken, whole(2), whole(3)],
      [whole(2), broken, whole(3)],
      [whole(2), broken, broken, whole(3)],
      [broken, whole(2), broken, whole(3)],
    ]) {
      entries = proxy.log.all('ENTRY').length;
      const answer = await proxy.post('/entry', `[${members.join(',')}]`);
      expect([202, 207]).toContain(answer.status);
      expect(idsTaken().filter((id) => id !== 1)).toEqual([2, 3]);
      entries = proxy.log.all('ENTRY').length;
      await proxy.post('/entry', members.join('\n'), NDJSON);
      expect(idsTaken().filter((id) => id !== 1)).toEqual([2, 3]);
    }
  });

  it('does not affect the members before it: an array that was cut off', async () => {
    const body = `[${whole(1)},${whole(2)},${whole(3)}]`;
    for (let length = whole(1).length + 1; length < body.length; length += 1) {
      entries = proxy.log.all('ENTRY').length;
      const answer = await proxy.post('/entry', body.slice(0, length));
      const before = [1, 2, 3].filter((id) => body.indexOf(whole(id)) + whole(id).length <= length);
      expect([answer.status, idsTaken()]).toEqual([207, before]);
      expect(answer.text).toContain("it doesn't end");
    }
  });

  it('is told apart from what follows the array', async () => {
    const answer = await proxy.post('/entry', `[${whole(1)}] x`);
    expect([answer.status, answer.json(), idsTaken()]).toEqual([
      207,
      { accepted: 1, rejected: [{ index: 1, error: 'not a JSON array: something follows its end' }] },
      [1],
    ]);
  });

  it('never affects members before it, nor intact ones after it, whatever byte is changed', { timeout: 60_000 }, async () => {
    const members = [whole(11), whole(12), whole(13), whole(14)];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: whole(12).length - 2 }),
        fc.constantFrom(...'"{}[],:\\ x\0\n\t'),
        async (at, character) => {
          const changed = members.map((member, i) => (i === 1 ? member.slice(0, at) + character + member.slice(at + 1) : member));
          entries = proxy.log.all('ENTRY').length;
          await proxy.post('/entry', `[${changed}]`);
          const ids = idsTaken();
          expect(ids[0]).toBe(11);
          expect(ids.slice(-2)).toEqual([13, 14]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is looked at again a hundred times in a body, not for ever', async () => {
    for (const member of ['{"x":"a{', '{"', '{{{{']) {
      const answer = await proxy.post('/entry', `[${whole(1)},${Array.from({ length: 5_000 }, () => member)}]`);
      const { accepted, rejected } = answer.json() as { accepted: number; rejected: unknown[] };
      expect([answer.status, accepted]).toEqual([207, 1]);
      expect(rejected.length).toBeLessThan(110);
    }
  });
});

describe('a proxy that knows other types', () => {
  let own: TestProxy;
  beforeAll(async () => {
    const types = withTypes(typeWhen('water', 'water'), typeWhen('gas', 'co > limit', { expected: true }));
    own = await testProxy({}, { types });
  });
  afterAll(() => own.stop());
  const warned = async (body: string): Promise<unknown> => {
    const answer = await own.post('/entry', body);
    expect(answer.status).toBe(202);
    return ((answer.json() as { warnings?: { field: string; warning: string }[] }).warnings ?? []).map(
      ({ field, warning }) => `${field} ${warning}`,
    );
  };
  const saying = (more: string): string => whole(7).replace('}', `,${more}}`);

  it('accepts what they read, and keeps it unchanged', async () => {
    const body = saying('"water":true,"co":12.5,"limit":50');
    expect(await warned(body)).toEqual([]);
    expect(own.log.all('ENTRY').at(-1)?.value).toBe(body);
  });

  it('warns of what can not be read, and of what every sensor should report', async () => {
    expect(await warned(saying('"water":"wet","co":1,"limit":5'))).toEqual(['water unreadable: water raises no alarm']);
    expect(await warned(saying('"co":1'))).toEqual(['limit not reported: gas raises no alarm']);
    expect(await warned(whole(7))).toEqual(['co not reported: gas raises no alarm', 'limit not reported: gas raises no alarm']);
    expect(await warned('[{"id":7,"water":false,"co":nan,"limit":5}]')).toEqual([
      'motion not reported: motion raises no alarm',
      'smoke not reported: smoke raises no alarm',
      'temperature not reported: heat raises no alarm',
      'maxTemperature not reported: heat raises no alarm',
      'co unreadable: gas raises no alarm',
    ]);
  });

  it('stores repaired statuses with the fields that they read, on every path', async () => {
    const spoilt = `{"id":7,"water":True,"co":12,5,"limit":50,"name":"${'\u0001'.repeat(1_500)}"}`;
    for (const [path, type] of [
      ['/entry', 'application/json'],
      ['/topics/ENTRY/messages', 'text/plain'],
    ] as const) {
      expect((await own.post(path, spoilt, { 'content-type': type })).status).toBeLessThan(300);
      expect(own.log.all('ENTRY').at(-1)).toMatchObject({ key: 7, value: '{"id":7,"water":true,"co":12.5,"limit":50}' });
    }
  });

  it('takes a recovery whatever their fields hold', async () => {
    expect((await own.post('/ok', '{"id":7,"water":"wet","co":[]}')).text).toBe('{"accepted":1}');
    expect(own.log.all('OK').at(-1)).toMatchObject({ key: 7, value: '{"id":7,"water":"wet","co":[]}' });
  });
});

it('takes a body that was sent with the zeros of its buffer', async () => {
  for (const [path, type, body] of [
    ['/entry', 'application/json', whole(1)],
    ['/entry', 'application/json', `[${whole(1)},${whole(1)}]\n`],
    ['/entry', 'application/x-ndjson', `${whole(1)}\n`],
    ['/topics/ENTRY/messages', 'text/plain', whole(1)],
  ] as const) {
    const answer = await proxy.post(path, `${body}\0\0\0`, { 'content-type': type });
    expect([200, 202]).toContain(answer.status);
    expect(taken().at(-1)?.value).toBe(whole(1));
  }
});
