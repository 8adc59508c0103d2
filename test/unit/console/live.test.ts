import { get } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ServerEvent, EventParser } from '../../../page/sse.ts';
import { BYTES_PER_PLACE } from '../../../console/live/places.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { clientOf } from '../../support/alarms.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let on: TestConsole;
let closers: (() => void)[] = [];
beforeEach(async () => {
  on = await startTestConsole({ clients: [clientOf({ id: 1 }), clientOf({ id: 2, name: 'Bea' })] });
});
afterEach(async () => {
  for (const close of closers) close();
  closers = [];
  await on.stop();
});

interface Listener {
  readonly status: number;
  readonly events: ServerEvent[];
  readonly text: () => string;
  close(): void;
}

function listen(token = OPERATOR_TOKEN, lastEventId?: string): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
    const request = get(`${on.console.url}/api/live`, { headers }, (response) => {
      const parser = new EventParser();
      const events: ServerEvent[] = [];
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        events.push(...parser.push(chunk));
      });
      response.on('error', () => undefined);
      closers.push(() => request.destroy());
      resolve({ status: response.statusCode ?? 0, events, text: () => text, close: () => request.destroy() });
    });
    request.on('error', reject);
  });
}

const named = ({ events }: Listener, name: string) => events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
const until = (listener: Listener, wanted: (listener: Listener) => boolean) => eventually(async () => listener, wanted);

/** The console beats when the test says so, instead of every few seconds. */
async function startWithHeldBeats(): Promise<void> {
  await on.stop();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  on = await startTestConsole();
}
const untilBeat = (listener: Listener, wanted: (listener: Listener) => boolean) =>
  eventually(async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    return listener;
  }, wanted);

