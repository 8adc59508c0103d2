import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FleetConfig, runFleet } from '../../../simulator/fleet.ts';
import type { Message } from '../../../simulator/message.ts';
import type { Happening, Scenario } from '../../../simulator/scenario.ts';
import { Tally } from '../../../simulator/tally.ts';
import type { FleetPlan } from '../../../simulator/traffic.ts';
import { json, SystemDouble } from './system-double.ts';

const scenario = (...happenings: Happening[]): Scenario => ({
  name: 'test',
  summary: '',
  defaults: { apps: 1, ratePerApp: 1, minutes: 1 },
  plot: () => ({ happenings }),
});
const hit = (sensor: number, atMs: number): Happening => ({ atMs, sensor, does: 'hit', types: ['motion'] });
const recovery = (sensor: number, atMs: number): Happening => ({ atMs, sensor, does: 'recovery' });

describe('a fleet', () => {
  let system: SystemDouble;
  let url: string;
  let tally: Tally;
  let told: { how: string; message: Message }[];

  beforeEach(async () => {
    system = new SystemDouble();
    url = await system.start();
    tally = new Tally();
    told = [];
  });
  afterEach(() => system.stop());

  const send = (plan: Partial<FleetPlan> = {}, config: Partial<FleetConfig> = {}, stop = new AbortController().signal) =>
    runFleet(
      { scenario: scenario(), seed: 1, apps: 1, ratePerApp: 500, durationMs: 200, sensors: 10, firstSeq: 0, neighbours: () => [], ...plan },
      { url, token: undefined, connections: 8, batch: 1, timeoutMs: 2_000, drainMs: 5_000, apartMs: 0, ...config },
      {
        tally,
        stop,
        onTick: () => undefined,
        oracle: {
          acknowledged: (message) => told.push({ how: 'acknowledged', message }),
          unknown: (message) => told.push({ how: 'unknown', message }),
        },
      },
    );

  it('sends each message once where nothing goes wrong, and tells the oracle those that matter', async () => {
    await send({ apps: 2, scenario: scenario(hit(3, 50), recovery(3, 100), hit(4, 60)) });
    expect(system.received).toHaveLength(200);
    expect(tally).toMatchObject({ acknowledged: 200, recoveries: 1, requests: 200, refused: 0, unknown: 0, unsent: 0 });
    expect(told.map(({ how, message }) => [how, message.sensor, message.topic]).sort()).toEqual([
      ['acknowledged', 3, 'ENTRY'],
      ['acknowledged', 3, 'OK'],
      ['acknowledged', 4, 'ENTRY'],
    ]);
  });

  it('keeps the order of each sensor while answers are slow and unequal', async () => {
    system.trouble = async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return false;
    };
    await send({ sensors: 5 });
    const last = new Map<unknown, number>();
    for (const { status } of system.received) {
      expect(Number(status.seq)).toBe((last.get(String(status.id)) ?? -1) + 1);
      last.set(String(status.id), Number(status.seq));
    }
    expect(tally.acknowledged).toBe(100);
  });

  it('measures from the planned time: a system that stands still for a while is late for all that was due meanwhile', async () => {
    let until = 0;
    system.trouble = async () => {
      until ||= performance.now() + 300;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now())));
      return false;
    };
    await send({}, { connections: 1 });
    expect(tally.acknowledged).toBe(100);
    expect(tally.latency.percentile(50) / 1_000).toBeGreaterThan(100);
  });

  it.each([429, 503])('sends again after %d, when Retry-After says so', async (status) => {
    let first = 0;
    let second = 0;
    system.trouble = (_, response) => {
      if (first === 0) {
        first = performance.now();
        json(response, status, { error: 'later' }, { 'retry-after': '0.2' });
        return true;
      }
      second ||= performance.now();
      return false;
    };
    await send({ sensors: 1, durationMs: 4 });
    expect(second - first).toBeGreaterThan(190);
    expect(tally.acknowledged).toBe(2);
    expect([...tally.retries]).toEqual([[String(status), 1]]);
  });

  it('repeats with the same seq when the answer is lost, and tells the oracle once', async () => {
    let lost = false;
    system.trouble = (request, _, body) => {
      if (lost || !body.includes('"motion":true') || !body.includes('"id":5,')) return false;
      lost = true;
      system.take('ENTRY', body);
      request.socket.destroy();
      return true;
    };
    await send({ seed: 3, scenario: scenario(hit(5, 50)) });
    const hits = system.received.filter(({ status }) => status.motion === true);
    expect(hits).toHaveLength(2);
    expect(hits[0]?.raw).toBe(hits[1]?.raw);
    expect(told.map(({ how }) => how)).toEqual(['acknowledged']);
    expect(system.alarms).toHaveLength(1);
  });

  it('repeats after a time-out', async () => {
    let hung = false;
    system.trouble = () => {
      if (hung) return false;
      hung = true;
      return true;
    };
    await send({ sensors: 1, durationMs: 4 }, { timeoutMs: 1_000 });
    expect(tally.acknowledged).toBe(2);
    expect([...tally.retries.keys()]).toEqual(['UND_ERR_HEADERS_TIMEOUT']);
  });

  it('gives up in the end, and says what is unknown and what was never sent', async () => {
    system.trouble = (request) => {
      request.socket.destroy();
      return true;
    };
    await send({ sensors: 1, ratePerApp: 50, scenario: scenario(hit(1, 0)) }, { drainMs: 200 });
    expect(tally).toMatchObject({ acknowledged: 0, unknown: 1, unsent: 9 });
    expect(told).toMatchObject([{ how: 'unknown', message: { hits: ['motion'] } }]);
  });

  it('does not call unknown what a system that is down cannot have', async () => {
    await system.stop();
    await send({ sensors: 1, ratePerApp: 50, scenario: scenario(hit(1, 0)) }, { drainMs: 200 });
    expect(tally).toMatchObject({ acknowledged: 0, unknown: 0, unsent: 10 });
    expect(told).toEqual([]);
    await system.start();
  });

  it('ends in time although far more is planned than the system takes', async () => {
    system.delayMs = 100;
    await send({ sensors: 50_000, ratePerApp: 40_000, durationMs: 700 }, { connections: 2, drainMs: 200 });
    expect(tally.acknowledged).toBeGreaterThan(0);
    expect(tally.acknowledged + tally.unknown + tally.unsent).toBe(28_000);
  });

  it('keeps what was refused from the oracle, and goes on', async () => {
    system.trouble = (_, response, body) => {
      if (!body.includes('"motion":true') && !body.includes('"motion":"true"')) return false;
      json(response, 400, { error: 'no' });
      return true;
    };
    await send({ scenario: scenario(hit(5, 50)) });
    expect(tally).toMatchObject({ acknowledged: 99, refused: 1 });
    expect(tally.refusals).toEqual(['400 {"error":"no"}']);
    expect(told).toEqual([]);
  });

  it('sends batches as JSON arrays and NDJSON in turn, and minds the members that are rejected', async () => {
    system.trouble = (_, response, body) => {
      if (!body.includes('"motion":true') && !body.includes('"motion":"true"')) return false;
      const members = body.startsWith('[')
        ? (JSON.parse(body) as object[])
        : body
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as object);
      const index = members.findIndex((m) => 'motion' in m && String(m.motion) === 'true');
      json(response, 207, { accepted: members.length - 1, rejected: [{ index, error: 'not this one' }] });
      return true;
    };
    await send({ sensors: 100, scenario: scenario(hit(5, 50)) }, { batch: 10 });
    expect(tally).toMatchObject({ acknowledged: 99, refused: 1, refusals: ['not this one'] });
    expect(tally.requests).toBeLessThan(30);
    expect([...system.contentTypes.keys()].sort()).toEqual(['application/json', 'application/x-ndjson']);
    expect(told).toEqual([]);
  });

  it('never has two messages of a sensor in one batch', async () => {
    system.delayMs = 20;
    system.trouble = (_, __, body) => {
      const ids = [...body.matchAll(/"id":"?(\d+)/g)].map(([, id]) => id);
      if (new Set(ids).size !== ids.length) throw new Error(`twice in ${body}`);
      return false;
    };
    await send({ sensors: 5 }, { batch: 10 });
    expect(tally.acknowledged).toBe(100);
  });

  it('keeps a recovery apart from a hit that came late', async () => {
    const at = new Map<string, number>();
    system.trouble = (request, _, body) => {
      if (request.url === '/ok' || /"motion":"?true/.test(body)) at.set(request.url ?? '', performance.now());
      return false;
    };
    await send({ scenario: scenario(hit(1, 10), recovery(1, 20)) }, { apartMs: 300 });
    expect((at.get('/ok') ?? 0) - (at.get('/entry') ?? 0)).toBeGreaterThan(290);
  });

  it('stops when told to, and waits for what is on its way', async () => {
    const stop = new AbortController();
    system.delayMs = 50;
    setTimeout(() => stop.abort(), 300);
    await send({ durationMs: 60_000 }, {}, stop.signal);
    expect(tally.acknowledged).toBe(system.received.length);
    expect(tally.acknowledged).toBeGreaterThan(0);
    expect(tally).toMatchObject({ unknown: 0, unsent: 0 });
  });

  it('shows the token of a gateway', async () => {
    const seen = new Set<string | undefined>();
    system.trouble = (request) => {
      seen.add(request.headers.authorization);
      return false;
    };
    await send({}, { token: 'secret' });
    expect([...seen]).toEqual(['Bearer secret']);
  });
});
