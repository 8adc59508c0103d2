import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { alarmPage, conflict, countsAnswer, sensorAnswer, sensorsAnswer, wholeAlarm } from '../../../console/api/schemas.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { call, eventually, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let running: TestConsole[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const started = await startTestConsole(options);
  running.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

/** Shared by tests that leave nothing behind. */
let idle: TestConsole;
beforeAll(async () => {
  idle = await startTestConsole({ processor: false, archived: [archived({ id: 'standing', sensor: 5 })] });
});
afterAll(() => idle.stop());

/** Raises one alarm and waits until the API lists it. */
async function raised(on: TestConsole, sensor = 42_959) {
  await on.report(sensor);
  const { json } = await eventually(
    () => call(on, '/api/alarms'),
    ({ json: page }) => page.alarms.length > 0 && page.alarms[0].region !== '',
  );
  return json.alarms[0];
}

const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });

describe('GET /api/alarms', () => {
  it('lists an alarm as soon as it is in the log, completed with its place and the name of its client', async () => {
    const on = await start();
    const alarm = await raised(on);
    expect(alarm).toMatchObject({
      sensor: 42_959,
      type: 'motion',
      state: 'ACTIVE_UNACK',
      severity: 'MINOR',
      version: 1,
      clearedAt: null,
      acknowledgedAt: null,
      region: 'UK',
      geohash: 'gcwfhf0kz',
      client: { name: 'Ann Ahmed-Çelik', city: 'Leeds', country: 'GB' },
    });
    expect(new Date(alarm.raisedAt).toISOString()).toBe(alarm.raisedAt);
    alarmPage.parse((await call(on, '/api/alarms')).json);
  });

  it('lists active alarms by default, cleared ones that nobody acknowledged as open, closed ones under all', async () => {
    const on = await start();
    await raised(on);
    await on.recover(42_959);
    const cleared = await eventually(
      () => call(on, '/api/alarms?state=open'),
      ({ json }) => json.alarms[0]?.state === 'CLEARED_UNACK',
    );
    expect((await call(on, '/api/alarms?state=active')).json.alarms).toEqual([]);
    const [{ id, version }] = cleared.json.alarms;
    expect((await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } })).json.state).toBe('CLEARED_ACK');
    expect((await call(on, '/api/alarms?state=open')).json.alarms).toEqual([]);
    expect((await call(on, '/api/alarms?state=all')).json.alarms).toMatchObject([{ id, state: 'CLEARED_ACK' }]);
  });

  it('pages through archive and memory without leaving out or repeating any, at equal times too', async () => {
    const closed = Array.from({ length: 23 }, (_, i) =>
      archived({ id: `closed-${i}`, sensor: i, state: 'CLEARED_ACK', version: 3, raisedAt: NOON + Math.floor(i / 4) }),
    );
    const open = Array.from({ length: 9 }, (_, i) => archived({ id: `open-${i}`, sensor: 100 + i, raisedAt: NOON + i }));
    const on = await start({ processor: false, archived: [...closed, ...open.slice(0, 4)] });
    for (const { region: _, geohash: __, ...alarm } of open.slice(4)) await publish(on, { event: 'raised', at: alarm.raisedAt, alarm });
    await eventually(
      () => call(on, '/api/alarms?state=active'),
      ({ json }) => json.alarms.length === 9,
    );
    for (const limit of [1, 3, 7, 32, 100]) {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { json } = await call(on, `/api/alarms?state=all&limit=${limit}${cursor && `&cursor=${cursor}`}`);
        expect(json.alarms.length).toBeLessThanOrEqual(limit);
        seen.push(...json.alarms.map((alarm: { id: string }) => alarm.id));
        cursor = json.cursor;
      }
      expect([...seen].sort()).toEqual([...closed, ...open].map(({ id }) => id).sort());
    }
  });

  it('filters by type, region and time', async () => {
    const on = await start({
      processor: false,
      archived: [
        archived({ id: 'one', raisedAt: NOON }),
        archived({ id: 'two', type: 'motion', sensor: 2, raisedAt: NOON + 1_000 }),
        { ...archived({ id: 'three', sensor: 3, raisedAt: NOON + 2_000, state: 'CLEARED_ACK' }), region: 'Africa' },
      ],
    });
    const ids = async (query: string) => (await call(on, `/api/alarms?${query}`)).json.alarms.map((alarm: { id: string }) => alarm.id);
    expect(await ids('type=motion')).toEqual(['two']);
    expect(await ids('state=all&region=Africa')).toEqual(['three']);
    expect(await ids(`state=all&from=${new Date(NOON + 1_000).toISOString()}`)).toEqual(['three', 'two']);
    expect(await ids(`state=all&to=${new Date(NOON + 1_000).toISOString()}`)).toEqual(['one']);
    expect(await ids('state=ACTIVE_UNACK&limit=1')).toEqual(['two']);
  });

  it.each([
    'state=open,active',
    'type=fire',
    'limit=0',
    'limit=1001',
    'limit=1e3',
    'from=yesterday',
    'cursor=nonsense',
    'cursor=WzEsMl0',
    'page=2',
    'type=motion&type=smoke',
  ])('says what is wrong with ?%s', async (query) => {
    const { status, json } = await call(idle, `/api/alarms?${query}`);
    expect(status).toBe(400);
    expect(json.error).toMatch(new RegExp(query.split('=')[0] ?? ''));
  });
});