describe('GET /api/live', () => {
  it('tells of an alarm at once, then where it is and the state of its sensor', async () => {
    const listener = await listen();
    await until(listener, ({ events }) => events.length > 0);
    expect(named(listener, 'snapshot')).toMatchObject([
      { alarms: [], states: [], open: { total: 0, byType: { motion: 0, smoke: 0, temperature: 0 } } },
    ]);
    // The places are read a moment after the start, and then sent to everybody.
    await until(listener, (now) => named(now, 'beat').some(({ places }) => places?.count === 2));
    await on.report(1);
    await until(listener, (now) => named(now, 'states').length > 0);
    const [raised, located] = named(listener, 'alarm');
    expect(raised).toMatchObject({ event: 'raised', alarm: { sensor: 1, type: 'motion', state: 'ACTIVE_UNACK', region: '' } });
    expect(located).toMatchObject({ event: 'located', alarm: { id: raised.alarm.id, region: 'UK', client: { name: 'Ann Ahmed-Çelik' } } });
    // Active, MINOR, unacknowledged, of the first type.
    expect(named(listener, 'states')).toEqual([{ states: [1, 0b1_01_1_000001] }]);
  });

  it('resumes by Last-Event-ID without a snapshot', async () => {
    const first = await listen();
    await on.report(1);
    await until(first, (now) => named(now, 'alarm').length > 0);
    const last = first.events.findLast(({ id }) => id !== undefined)?.id;
    first.close();
    await on.report(2);
    const second = await listen(OPERATOR_TOKEN, last);
    await until(second, (now) => named(now, 'alarm').some(({ alarm }) => alarm.sensor === 2));
    expect(named(second, 'snapshot')).toEqual([]);
  });

  it('is over with its connection, even one that still waits for the answer before it', async () => {
    const { port } = new URL(on.console.url);
    const request = `GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`;
    const statuses = async (streams: number) => {
      const listeners = await Promise.all(Array.from({ length: streams }, () => listen()));
      for (const { close } of listeners) close();
      return listeners.map(({ status }) => status);
    };
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.write(request.repeat(4));
    await eventually(
      () => statuses(1),
      ([status]) => status === 429,
    );
    socket.destroy();
    const allBegin = (all: readonly number[]) => all.every((status) => status === 200);
    await eventually(() => statuses(4), allBegin);
    // The console itself closes this one, before all of them have begun.
    connect(Number(port), '127.0.0.1')
      .on('error', () => undefined)
      .write(request.repeat(30));
    await eventually(() => statuses(4), allBegin);
  });

  it('keeps clients from viewers, in what is live and in the snapshot', async () => {
    await on.report(1);
    const early = await listen(VIEWER_TOKEN);
    await until(early, ({ events }) => events.length > 0);
    await on.report(2);
    await until(early, (now) => named(now, 'alarm').some(({ event, alarm }) => event === 'located' && alarm.sensor === 2));
    expect(early.text()).not.toMatch(/Ann|Bea|Leeds/);
  });

  it('counts open alarms in every beat, and says how far detection is behind and how long nothing has come', async () => {
    await startWithHeldBeats();
    await on.report(1);
    await on.report(2, { smoke: true } as object as { motion: boolean });
    const listener = await listen();
    const beats = () => named(listener, 'beat').filter(({ open }) => open.total > 0);
    await untilBeat(listener, () => beats().length > 1 && typeof beats().at(-1).detection.behindMs === 'number');
    expect(beats().at(-1)).toMatchObject({
      open: { total: 1, byType: { motion: 1, smoke: 0, temperature: 0 }, active: { motion: 1 }, unacknowledged: { motion: 1 } },
      log: { lastStatusMs: expect.any(Number), problem: null },
    });
    expect(beats().at(-1).detection.behindMs).toBeLessThan(10_000);
  });

  it('beats although the log does not answer', async () => {
    await startWithHeldBeats();
    on.log.progress = () => new Promise(() => undefined);
    const listener = await listen();
    await untilBeat(listener, (now) => named(now, 'beat').length > 1);
  });

  it('refuses a fifth stream in words', async () => {
    for (let i = 0; i < 4; i += 1) expect((await listen()).status).toBe(200);
    expect(await call(on, '/api/live')).toMatchObject({ status: 429, json: { error: expect.stringContaining('4 live streams') } });
  });

  it('sends an event only once if it comes again, as after a restart of its writer', async () => {
    const listener = await listen();
    await on.report(1);
    await until(listener, (now) => named(now, 'alarm').length > 0);
    for (const { key, at, value } of on.log.all('ALARM')) {
      await on.log.append('ALARM', oneRecord(key, value), at);
    }
    await on.report(2);
    await until(listener, (now) => named(now, 'alarm').some(({ alarm }) => alarm.sensor === 2));
    expect(named(listener, 'alarm').filter(({ event }) => event === 'raised')).toHaveLength(2);
    expect(named(listener, 'alarm').filter(({ event }) => event === 'located').length).toBeLessThanOrEqual(2);
  });

  it('skips records of topic ALARM that it cannot read', async () => {
    const listener = await listen();
    for (const text of ['not json', 'null', '[]', '{"event":"raised","at":1}', '{"event":"raised","at":1,"alarm":{"id":"x"}}']) {
      await on.log.append('ALARM', oneRecord(1, text), 1);
    }
    await on.report(2);
    await until(listener, (now) => named(now, 'alarm').length > 0);
    expect(on.health.problems()).toEqual({});
  });
});

describe('GET /api/places/{hash}', () => {
  it('gives the places of the hash that the stream tells, and no browser keeps them beyond the session', async () => {
    const listener = await listen();
    // The map is read a moment after the start.
    await until(listener, (now) => named(now, 'beat').length > 0);
    const [{ places }] = named(listener, 'beat');
    const { status, headers, text } = await call(on, `/api/places/${places.hash}`);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(text.length).toBeGreaterThan(0);
    expect(Number(headers.get('content-length') ?? 2 * BYTES_PER_PLACE)).toBe(2 * BYTES_PER_PLACE);
    expect((await call(on, '/api/places/0123456789012345678901')).status).toBe(404);
  });
});
