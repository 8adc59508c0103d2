import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { checkInfluxConfig, influxSettings } from '../../../history/influx/config.ts';
import type { SensorState } from '../../../history/port.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { type FakeInflux, type Reply, startFakeInflux } from '../../support/fake-influx.ts';
import { type InfluxHistory, influxConfig, influxHistory } from '../../support/influx-rig.ts';

const NOON = Date.UTC(2026, 10, 24, 12);
const away = { name: 'TransientError', code: 'history-unavailable' };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function bed(reply?: (lines: readonly string[]) => Reply): Promise<InfluxHistory & { readonly server: FakeInflux }> {
  const server = await startFakeInflux(reply);
  closing.push(() => server.close());
  const opened = influxHistory(influxConfig(server.url, { timeoutMs: 2_000 }));
  closing.push(() => opened.close());
  return { ...opened, server };
}

function statesOf(count: number, at = NOON): SensorState[] {
  return Array.from({ length: count }, (_, sensor) => ({ sensor, geohash: 'u10j1xx00', region: 'UK', active: [], at }));
}

const isPoison = (line: string): boolean => line.includes('geohash=poison');
const poison = (sensor: number): SensorState => ({ sensor, geohash: 'poison', region: 'UK', active: [], at: NOON });

describe('a write that fails', () => {
  it.each<[string, Reply, object]>([
    ['503', 503, away],
    ['429', 429, away],
    ['a cut connection', 'cut', away],
    ['a lost reply', 'lose-reply', away],
    ['a log-in refused', 401, { name: 'TransientError', code: 'history-misconfigured' }],
    [
      'a database that is missing',
      404,
      { name: 'TransientError', code: 'history-missing', message: expect.stringContaining('npm run schema') },
    ],
  ])('with %s rejects, keeps nothing back, and goes in when it is written again', async (_name, reply, error) => {
    const { history, server } = await bed();
    server.script(reply);
    await expect(history.writeStates(statesOf(10))).rejects.toMatchObject(error);
    expect(server.writes).toEqual([10]);
    await history.writeStates(statesOf(10));
    expect(server.writes).toEqual([10, 10]);
    expect(server.points.size).toBe(10);
  });

  it('in the second of its chunks rejects, so that all of it is written again', async () => {
    const { history, server } = await bed();
    server.script('take', 503);
    await expect(history.writeStates(statesOf(5_001))).rejects.toMatchObject(away);
    expect(server.writes).toEqual([5_000, 1]);
    await history.writeStates(statesOf(5_001));
    expect(server.points.size).toBe(5_001);
  });

  it('is not mistaken for one that succeeded when the server says it took a part only', async () => {
    const { history, server } = await bed((lines) => (lines.some(isPoison) ? { status: 201, body: '{"error":"partial"}' } : 'take'));
    await history.writeStates([...statesOf(20), poison(77)]);
    expect(server.points.size).toBe(20);
  });

  it('ends in the same points as one without faults, whatever happens on the way', async () => {
    const fault = fc.constantFrom<Reply>('take', 'cut', 'lose-reply', 503, 429, 401, 404);
    const { history, server } = await bed();
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), async (faults, batches) => {
        const at = NOON + server.writes.length * 10;
        server.script(...faults);
        for (let i = 0; i < batches; i += 1) await untilItIsIn(() => history.writeStates(statesOf(3, at + i)));
        const times = [...server.points.keys()].map((key) => Number(key.slice(key.lastIndexOf(' '))));
        expect(times.filter((time) => time >= at)).toHaveLength(batches * 3);
      }),
      { numRuns: 40 },
    );
  });

  it('for a reason that is gone the next time costs no point, not even one that stands alone', async () => {
    const { history, server, metric } = await bed();
    await history.writeStates(statesOf(1, 1));
    server.script(400);
    await history.writeStates(statesOf(1));
    expect(server.points.size).toBe(2);
    expect(await metric('tocsin_history_points_refused_total')).toBe(0);
  });
});

/** Retries as a consumer does, without its pauses. */
async function untilItIsIn(write: () => Promise<void>): Promise<void> {
  const isIn = () =>
    write()
      .then(() => true)
      .catch(() => false);
  while (!(await isIn()));
}

describe('points that the server refuses for good', () => {
  it('are found among thousands, left out, and reported once', async () => {
    const { history, server, lines, health, metric } = await bed((sent) => (sent.some(isPoison) ? 400 : 'take'));
    await history.writeStates([poison(9_001), ...statesOf(600), poison(9_002)]);
    expect(server.points.size).toBe(600);
    expect(server.writes.length).toBeLessThan(50);
    expect(await metric('tocsin_history_points_refused_total')).toBe(2);
    expect(await metric('tocsin_history_points_written_total')).toBe(600);
    expect(health.problems()).toEqual({ 'history sensor_state': 'InfluxDB refuses 2 points for good: the reason is in its log' });
    await history.writeStates([poison(9_003)]);
    expect(lines.filter(({ level }) => level >= 50)).toHaveLength(1);
    await history.writeStates(statesOf(1));
    expect(health.problems()).toEqual({});
  });

  it('are not the fault of the points when no other is taken: nothing is left out, all wait', async () => {
    let wrong = true;
    const { history, server, metric } = await bed(() => (wrong ? 400 : 'take'));
    const refused = { name: 'TransientError', code: 'history-refused' };
    await expect(history.writeStates(statesOf(4_000))).rejects.toMatchObject(refused);
    expect(server.writes.length).toBeLessThan(50);
    wrong = false;
    await history.writeStates(statesOf(4_000));
    wrong = true;
    await expect(history.writeStates(statesOf(1))).rejects.toMatchObject(refused);
    expect(await metric('tocsin_history_points_refused_total')).toBe(0);
  });

  it('are those too many for one request: smaller ones go in', async () => {
    const { history, server } = await bed((sent) => (sent.length > 1_000 ? 413 : 'take'));
    await history.writeStates(statesOf(5_000));
    expect(server.points.size).toBe(5_000);
  });
});

