import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, RECOVERY, STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';

const ENTRY = '/topics/ENTRY/messages';

describe("kafka-pixy's API", () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy();
  });
  afterAll(() => proxy.stop());

  it('answers {} and has the record in the log', async () => {
    const answer = await proxy.post(`${ENTRY}?key=42959`, STATUS);
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([200, '{}', 'application/json']);
    expect(proxy.log.all('ENTRY').at(-1)).toMatchObject({ key: 42_959, value: STATUS });
  });

  it('answers only once the record is durable, sync or not', async () => {
    for (const query of ['', '?sync']) {
      proxy.log.hold();
      let answered = false;
      const answer = proxy.post(ENTRY + query, STATUS).then((result) => {
        answered = true;
        return result;
      });
      const before = proxy.log.appends.length;
      while (proxy.log.appends.length === before) await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      proxy.log.release();
      expect((await answer).status).toBe(200);
    }
  });

  it('names partition and offset when sync is present, whatever its value', async () => {
    for (const query of ['sync', 'sync=false', 'key=42959&sync=']) {
      const offset = proxy.log.all('ENTRY').length;
      expect((await proxy.post(`${ENTRY}?${query}`, STATUS)).text).toBe(`{\n  "partition": 0,\n  "offset": ${offset}\n}`);
    }
  });

  it('names the right offset among others of the same moment', async () => {
    const singles = Array.from({ length: 20 }, (_, id) => STATUS.replace('42959', String(id)));
    const answers = await Promise.all(singles.map((body, i) => proxy.post(i % 2 === 0 ? `${ENTRY}?sync` : '/entry', body)));
    const log = proxy.log.all('ENTRY');
    for (const [i, answer] of answers.entries()) if (i % 2 === 0) expect(log[(answer.json() as { offset: number }).offset]?.key).toBe(i);
  });

  it('takes text/plain, JSON of any kind, and a form', async () => {
    for (const type of ['text/plain', 'application/json', 'application/json; charset=utf-8', 'application/vnd.panel+json'])
      expect((await proxy.post(ENTRY, STATUS, { 'content-type': type })).text).toBe('{}');
    const form = new URLSearchParams({ msg: STATUS, key: '42959', sync: '' }).toString();
    const answer = await proxy.post(ENTRY, form, { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer.json()).toEqual({ partition: 0, offset: proxy.log.all('ENTRY').length - 1 });
    expect(proxy.log.all('ENTRY').at(-1)?.value).toBe(STATUS);
  });

  it.each(['key=7', 'key=', 'key=panel-42959', 'key=042959', 'key=%00', 'key=7&key=8', ''])(
    'keys a record by its id, whatever the key: "%s"',
    async (query) => {
      expect((await proxy.post(`${ENTRY}?${query}`, STATUS)).text).toBe('{}');
      expect(proxy.log.all('ENTRY').at(-1)).toMatchObject({ key: 42_959, value: STATUS });
      const form = `msg=${encodeURIComponent(STATUS)}&${query}`;
      expect((await proxy.post(ENTRY, form, { 'content-type': 'application/x-www-form-urlencoded' })).text).toBe('{}');
      expect(proxy.log.all('ENTRY').at(-1)?.key).toBe(42_959);
    },
  );

  it.each(['default', 'kafka.eu-1', '%7e', 'ENTRY'])('takes records for a cluster of any name: %s', async (cluster) => {
    expect((await proxy.post(`/clusters/${cluster}${ENTRY}?key=42959`, STATUS)).text).toBe('{}');
    expect((await proxy.post(`/clusters/${cluster}/topics/OK/messages?sync`, RECOVERY)).json()).toMatchObject({ partition: 0 });
    expect(proxy.log.all('ENTRY').at(-1)?.value).toBe(STATUS);
    expect(proxy.log.all('OK').at(-1)?.value).toBe(RECOVERY);
    const unknown = await proxy.post(`/clusters/${cluster}/topics/ALARM/messages`, STATUS);
    expect([unknown.status, unknown.json()]).toEqual([404, { error: 'Unknown topic' }]);
  });

  it('takes recoveries on OK', async () => {
    expect((await proxy.post('/topics/OK/messages', RECOVERY)).text).toBe('{}');
    expect(proxy.log.all('OK').at(-1)).toMatchObject({ key: 42_959, value: RECOVERY });
  });

  it.each([
    ['an unknown kind of content', ENTRY, STATUS, { 'content-type': 'application/xml' }, 'unsupported content type application/xml'],
    [
      'text with parameters',
      ENTRY,
      STATUS,
      { 'content-type': 'text/plain; charset=utf-8' },
      'unsupported content type text/plain; charset=utf-8',
    ],
    ['no message', ENTRY, '', { 'content-type': 'text/plain' }, 'empty message'],
    ['a form without msg', ENTRY, 'key=1', { 'content-type': 'application/x-www-form-urlencoded' }, 'empty message'],
    [
      'a header that is not base64',
      ENTRY,
      STATUS,
      { 'content-type': 'text/plain', 'x-kafka-foo': '?' },
      'Invalid base64 encoding for header: X-Kafka-Foo',
    ],
    ['a message that is no status', ENTRY, '{"smoke":true}', { 'content-type': 'application/json' }, 'id is missing'],
  ])('answers 400 for %s', async (_, path, body, headers, error) => {
    const before = proxy.log.all('ENTRY').length;
    const answer = await proxy.post(path, body, headers as Record<string, string>);
    expect([answer.status, answer.text]).toEqual([400, `{\n  "error": ${JSON.stringify(error)}\n}`]);
    expect(proxy.log.all('ENTRY')).toHaveLength(before);
  });

  it('takes headers that are base64', async () => {
    expect((await proxy.post(ENTRY, STATUS, { 'content-type': 'text/plain', 'x-kafka-trace': 'YWJj' })).text).toBe('{}');
  });

  it('wants a Content-Length', async () => {
    const client = await RawClient.open(proxy.port);
    client.send(`POST ${ENTRY} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`);
    expect(await client.until(/\}$/)).toContain('{\n  "error": "missing Content-Length header"\n}');
    client.destroy();
  });

  it('knows no other topics', async () => {
    for (const topic of ['ALARM', 'ACTION', 'entry', '__consumer_offsets']) {
      const answer = await proxy.post(`/topics/${topic}/messages`, STATUS);
      expect([answer.status, answer.text]).toEqual([404, '{\n  "error": "Unknown topic"\n}']);
    }
  });

  it('answers a ping', async () => {
    const response = await fetch(`${proxy.url}/_ping`);
    expect([response.status, await response.text()]).toEqual([200, 'pong']);
  });
});
