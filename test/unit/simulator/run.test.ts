import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SimulateOptions } from '../../../simulator/options.ts';
import { exitCodeOf, type Report } from '../../../simulator/report.ts';
import { run } from '../../../simulator/run.ts';
import type { Happening, Scenario } from '../../../simulator/scenario.ts';
import { json, SystemDouble } from './system-double.ts';

const NEVER = new AbortController().signal;

/** Sensors 1 to 10 raise motion, 1 to 5 recover, 11 to 20 raise smoke, and 21 to 30 nearly do. */
const scenario: Scenario = {
  name: 'test',
  summary: '',
  defaults: { apps: 1, ratePerApp: 1, minutes: 1 },
  plot: ({ durationMs }) => ({
    happenings: Array.from({ length: 30 }, (_, i) => i + 1).flatMap((sensor): Happening[] => {
      const at = (share: number) => ({ atMs: durationMs * share, sensor });
      const begin: Happening = { ...at(0.1), does: 'recovery' };
      if (sensor > 10)
        return [
          begin,
          ...[0.3, 0.4, 0.5].slice(0, sensor > 20 ? 2 : 3).map((t): Happening => ({ ...at(t), does: 'hit', types: ['smoke'] })),
        ];
      const motion: Happening = { ...at(0.3), does: 'hit', types: ['motion'] };
      return sensor > 5 ? [begin, motion] : [begin, motion, { ...at(0.8), does: 'recovery' }];
    }),
  }),
};

