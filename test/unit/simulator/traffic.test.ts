import { describe, expect, it } from 'vitest';
import { type Message, wireForm } from '../../../simulator/message.ts';
import type { Scenario } from '../../../simulator/scenario.ts';
import { type FleetPlan, traffic } from '../../../simulator/traffic.ts';
import { motion } from './messages.ts';

const calm: Scenario = { name: 'calm', summary: '', defaults: { apps: 1, ratePerApp: 1, minutes: 1 }, plot: () => ({ happenings: [] }) };
const plan = (different: Partial<FleetPlan> = {}): FleetPlan => ({
  scenario: calm,
  seed: 5,
  apps: 3,
  ratePerApp: 100,
  durationMs: 10_000,
  sensors: 100,
  firstSeq: 1_000,
  neighbours: () => [],
  ...different,
});
const all = (p: FleetPlan): Message[][] => Array.from({ length: p.apps }, (_, app) => [...traffic(p, app)]);

describe('the traffic of a fleet', () => {
  it('is the same for the same seed', () => {
    expect(all(plan())).toEqual(all(plan()));
    expect(all(plan({ seed: 6 }))).not.toEqual(all(plan()));
  });

  it('comes at an even rate, in the order of time', () => {
    for (const messages of all(plan())) {
      expect(messages).toHaveLength(1_000);
      for (const [i, { dueMs }] of messages.entries()) expect(Math.abs(dueMs - i * 10)).toBeLessThan(10);
    }
  });

  it('gives every sensor to one app, and lets each speak in turn', () => {
    const speakers = all(plan()).map((messages) => new Set(messages.map(({ sensor }) => sensor)));
    expect(speakers.reduce((sum, { size }) => sum + size, 0)).toBe(100);
    expect(new Set(speakers.flatMap((s) => [...s])).size).toBe(100);
    const [first = []] = all(plan());
    expect(new Set(first.slice(0, 33).map(({ sensor }) => sensor)).size).toBe(33);
  });

  it('counts up for every sensor', () => {
    const last = new Map<number, number>();
    for (const { sensor, seq } of all(plan()).flat()) {
      expect(seq).toBe((last.get(sensor) ?? 999) + 1);
      last.set(sensor, seq);
    }
  });

  it('has happenings take the place of normal statuses, so that the rate stays', () => {
    const scenario: Scenario = {
      ...calm,
      plot: () => ({
        happenings: [
          { atMs: 5_000, sensor: 9, does: 'hit', types: ['smoke', 'temperature'] },
          { atMs: 5_001, sensor: 9, does: 'repeat' },
          { atMs: 9_000, sensor: 9, does: 'recovery' },
        ],
      }),
    };
    const messages = [...traffic(plan({ apps: 1, scenario }), 0)];
    expect(messages).toHaveLength(1_000);
    const [hit, repeat] = messages.filter(({ hits }) => hits.includes('smoke'));
    expect(hit).toMatchObject({
      sensor: 9,
      dueMs: 5_000,
      fields: { motion: false, smoke: true },
      hits: ['smoke', 'temperature'],
      clears: [],
    });
    expect(hit?.fields.temperature).toBeGreaterThan(30);
    expect(repeat).toEqual({ ...hit, dueMs: 5_001 });
    expect(messages.filter(({ topic }) => topic === 'OK')).toMatchObject([{ sensor: 9, dueMs: 9_000 }]);
  });

  it('goes on for ever where it has no end, chapter by chapter', () => {
    const chapters: number[] = [];
    const scenario: Scenario = {
      ...calm,
      plot: ({ durationMs }) => ({ happenings: [{ atMs: chapters.push(durationMs), sensor: 3, does: 'recovery' }] }),
    };
    let count = 0;
    for (const { dueMs } of traffic(plan({ apps: 1, ratePerApp: 1, durationMs: Number.POSITIVE_INFINITY, scenario }), 0)) {
      count += 1;
      if (dueMs > 3 * 3_600_000) break;
    }
    expect(chapters.length).toBe(7);
    expect(count).toBeGreaterThan(10_000);
  });
});

describe('a message on the wire', () => {
  const FIELDS = { motion: true, smoke: false, temperature: 25.5, maxTemperature: 30 };

  it('has the five fields of the reference system, and its seq', () => {
    expect(JSON.parse(wireForm(motion({ sensor: 42959, fields: FIELDS, seq: 8 })))).toEqual({
      id: 42959,
      motion: true,
      smoke: false,
      temperature: 25.5,
      maxTemperature: 30,
      seq: 8,
    });
  });

  it('has them as strings where the sensor is of the old kind', () => {
    expect(wireForm(motion({ sensor: 42959, fields: FIELDS, form: 'strings' }))).toBe(
      '{"id":"42959","motion":"true","smoke":"false","temperature":"25.5","maxTemperature":"30.0","seq":1}',
    );
  });

  it('may be the id alone, for a recovery', () => {
    expect(wireForm(motion({ sensor: 3, topic: 'OK', form: 'bare' }))).toBe('{"id":3}');
  });
});