describe('a query', () => {
  const answerWith = (server: FakeInflux, body: string) => {
    server.answer = (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  };
  const part = (sensors: readonly number[], more: boolean) =>
    JSON.stringify({
      results: [
        {
          statement_id: 0,
          series: [
            {
              name: 'sensor_state',
              columns: ['time', 'active', 'geohash', 'region', 'sensor', 'type'],
              values: sensors.map((sensor) => [NOON, 0, 'u10j1xx00', null, String(sensor), '']),
            },
          ],
          ...(more ? { partial: true } : {}),
        },
      ],
    });

  it.each([
    ['an error with status 200', '{"results":[{"statement_id":0,"error":"engine is closed"}]}', 'history-query-failed'],
    ['a missing database with status 200', '{"results":[{"statement_id":0,"error":"database not found: tocsin"}]}', 'history-missing'],
    ['an error in place of results', '{"error":"timeout"}', 'history-query-failed'],
    ['an answer that was cut off', '{"results":[{"sta', 'history-unavailable'],
    ['an answer that ends where more was promised', `${part([1], true)}\n`, 'history-unavailable'],
  ])('rejects on %s', async (_name, body, code) => {
    const { history, server } = await bed();
    answerWith(server, body);
    await expect(history.state(1)).rejects.toMatchObject({ name: 'TransientError', code });
  });

  it('gives rows as they come, in parts that are cut anywhere', async () => {
    const { history, server } = await bed();
    const body = `${part([1, 2], true)}\n${part([3], false)}\n`;
    server.answer = async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (let i = 0; i < body.length; i += 37) {
        response.write(body.slice(i, i + 37));
        await new Promise(setImmediate);
      }
      response.end();
    };
    const batches: number[][] = [];
    for await (const states of history.states()) batches.push(states.map(({ sensor }) => sensor));
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('gives up on an answer that stops in the middle', async () => {
    const { server } = await bed();
    const impatient = influxHistory(influxConfig(server.url, { timeoutMs: 150 }));
    closing.push(() => impatient.close());
    server.answer = (response) => void response.writeHead(200).write(`${part([1], true)}\n`);
    const seen: number[] = [];
    const all = async () => {
      for await (const states of impatient.history.states()) seen.push(...states.map(({ sensor }) => sensor));
    };
    await expect(all()).rejects.toMatchObject({ ...away, message: expect.stringContaining('no answer in 900 ms') });
    expect(seen).toEqual([1]);
  });
});

describe('the settings of InfluxDB', () => {
  const read = (environment: NodeJS.ProcessEnv) => readSettings(influxSettings, environment);

  it.each([
    ['TOCSIN_INFLUX_URL', 'influx:8086'],
    ['TOCSIN_INFLUX_URL', 'http://user:secret@influx:8086'],
    ['TOCSIN_INFLUX_BUCKET', 'tocsin/autogen'],
    ['TOCSIN_INFLUX_BUCKET', 'a"b'],
    ['TOCSIN_INFLUX_RETENTION', '1d'],
  ])('refuse %s=%s, and show no password', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
    expect(() => read({ [name]: value })).not.toThrow(/secret/);
  });

  it('take an address with a path, and a retention of none', () => {
    expect(read({ TOCSIN_INFLUX_URL: 'https://metrics.example/influx/', TOCSIN_INFLUX_RETENTION: '0d' })).toMatchObject({
      url: 'https://metrics.example/influx',
      retentionMs: 0,
    });
  });

  it('want either a token or a user with a password', () => {
    expect(checkInfluxConfig(read({}))).toEqual([]);
    expect(checkInfluxConfig(read({ TOCSIN_INFLUX_USER: 'tocsin' }))).toHaveLength(1);
    const all = { TOCSIN_INFLUX_USER: 'tocsin', TOCSIN_INFLUX_PASSWORD: 'x', TOCSIN_INFLUX_TOKEN: 'y' };
    expect(checkInfluxConfig(read(all))).toHaveLength(1);
  });
});

describe('a point in InfluxDB', () => {
  it('is what it has always been for the types of the reference system, and the like for others', async () => {
    const { history, server } = await bed();
    await history.writeStates([
      { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: ['smoke', 'motion'], at: NOON },
      { sensor: 8, geohash: '', region: '', active: ['water-leak', 'battery'], at: NOON },
      { sensor: 9, geohash: 'u10j1xx00', region: 'UK', active: [], at: NOON },
    ]);
    const count = { minute: NOON, region: 'UK', partition: 3, count: 12 };
    await history.writeCounts([
      { ...count, type: 'smoke' },
      { ...count, type: 'water-leak' },
    ]);
    expect([...server.points.keys()].sort()).toEqual(
      [
        `alarm_count,p=3,region=UK,type=smoke ${NOON}`,
        `alarm_count,p=3,region=UK,type=water-leak ${NOON}`,
        `sensor_state,geohash=u10j1xx00,region=UK,sensor=7 ${NOON}`,
        `sensor_state,geohash=u10j1xx00,region=UK,sensor=9 ${NOON}`,
        `sensor_state,sensor=8 ${NOON}`,
      ].sort(),
    );
    expect([...server.points.values()].sort()).toEqual(
      ['count=12i', 'count=12i', 'active=1i,type="smoke,motion"', 'active=1i,type="water-leak,battery"', 'active=0i,type=""'].sort(),
    );
  });
});
