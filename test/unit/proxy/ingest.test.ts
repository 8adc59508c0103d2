import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NOW, RECOVERY, STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const status = (id: number): string => `{"id":${id},"motion":false,"smoke":false,"temperature":20,"maxTemperature":30}`;

describe('POST /entry and /ok', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({ TOCSIN_INGEST_BATCH_MAX: '100', TOCSIN_INGEST_BODY_MAX: '64KiB' });
  });
  afterAll(() => proxy.stop());
  let entries: number;
  beforeEach(() => {
    entries = proxy.log.all('ENTRY').length;
  });
  const taken = () => proxy.log.all('ENTRY').slice(entries);

  it('takes one status: 202, its bytes as they came, key = id, time = receive time', async () => {
    const answer = await proxy.post('/entry', ` ${STATUS}\n`);
    expect([answer.status, answer.text]).toEqual([202, '{"accepted":1}']);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(taken()).toEqual([{ key: 42_959, at: NOW, value: STATUS }]);
  });

  it('takes values that are strings, and keeps fields it does not know', async () => {
    const value = '{"id":"7","motion":"true","smoke":"false","temperature":"25.5","maxTemperature":"30.0","firmware":"é"}';
    expect((await proxy.post('/entry', value)).status).toBe(202);
    expect(taken()).toEqual([{ key: 7, at: NOW, value }]);
  });

  it('takes an array', async () => {
    const answer = await proxy.post('/entry', `[${status(1)} , ${status(2)}\n,${status(3)}]`);
    expect([answer.status, answer.text]).toEqual([202, '{"accepted":3}']);
    expect(taken().map(({ value }) => value)).toEqual([1, 2, 3].map(status));
  });

  it('takes NDJSON, with blank lines and without a last line end', async () => {
    const answer = await proxy.post('/entry', `${status(1)}\r\n\n${status(2)}`, { 'content-type': 'application/x-ndjson; charset=utf-8' });
    expect([answer.status, answer.text]).toEqual([202, '{"accepted":2}']);
    expect(taken().map(({ key }) => key)).toEqual([1, 2]);
  });

  it('takes a missing Content-Type for JSON', async () => {
    expect((await proxy.post('/entry', Buffer.from(STATUS), {})).status).toBe(202);
  });

  it('takes a recovery, or a whole status, on /ok', async () => {
    expect((await proxy.post('/ok', RECOVERY)).text).toBe('{"accepted":1}');
    expect((await proxy.post('/ok', `[${RECOVERY},${STATUS}]`)).text).toBe('{"accepted":2}');
    // The clock of this test doesn't move, and the sensor has reported before.
    expect(proxy.log.all('OK')).toEqual([RECOVERY, RECOVERY, STATUS].map((value) => ({ key: 42_959, at: NOW + 1, value })));
    expect(taken()).toEqual([]);
  });

  it('ignores a query', async () => {
    expect((await proxy.post('/entry?from=panel', STATUS)).status).toBe(202);
  });

  it('answers 207 and takes the valid members', async () => {
    const answer = await proxy.post('/entry', `[${status(1)},{"id":-1},${status(2)},17]`);
    expect(answer.status).toBe(207);
    expect(answer.json()).toEqual({
      accepted: 2,
      rejected: [
        { index: 1, error: 'id must be a whole number from 0 to 2147483647' },
        { index: 3, error: 'must be a JSON object' },
      ],
    });
    expect(taken().map(({ key }) => key)).toEqual([1, 2]);
  });

  it('answers 207 for NDJSON with a broken line', async () => {
    const answer = await proxy.post('/entry', `${status(1)}\n{"id":\n${status(2)}\n`, NDJSON);
    expect([answer.status, answer.json()]).toEqual([207, { accepted: 2, rejected: [{ index: 1, error: 'not valid JSON' }] }]);
  });

  it('answers 400 in the same form when nothing is valid', async () => {
    const answer = await proxy.post('/entry', '[{"id":-1},{}]');
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      accepted: 0,
      rejected: [
        { index: 0, error: 'id must be a whole number from 0 to 2147483647' },
        { index: 1, error: 'id is missing' },
      ],
    });
    expect(taken()).toEqual([]);
  });

  it.each([
    ['nothing', '', 'the body is empty'],
    ['white space', ' \n ', 'the body is empty'],
    ['an empty array', '[ ]', 'the array is empty'],
    ['no JSON', 'motion!', 'not valid JSON'],
    ['a number', '17', 'must be a JSON object'],
    ['two objects', STATUS + STATUS, 'not valid JSON'],
  ])('answers 400 for %s', async (_, body, error) => {
    const answer = await proxy.post('/entry', body);
    expect([answer.status, answer.json()]).toEqual([400, { accepted: 0, rejected: [{ index: 0, error }] }]);
  });

  it('rejects a record that is too long', async () => {
    const answer = await proxy.post('/entry', `[{"id":1,"x":"${'x'.repeat(5_000)}"}]`);
    expect([answer.status, answer.json()]).toEqual([400, { accepted: 0, rejected: [{ index: 0, error: 'longer than 4096 bytes' }] }]);
  });

  it('answers 413 for too many records, and takes none', async () => {
    const answer = await proxy.post('/entry', `[${Array.from({ length: 101 }, (_, id) => status(id))}]`);
    expect([answer.status, answer.json()]).toEqual([413, { error: 'more than 100 records in one request' }]);
    expect(taken()).toEqual([]);
    expect((await proxy.post('/entry', `[${Array.from({ length: 100 }, (_, id) => status(id))}]`)).text).toBe('{"accepted":100}');
  });

  it('answers 413 for a body that is too large', async () => {
    const answer = await proxy.post('/entry', 'x'.repeat(65 * 1024));
    expect([answer.status, answer.json()]).toEqual([413, { error: 'the body is larger than 65536 bytes' }]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16', 'application/xml', 'json', '*/*'])(
    'answers 415 for Content-Type "%s", and says what it takes',
    async (type) => {
      const answer = await proxy.post('/entry', STATUS, { 'content-type': type });
      expect([answer.status, answer.json(), answer.headers.get('accept')]).toEqual([
        415,
        { error: 'the Content-Type must be application/json or application/x-ndjson, in UTF-8' },
        'application/json, application/x-ndjson',
      ]);
    },
  );

  it.each([
    '',
    'application/JSON',
    'application/json;',
    'application/json;charset="UTF-8"',
    'application/json; charset=ISO-8859-1',
    'application/json; odata=verbose; charset=windows-1252',
    'text/json',
    'application/vnd.panel.v2+json',
  ])('takes JSON of Content-Type "%s"', async (type) => {
    expect((await proxy.post('/entry', `[${STATUS},${STATUS}]`, { 'content-type': type })).text).toBe('{"accepted":2}');
  });

  it.each(['application/x-ndjson', 'application/ndjson; charset=utf-8', 'application/jsonl', 'application/x-jsonlines'])(
    'takes lines of Content-Type "%s"',
    async (type) => {
      expect((await proxy.post('/entry', `${STATUS}\n${STATUS}\n`, { 'content-type': type })).text).toBe('{"accepted":2}');
    },
  );

  it.each(['gzip', 'deflate', 'br', 'x-gzip', 'gzip, identity'])(
    'answers 415 for a body in %s, and says that none will do',
    async (coding) => {
      const answer = await proxy.post('/entry', STATUS, { 'content-type': 'application/json', 'content-encoding': coding });
      expect([answer.status, answer.json(), answer.headers.get('accept-encoding')]).toEqual([
        415,
        { error: 'the body must not be compressed (Content-Encoding)' },
        'identity',
      ]);
    },
  );

  it('takes a body that is said not to be compressed', async () => {
    for (const coding of ['identity', 'Identity', ''])
      expect((await proxy.post('/entry', STATUS, { 'content-type': 'application/json', 'content-encoding': coding })).text).toBe(
        '{"accepted":1}',
      );
  });

  it('loses nothing to a byte order mark', async () => {
    const mark = '\uFEFF';
    expect((await proxy.post('/entry', `${mark}[${status(1)},${status(2)}]`)).text).toBe('{"accepted":2}');
    expect((await proxy.post('/entry', `${mark}${status(3)}`)).text).toBe('{"accepted":1}');
    expect((await proxy.post('/entry', `${mark}${status(4)}\n${status(5)}`, NDJSON)).text).toBe('{"accepted":2}');
    expect((await proxy.post('/ok', `${mark}[${RECOVERY}]`)).text).toBe('{"accepted":1}');
    expect(taken().map(({ value }) => value)).toEqual([1, 2, 3, 4, 5].map(status));
  });

  it.each(['\uFEFF', ''])('says so where a body is UTF-16 ("%s")', async (mark) => {
    const little = Buffer.from(mark + STATUS, 'utf16le');
    for (const body of [little, Buffer.from(little).swap16()]) {
      const answer = await proxy.post('/entry', body);
      expect([answer.status, answer.json()]).toEqual([
        400,
        { accepted: 0, rejected: [{ index: 0, error: 'the body must be UTF-8, and looks like UTF-16' }] },
      ]);
    }
  });

  it('counts what it took and what it refused', async () => {
    const counted = await testProxy();
    await counted.post('/entry', `[${status(1)},{"id":-1},${status(2)}]`);
    await counted.post('/ok', RECOVERY);
    await counted.post('/entry', 'x');
    const text = await (await fetch(`${counted.url}/metrics`)).text();
    for (const line of [
      'tocsin_ingest_records_total{topic="ENTRY",outcome="accepted"} 2',
      'tocsin_ingest_records_total{topic="ENTRY",outcome="rejected"} 2',
      'tocsin_ingest_records_total{topic="OK",outcome="accepted"} 1',
      'tocsin_ingest_requests_total{path="entry",status="2xx"} 1',
      'tocsin_ingest_requests_total{path="entry",status="4xx"} 1',
      'tocsin_ingest_queue_bytes 0',
      'tocsin_ingest_commit_seconds_count 2',
    ])
      expect(text).toContain(`${line}\n`);
    await counted.stop();
  });
});
