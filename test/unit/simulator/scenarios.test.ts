import { afterAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../message-log/partitioning.ts';
import { isHit, type Message, wireForm } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import type { Scenario } from '../../../simulator/scenario.ts';
import { APART_MS } from '../../../simulator/scenarios/episode.ts';
import { SCENARIOS, scenarioNamed } from '../../../simulator/scenarios/index.ts';
import { type FleetPlan, plotOf, traffic } from '../../../simulator/traffic.ts';

const planOf = (scenario: Scenario, different: Partial<FleetPlan> = {}): FleetPlan => ({
  scenario,
  seed: 1,
  apps: scenario.defaults.apps,
  ratePerApp: scenario.defaults.ratePerApp,
  durationMs: scenario.defaults.minutes * 60_000,
  sensors: 50_000,
  firstSeq: 0,
  neighbours: (count) => Array.from({ length: count }, (_, i) => 1 + i),
  ...different,
});

const named = (name: string): Scenario => {
  const scenario = scenarioNamed(name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  return scenario;
};

interface Outcome {
  readonly activated: number;
  readonly recovered: number;
  readonly messages: readonly Message[];
}

const outcomes = new Map<string, Outcome>();

/** The alarms and recoveries that a plot must cause, without the normal statuses; found out once for each plan. */
function outcome(plan: FleetPlan): Outcome {
  const key = JSON.stringify({ ...plan, scenario: plan.scenario.name });
  const found = outcomes.get(key) ?? played(plan);
  outcomes.set(key, found);
  return found;
}
afterAll(() => outcomes.clear());

function played(plan: FleetPlan): Outcome {
  const oracle = new Oracle();
  const messages: Message[] = [];
  // Without a rate there are only the events.
  for (let app = 0; app < plan.apps; app += 1)
    for (const message of traffic(
      { ...plan, ratePerApp: 0, scenario: { ...plan.scenario, plot: () => plotOf(plan, 0, plan.durationMs) } },
      app,
    )) {
      oracle.acknowledged(message);
      messages.push(message);
    }
  const alarms = [...oracle.expectations()].flatMap(({ possible }) => possible[0] ?? []);
  return { activated: alarms.length, recovered: alarms.filter(({ recovered }) => recovered).length, messages };
}

describe.each(SCENARIOS)('scenario $name', (scenario) => {
  const plan = planOf(scenario);

  it('is the same for the same seed and another for another', () => {
    const plot = JSON.stringify(plotOf(plan, 0, plan.durationMs));
    expect(JSON.stringify(plotOf(plan, 0, plan.durationMs))).toBe(plot);
    expect(JSON.stringify(plotOf({ ...plan, seed: 2 }, 0, plan.durationMs))).not.toBe(plot);
  });

  it.each([[plan.durationMs], [30_000]])('raises and clears alarms, all within %d ms', (durationMs) => {
    const { happenings, silences = [] } = plotOf({ ...plan, durationMs }, 0, durationMs);
    const { activated, recovered } = outcome({ ...plan, durationMs });
    expect(activated).toBeGreaterThan(0);
    expect(recovered).toBeGreaterThan(0);
    expect(happenings.every(({ atMs }) => atMs >= 0 && atMs <= durationMs)).toBe(true);
    for (const { sensor } of [...happenings, ...silences]) if (sensor < 1 || sensor > plan.sensors) throw new Error(`sensor ${sensor}`);
  });

  it('keeps hits and recoveries of a sensor further apart than clocks differ', () => {
    const last = new Map<number, Message>();
    for (const message of outcome(plan).messages) {
      const before = last.get(message.sensor);
      if (before && before.topic !== message.topic) expect(message.dueMs - before.dueMs).toBeGreaterThan(APART_MS - 400);
      last.set(message.sensor, message);
    }
  });

  it('lets a sensor begin with a recovery, so that what was before does not matter', () => {
    const begun = new Set<number>();
    for (const message of outcome(plan).messages) {
      if (!begun.has(message.sensor) && isHit(message)) throw new Error(`sensor ${message.sensor} begins with a hit`);
      begun.add(message.sensor);
    }
    expect(begun.size).toBeGreaterThan(0);
  });

  it('copes with a fleet of one sensor', () => {
    const tiny = planOf(scenario, { sensors: 1, apps: 1, durationMs: 20_000, neighbours: () => [1] });
    expect(() => [...traffic(tiny, 0)]).not.toThrow();
  });
});

describe('the reference cases', () => {
  it.each([
    ['case1', 655, 410],
    ['case2', 1_293, 621],
  ])('%s comes to the reference system’s figures in thirty minutes', (name, activated, recovered) => {
    const figures = outcome(planOf(named(name)));
    expect(figures.activated).toBe(activated);
    expect(Math.abs(figures.recovered - recovered)).toBeLessThanOrEqual(2);
  });

  it('scale with the duration', () => {
    const figures = outcome(planOf(named('case2'), { durationMs: 3 * 60_000 }));
    expect(Math.abs(figures.activated - 129)).toBeLessThanOrEqual(1);
  });
});

describe('special scenarios', () => {
  it('burst: hundreds of neighbours report smoke within seconds', () => {
    const plan = planOf(named('burst'));
    const inBurst = outcome(plan).messages.filter((m) => m.sensor <= 500 && m.hits.includes('smoke'));
    const times = inBurst.map(({ dueMs }) => dueMs);
    expect(new Set(inBurst.map(({ sensor }) => sensor)).size).toBe(500);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(6_000);
  });

  it('duplicates: repeats are there, and have no effect', () => {
    const plan = planOf(named('duplicates'));
    const { messages, activated } = outcome(plan);
    const once = new Map(messages.map((m) => [`${m.sensor} ${m.seq}`, m]));
    expect(messages.length).toBeGreaterThan(1.5 * once.size);
    expect(activated).toBe(Math.round(((plan.apps * plan.ratePerApp * plan.durationMs) / 1_000) * 0.002));
  });

  it('resends: readings of cleared alarms come again, within a minute and byte by byte, and have no effect', () => {
    const { messages, activated, recovered } = outcome(planOf(named('resends')));
    const first = new Map<string, Message>();
    const again: Message[] = [];
    for (const m of messages.filter(({ topic }) => topic === 'ENTRY')) {
      const before = first.get(`${m.sensor} ${m.reading}`);
      if (before) again.push(m);
      else first.set(`${m.sensor} ${m.reading}`, m);
      if (before && (wireForm(before) !== wireForm(m) || m.dueMs - before.dueMs > 30_000)) throw new Error(`${wireForm(m)} is another`);
    }
    expect(again.length).toBeGreaterThan(1_000);
    expect(recovered).toBeGreaterThan(0.9 * activated);
  });

  it('stuck-counters: all hits have the counter 0, and no two are the same bytes', () => {
    const { messages, activated } = outcome(planOf(named('stuck-counters')));
    const hits = messages.filter(isHit);
    expect(new Set(hits.map(({ seq }) => seq))).toEqual(new Set([0]));
    expect(new Set(hits.map(wireForm)).size).toBe(hits.length);
    expect(activated).toBeGreaterThan(300);
  });

  it('dirty-fields: most hits are no JSON, and all have fields that say nothing', () => {
    const { messages, activated } = outcome(planOf(named('dirty-fields')));
    const hits = messages.filter(isHit).map(wireForm);
    const broken = hits.filter((text) => {
      try {
        JSON.parse(text);
        return false;
      } catch {
        return true;
      }
    });
    expect(broken.length).toBeGreaterThan(0.8 * hits.length);
    expect(activated).toBeGreaterThan(300);
  });

  it('flapping: a sensor raises many alarms, and each recovers', () => {
    const { activated, recovered } = outcome(planOf(named('flapping')));
    expect(activated).toBeGreaterThan(1_500);
    expect(recovered).toBeGreaterThan(1_500);
  });

  it('unrest: there is an alarm or a recovery in every second of a long run', () => {
    const { happenings } = plotOf(planOf(named('unrest')), 0, 600_000);
    const seconds = new Set(happenings.map(({ atMs }) => Math.floor(atMs / 1_000)));
    expect([...Array(580).keys()].map((second) => second + 10).filter((second) => !seconds.has(second))).toEqual([]);
  });

  it.each([20_000, 3_200])('unrest: among %d sensors no partition of eight is quiet for long, whatever the seed', (sensors) => {
    const durationMs = 120_000;
    for (let seed = 0; seed < 200; seed += 1) {
      const last = new Array<number>(8).fill(0);
      const { happenings } = plotOf(planOf(named('unrest'), { sensors, seed, ratePerApp: 60 }), 0, durationMs);
      for (const { atMs, sensor, does } of happenings.toSorted((a, b) => a.atMs - b.atMs)) {
        const partition = partitionOf(sensor, last.length);
        if (does !== 'hit') continue;
        if (atMs - (last[partition] ?? 0) > 20_000)
          throw new Error(`seed ${seed}: nothing in ${partition} from ${last[partition]} to ${atMs}`);
        last[partition] = atMs;
      }
      expect(Math.min(...last)).toBeGreaterThan(durationMs - 20_000);
    }
  });

  it('silent: whoever is silent says nothing', () => {
    const plan = planOf(named('silent'), { sensors: 1_000 });
    const { silences = [] } = plotOf(plan, 0, plan.durationMs);
    const quiet = new Map(silences.map((s) => [s.sensor, s]));
    expect(silences.length).toBeGreaterThan(20);
    for (let app = 0; app < plan.apps; app += 1)
      for (const { sensor, dueMs, topic } of traffic(plan, app)) {
        const silence = quiet.get(sensor);
        if (silence && topic === 'ENTRY' && dueMs > silence.fromMs && dueMs < silence.toMs)
          throw new Error(`sensor ${sensor} speaks at ${dueMs}`);
      }
  });

  it('late-recoveries: no alarm recovers before four fifths of the time, then all do', () => {
    const plan = planOf(named('late-recoveries'));
    const oracle = new Oracle();
    const recovered = () => [...oracle.expectations()].flatMap(({ possible }) => possible[0] ?? []).map((alarm) => alarm.recovered);
    const { messages } = outcome(plan);
    for (const m of messages.filter(({ dueMs }) => dueMs < plan.durationMs * 0.8)) oracle.acknowledged(m);
    expect(new Set(recovered())).toEqual(new Set([false]));
    for (const m of messages.filter(({ dueMs }) => dueMs >= plan.durationMs * 0.8)) oracle.acknowledged(m);
    expect(new Set(recovered())).toEqual(new Set([true]));
  });
});