/** Writes an event into topic ALARM without the processor. */
async function publish(on: TestConsole, event: { at: number; alarm: { sensor: number } } & Record<string, unknown>): Promise<void> {
  await on.log.append(
    'ALARM',
    oneRecord(event.alarm.sensor, JSON.stringify({ cause: { topic: 'ENTRY', partition: 0, offset: 1 }, ...event })),
    event.at,
  );
}

describe('GET /api/alarms/{id}', () => {
  it('shows evidence, custody and the client to operators, and no client to viewers', async () => {
    const on = await start();
    const { id } = await raised(on);
    await on.archive.put([], [{ alarm: id, entry: { key: 'm', at: NOON, kind: 'mailed', messageId: '<a@b>', reply: '250 ok' } }]);
    const { json } = await call(on, `/api/alarms/${id}`);
    expect(wholeAlarm.parse(json).evidence).toHaveLength(1);
    expect(JSON.parse(json.evidence[0].value)).toMatchObject({ id: 42_959, motion: true });
    expect(json.custody).toContainEqual({ at: new Date(NOON).toISOString(), kind: 'mailed', messageId: '<a@b>', reply: '250 ok' });
    expect(json.custody.map(({ kind }: { kind: string }) => kind)).toEqual(['mailed', 'accepted', 'raised']);
    expect(json.client).toEqual(clientOf());
    const seen = await call(on, `/api/alarms/${id}`, { token: VIEWER_TOKEN });
    expect(seen.text).not.toMatch(/Ann|Stroude|QQ123456C/);
    expect((await call(on, '/api/alarms', { token: VIEWER_TOKEN })).text).not.toContain('Ann');
  });

  it('shows the alarm although archive and directory are away, and says what is missing', async () => {
    const on = await start();
    const { id } = await raised(on);
    on.directory.fault = new TransientError('directory-away', 'no connection');
    on.archive.fault = new TransientError('archive-away', 'no connection');
    const { status, json } = await call(on, `/api/alarms/${id}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, client: null, problems: [expect.stringContaining('custody'), expect.stringContaining('client')] });
    expect((await call(on, '/api/alarms/other')).status).toBe(503);
  });

  it('answers 404 for an id that is unknown or none at all', async () => {
    expect((await call(idle, '/api/alarms/nothing')).status).toBe(404);
    expect((await call(idle, '/api/alarms/%3Cscript%3E')).status).toBe(404);
  });
});

describe('actions', () => {
  it('acknowledges, and tells the one who was second what has changed', async () => {
    const on = await start();
    const { id, version } = await raised(on);
    const both = await Promise.all([1, 2].map(() => call(on, `/api/alarms/${id}/acknowledge`, { body: { version } })));
    const [won, lost] = both.toSorted((a, b) => a.status - b.status);
    expect(won).toMatchObject({ status: 200, json: { state: 'ACTIVE_ACK', version: 2, acknowledgedBy: 'api' } });
    expect(lost).toMatchObject({ status: 409, json: { error: expect.stringContaining('changed since'), alarm: { id, version: 2 } } });
    conflict.parse(lost?.json);
    expect((await call(on, '/api/alarms')).json.alarms).toMatchObject([{ id, state: 'ACTIVE_ACK' }]);
  });

  it('takes notes and dispositions', async () => {
    const on = await start();
    const { id, version } = await raised(on);
    const noted = await call(on, `/api/alarms/${id}/note`, { body: { version, note: 'called the premises' } });
    const disposed = await call(on, `/api/alarms/${id}/disposition`, { body: { version: noted.json.version, disposition: 'false' } });
    expect(disposed.json).toMatchObject({ disposition: 'false', version: version + 2 });
    expect(disposed.json.custody.map(({ kind, by, note }: Record<string, string>) => [kind, by, note])).toEqual([
      ['accepted', undefined, undefined],
      ['raised', undefined, undefined],
      ['noted', 'api', 'called the premises'],
      ['disposed', 'api', 'false'],
    ]);
    const [note] = on.log.all('ACTION').map(({ value }) => JSON.parse(value));
    expect(note).toMatchObject({ alarm: id, sensor: 42_959, kind: 'note', by: 'api', note: 'called the premises', version });
  });

  it.each([
    ['acknowledge', {}, /version/],
    ['acknowledge', { version: '1' }, /version/],
    ['note', { version: 1 }, /note/],
    ['note', { version: 1, note: '   ' }, /note/],
    ['disposition', { version: 1, disposition: 'fire' }, /disposition/],
    ['acknowledge', { version: 1, by: 'someone else' }, /by/],
    ['acknowledge', [], /object/],
  ])('refuses %s with %j', async (action, body, reason) => {
    const { status, json } = await call(idle, `/api/alarms/standing/${action}`, { body });
    expect(status).toBe(400);
    expect(json.error).toMatch(reason);
    expect(idle.log.all('ACTION')).toEqual([]);
  });

  it('answers 404, 413, 415 and broken JSON in plain words', async () => {
    const [on, id] = [idle, 'standing'];
    expect((await call(on, '/api/alarms/none/acknowledge', { body: { version: 1 } })).status).toBe(404);
    expect((await call(on, `/api/alarms/${id}/note`, { body: { version: 1, note: 'x'.repeat(17_000) } })).status).toBe(413);
    const asText = await call(on, `/api/alarms/${id}/note`, { body: 'version=1', headers: { 'content-type': 'text/plain' } });
    expect(asText).toMatchObject({ status: 415, json: { error: 'send application/json' } });
    expect((await call(on, `/api/alarms/${id}/note`, { body: '{"version":' })).status).toBe(400);
  });

  it('says that an action was not done when the log does not take it', async () => {
    const on = await start();
    const { id, version } = await raised(on);
    on.log.fault = new TransientError('disk-full', 'the disk is full');
    const { status, json } = await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } });
    expect(status).toBe(503);
    expect(json.error).toMatch(/not done.*disk is full/);
    on.log.fault = undefined;
  });

  it('says that the outcome is unknown when nobody answers in time', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'one' })], environment: { TOCSIN_CONSOLE_ANSWER: '20ms' } });
    const { status, json } = await call(on, '/api/alarms/one/acknowledge', { body: { version: 1 } });
    expect(status).toBe(504);
    expect(json.action).toBe(JSON.parse(on.log.all('ACTION')[0]?.value ?? '{}').id);
  });
});

describe('the start', () => {
  it('takes over where the archive has come to, and lets the log correct it', async () => {
    const first = await start();
    await first.report(1);
    await first.report(2);
    await eventually(
      () => call(first, '/api/alarms'),
      ({ json }) => json.alarms.length === 2,
    );
    await first.recover(2);
    await eventually(
      () => call(first, '/api/alarms'),
      ({ json }) => json.alarms.length === 1,
    );
    const [one, two] = first.log.all('ALARM').map(({ value }) => JSON.parse(value).alarm);
    const second = await startTestConsole({
      log: first.log,
      processor: false,
      archived: [archived(one), archived(two), archived({ id: 'old', sensor: 9, raisedAt: NOON })],
    });
    running.push(second);
    const { json } = await call(second, '/api/alarms?state=open');
    expect(json.alarms.map(({ sensor, state }: { sensor: number; state: string }) => `${sensor} ${state}`).sort()).toEqual([
      '1 ACTIVE_UNACK',
      '2 CLEARED_UNACK',
      '9 ACTIVE_UNACK',
    ]);
  });
});

describe('GET /api/sensors/{id}', () => {
  it('tells what is active, the latest alarms and the client', async () => {
    const on = await start();
    const alarm = await raised(on);
    const { json } = await call(on, '/api/sensors/42959');
    sensorAnswer.parse(json);
    expect(json).toMatchObject({
      id: 42_959,
      region: 'UK',
      active: ['motion'],
      since: alarm.raisedAt,
      alarms: [{ id: alarm.id }],
      client: clientOf(),
    });
    const seen = await call(on, '/api/sensors/42959', { token: VIEWER_TOKEN });
    expect(seen.json.client).toBeUndefined();
  });

  it('tells what is known although stores are away, and what it lacks', async () => {
    const on = await start();
    const alarm = await raised(on);
    on.directory.fault = new TransientError('directory-away', 'no connection');
    on.archive.fault = new TransientError('archive-away', 'no connection');
    const { status, json } = await call(on, '/api/sensors/42959');
    expect(status).toBe(200);
    expect(sensorAnswer.parse(json)).toMatchObject({ active: ['motion'], alarms: [{ id: alarm.id }], client: null });
    expect(json.problems).toEqual([expect.stringContaining('client'), expect.stringContaining('past alarms')]);
    // It can't be said that nothing is known about this one.
    expect((await call(on, '/api/sensors/7')).status).toBe(200);
  });

  it('answers 404 for a sensor of which nothing is known', async () => {
    const on = idle;
    expect((await call(on, '/api/sensors/7')).status).toBe(404);
    expect((await call(on, '/api/sensors/2147483648')).status).toBe(404);
    expect((await call(on, '/api/sensors/-1')).status).toBe(404);
  });
});

describe('GET /api/sensors?place=none', () => {
  it('pages through the sensors that no map can show, and says where an alarm is active', async () => {
    const nowhere = { latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' };
    const unplaced = [3, 42, 7, 100, 2_147_483_647];
    const on = await start({ clients: [clientOf({ id: 1 }), ...unplaced.map((id) => clientOf({ id, ...nowhere })), clientOf({ id: 8 })] });
    await on.report(42);
    const first = await eventually(
      () => call(on, '/api/sensors?place=none'),
      ({ json }) => json.sensors?.some(({ active }: { active: string[] }) => active.length > 0),
    );
    expect(sensorsAnswer.parse(first.json)).toMatchObject({
      sensors: [{ id: 3 }, { id: 7 }, { id: 42 }, { id: 100 }, { id: 2_147_483_647 }],
      total: 5,
      cursor: null,
    });
    const seen: { id: number; active: string[] }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await call(on, `/api/sensors?place=none&limit=2${cursor && `&cursor=${cursor}`}`, { token: VIEWER_TOKEN });
      seen.push(...json.sensors);
      cursor = json.cursor;
    }
    expect(seen.map(({ id }) => id)).toEqual([3, 7, 42, 100, 2_147_483_647]);
    expect(seen[2]?.active).toEqual(['motion']);
  });

  it.each(['', '?place=some', '?place=none&limit=0', '?place=none&cursor=x', '?place=none&cursor=-1'])(
    'refuses %j in words',
    async (query) => {
      const { status, json } = await call(idle, `/api/sensors${query}`);
      expect([status, json.error]).toEqual([400, expect.stringMatching(/place|limit|cursor/)]);
    },
  );
});

describe('GET /api/counts', () => {
  const minute = Date.UTC(2026, 0, 1, 12);
  it('adds up regions and partitions per minute and type', async () => {
    const on = idle;
    await on.history.writeCounts([
      { minute, type: 'smoke', region: 'UK', partition: 0, count: 2 },
      { minute, type: 'smoke', region: 'Africa', partition: 1, count: 3 },
      { minute: minute + 60_000, type: 'motion', region: 'UK', partition: 0, count: 1 },
    ]);
    const { json } = await call(on, '/api/counts?from=2026-01-01T12:00:30Z&to=2026-01-01T12:05:00Z');
    expect(countsAnswer.parse(json).counts).toEqual([
      { minute: '2026-01-01T12:00:00.000Z', type: 'smoke', count: 5 },
      { minute: '2026-01-01T12:01:00.000Z', type: 'motion', count: 1 },
    ]);
  });

  it('refuses spans that are empty or too long', async () => {
    const on = idle;
    expect((await call(on, '/api/counts?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z')).status).toBe(400);
    expect((await call(on, '/api/counts?from=2020-01-02T00:00:00Z&to=2026-01-01T00:00:00Z')).status).toBe(400);
  });
});

describe('what is not there', () => {
  it('names the way to the documentation, or the methods that are possible', async () => {
    const on = idle;
    expect(await call(on, '/api/nothing')).toMatchObject({ status: 404, json: { error: expect.stringContaining('/api/openapi.json') } });
    expect(await call(on, '/api/alarms', { method: 'PUT' })).toMatchObject({
      status: 405,
      json: { error: expect.stringContaining('GET') },
    });
  });
});