describe('a run', () => {
  let system: SystemDouble;
  let url: string;
  let folder: string;
  let said: string[];

  beforeEach(async () => {
    system = new SystemDouble();
    url = await system.start();
    folder = await mkdtemp(join(tmpdir(), 'outbox-'));
    said = [];
  });
  afterEach(async () => {
    await system.stop();
    await rm(folder, { recursive: true });
  });

  const simulate = (different: Partial<SimulateOptions> = {}, stop = NEVER): Promise<Report> =>
    run(
      {
        scenario,
        apps: 2,
        ratePerApp: 300,
        minutes: 0.4 / 60,
        seed: 1,
        sensors: 100,
        url,
        console: url,
        token: undefined,
        gatewayToken: undefined,
        batch: 1,
        connections: 8,
        timeoutSeconds: 2,
        drainSeconds: 10,
        settleSeconds: 0,
        outbox: undefined,
        json: undefined,
        blind: false,
        apartMs: 0,
        ...different,
      },
      { stop, neighbours: () => [], progress: { update: () => undefined, say: (line) => said.push(line), stop: () => undefined } },
    );
  const found = ({ comparison }: Report) => comparison?.findings.map(({ kind, sensor, type }) => `${kind} ${sensor} ${type}`).sort();

  it('finds nothing wrong with a system that is right', async () => {
    const report = await simulate();
    expect(found(report)).toEqual([]);
    expect(report.comparison?.expected).toEqual({ activated: [20, 20], recovered: [5, 5] });
    expect(report.comparison?.observed).toEqual({ activated: 20, recovered: 5 });
    expect(report.messages.acknowledged).toBe(240);
    expect(exitCodeOf(report)).toBe(0);
  });

  it('waits for a system that needs a moment, and for what may come twice', async () => {
    const take = system.take.bind(system);
    system.take = (topic, raw) => void setTimeout(() => take(topic, raw), 300);
    expect(found(await simulate({ settleSeconds: 20 }))).toEqual([]);
  });

  it('finds alarms that are missing, duplicated, invented or in the wrong state', async () => {
    const take = system.take.bind(system);
    system.take = (topic, raw) => {
      const { id, motion, smoke } = JSON.parse(raw) as Record<string, unknown>;
      const on = (value: unknown) => String(value) === 'true';
      if (Number(id) === 7 && on(motion)) return;
      if (Number(id) === 2 && topic === 'OK') return;
      take(topic, raw);
      if (Number(id) === 8 && on(motion)) system.raise(8, 'motion', [{ value: raw }]);
      if (Number(id) === 21 && on(smoke) && !system.alarms.some(({ sensor }) => sensor === 21)) system.raise(21, 'smoke', [{ value: raw }]);
    };
    const report = await simulate();
    expect(found(report)).toEqual(['differing 2 motion', 'doubled 8 motion', 'invented 21 smoke', 'missing 7 motion']);
    expect(exitCodeOf(report)).toBe(1);
  });

  it('looks at the readings that are kept on an alarm', async () => {
    const raise = system.raise.bind(system);
    system.raise = (sensor, type, evidence = []) => raise(sensor, type, sensor === 15 ? evidence.slice(1) : evidence);
    expect(found(await simulate())).toEqual(['differing 15 smoke']);
  });

  it('leaves out what was there before, and sensors that are not of the fleet', async () => {
    system.raise(3, 'motion');
    system.raise(4, 'smoke');
    system.raise(5_000, 'motion');
    const report = await simulate();
    expect(found(report)).toEqual([]);
    expect(said[0]).toMatch(/^3 alarms exist already/);
  });

  it('allows, but does not demand, what an unanswered message may have caused', async () => {
    system.trouble = (request, _, body) => {
      if (request.method !== 'POST' || !/"id":"?6"?,.*"motion":"?true/.test(body)) return false;
      if (system.alarms.every(({ sensor }) => sensor !== 6)) system.take('ENTRY', body);
      request.socket.destroy();
      return true;
    };
    const report = await simulate({ drainSeconds: 1 });
    expect(report.messages.unknown).toBe(1);
    expect(report.comparison?.expected.activated).toEqual([19, 20]);
    expect(found(report)).toEqual([]);
  });

  it('shows the token to the console', async () => {
    system.token = 'secret';
    await expect(simulate()).rejects.toThrow(/requires a token/);
    expect(found(await simulate({ token: 'secret' }))).toEqual([]);
  });

  it('says so when nothing answers', async () => {
    await expect(simulate({ url: 'http://127.0.0.1:9' })).rejects.toThrow(/nothing answers at http:\/\/127.0.0.1:9; is the system started/);
    await expect(simulate({ console: 'http://127.0.0.1:9' })).rejects.toThrow(/console at http:\/\/127.0.0.1:9 does not answer/);
  });

  it('says that it could not compare when the console is gone in the end', async () => {
    let sent = 0;
    system.trouble = (request, response) => {
      if (request.method === 'POST') sent += 1;
      if (request.method === 'POST' || sent === 0) return false;
      json(response, 503, { error: 'away' });
      return true;
    };
    const report = await simulate();
    expect(report.notCompared).toMatch(/console answers 503/);
    expect(exitCodeOf(report)).toBe(3);
  });

  it('only sends when it is blind', async () => {
    const report = await simulate({ blind: true, console: 'http://127.0.0.1:9' });
    expect(report.comparison).toBeUndefined();
    expect(exitCodeOf(report)).toBe(0);
  });

  it('reports what it has when it is interrupted', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const report = await simulate({ minutes: 10 }, stop.signal);
    expect(report).toMatchObject({ interrupted: true, comparison: { findings: [] } });
    expect(report.messages.acknowledged).toBeGreaterThan(0);
    expect(exitCodeOf(report)).toBe(130);
  });

  it('compares the mails of the outbox: one when an alarm is raised, one when it is cleared', async () => {
    const mail = (name: string, alarm: string, event: string) =>
      writeFile(
        join(folder, `${name}.eml`),
        `Subject: x\r\nX-Tocsin-Alarm: ${alarm}\r\nX-Tocsin-Event: ${event}\r\n\r\nX-Tocsin-Alarm: not this\r\n`,
      );
    await mail('old', 'a0', 'raised');
    const raise = system.raise.bind(system);
    system.raise = (sensor, type, evidence) => {
      raise(sensor, type, evidence);
      const id = system.alarms.at(-1)?.id ?? '';
      if (sensor === 9) return;
      void mail(`${id}.raised`, id, 'raised');
      if (sensor === 10) void mail(`${id}.raised.again`, id, 'raised');
      if (sensor <= 4) void mail(`${id}.cleared`, id, 'cleared');
      if (sensor === 11) void mail('nobody', 'a999', 'raised');
    };
    const { mails } = await simulate({ outbox: folder });
    const idOf = (sensor: number) => system.alarms.find((a) => a.sensor === sensor)?.id;
    expect(mails).toEqual({
      mails: 19 + 1 + 4 + 1,
      missing: expect.arrayContaining([`${idOf(9)} raised`, `${idOf(5)} cleared`]),
      doubled: [`${idOf(10)} raised`],
      invented: ['a999 raised'],
    });
    expect(mails?.missing).toHaveLength(2);
  });
});
