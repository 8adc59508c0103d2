import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { OutgoingRecord, RecordBatch, TaskLog } from '../../../message-log/port.ts';
import type { InputTopic } from '../../../records/topics.ts';
import { TaskMetrics } from '../../../processor/metrics.ts';
import { decodeDeadLetter } from '../../../records/dead-letter.ts';
import { Task, type TaskDeps } from '../../../processor/task.ts';
import { batchOf } from '../../support/batches.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';

const T0 = Date.UTC(2026, 10, 24, 12);

/** The inputs of a task: batch by batch, with waits when there are none. */
class Feed {
  readonly #batches: RecordBatch[] = [];
  #wake: () => void = () => undefined;
  #next = 0;
  readonly topic: InputTopic;
  closed = false;
  /** How long it was asked to wait when it had nothing, ms. */
  readonly waits: number[] = [];
  onGap: ((from: number, to: number) => void) | undefined;
  readonly behind = false;
  readonly position = 0;

  constructor(topic: InputTopic) {
    this.topic = topic;
  }

  give(...records: readonly { readonly key: number; readonly at: number; readonly value: object | string }[]): void {
    const texts = records.map(({ key, at, value }) => ({ key, at, value: typeof value === 'string' ? value : JSON.stringify(value) }));
    this.#batches.push(batchOf(this.topic, this.#next, texts));
    this.#next += records.length;
    this.#wake();
  }

  /** Ends a wait without any record. */
  lapse(): void {
    this.#wake();
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    if (this.#batches.length === 0 && waitMs > 0 && !this.closed) {
      this.waits.push(waitMs);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#batches.splice(0, 1);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#wake();
  }
}

async function taskOn({
  fault,
  types = REFERENCE,
  states = [],
  roomBytes,
  readBack = async () => ({ alarms: new Map(), faults: new Map() }),
}: {
  fault?: Error;
  types?: typeof REFERENCE;
  states?: readonly string[];
  roomBytes?: number;
  readBack?: TaskDeps['readBack'];
} = {}) {
  const feeds = { ENTRY: new Feed('ENTRY'), OK: new Feed('OK'), ACTION: new Feed('ACTION') };
  const commits: OutgoingRecord[][] = [];
  const removed: number[] = [];
  const lines: { level: number; msg: string; sensor?: number; sensors?: number }[] = [];
  const time = { now: T0 };
  const taskLog: TaskLog = {
    partition: 3,
    restore: async (onState) => {
      for (const [i, json] of states.entries()) onState(i, Buffer.from(json));
      return { ENTRY: 0, OK: 0, ACTION: 0 };
    },
    reader: async (topic) => feeds[topic],
    commit: async (outputs, state) => {
      if (fault) throw fault;
      commits.push([...outputs]);
      removed.push(...state.filter(({ value }) => value === null).map(({ key }) => key));
    },
  };
  const told: string[] = [];
  const registry = new Registry();
  const task = await Task.restore(
    taskLog,
    { types, clockSkewMaxMs: 60_000, repeatWithinMs: 60_000, roomBytes },
    {
      clock: () => time.now,
      logger: pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) }),
      metrics: new TaskMetrics(registry, types),
      damagedRows: { found: (kind, key, consequence) => told.push(`${kind} ${key}`, consequence) },
      readBack,
    },
  );
  const over = task.run(() => undefined);
  over.catch(() => undefined);
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
  };
  return { task, ...feeds, commits, removed, told, lines, time, over, settled, registry };
}

const status = (id: number, changes: object = {}) => ({
  key: id,
  at: T0,
  value: { id, motion: false, smoke: false, temperature: 20, maxTemperature: 30, ...changes },
});
const many = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

describe('a task', () => {
  it('gives the rest of the process its turns while it reads a backlog in which nothing happens', async () => {
    const { task, ENTRY, over, settled } = await taskOn();
    let turns = 0;
    let reading = true;
    const count = (): void => {
      turns += 1;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    for (let i = 0; i < 50; i += 1) ENTRY.give(status(7));
    while (task.positions.ENTRY < 50) await settled();
    reading = false;
    expect(turns).toBeGreaterThan(25);
    await task.close();
    await over;
  });

  it('writes unreadable records of a broken sender in pieces, as it does alarms', async () => {
    const { task, ENTRY, commits, over, settled } = await taskOn();
    ENTRY.give(...many(5_000, (key) => ({ key, at: T0, value: 'no status' })));
    while (commits.flat().length < 5_000) await settled();
    expect(Math.max(...commits.map(({ length }) => length))).toBeLessThan(2_500);
    await task.close();
    await over;
  });

  it('keeps the first 64 KB of an unreadable record', async () => {
    const { task, ENTRY, commits, over, settled } = await taskOn();
    ENTRY.give({ key: 1, at: T0, value: 'x'.repeat(70_000) });
    await settled();
    const letter = JSON.parse(String(commits[0]?.[0]?.value)) as { value: string };
    expect(letter.value).toHaveLength(65_536);
    await task.close();
    await over;
  });

  it.each([
    [10, 10, undefined],
    [11, 10, 1],
    [13, 10, 3],
  ])('names of %i sensors whose hits are stale all at once the first %i, and tells how many others', async (sensors, named, others) => {
    const { task, ENTRY, OK, commits, lines, time, over, settled } = await taskOn();
    OK.give(...many(sensors, (key) => ({ key, at: T0 + 1_800_000, value: { id: key } })));
    time.now += 5_000;
    while (commits.length < 1) await settled();
    ENTRY.give(...many(sensors, (id) => status(id, { smoke: true })));
    await settled();
    expect(lines.map(({ sensor, sensors }) => sensor ?? { sensors })).toEqual([
      ...many(named, (sensor) => sensor),
      ...(others === undefined ? [] : [{ sensors: others }]),
    ]);
    await task.close();
    await over;
  });

  it('says how long an alarm took from its reading until it was durable, and how much was read', async () => {
    const { task, ENTRY, OK, time, over, settled, registry } = await taskOn();
    time.now = T0 + 2_000;
    ENTRY.give(status(6), status(7, { motion: true }));
    await settled();
    OK.give({ key: 7, at: T0 + 5_000, value: { id: 7 } });
    await settled();
    const metrics = await registry.metrics();
    expect(metrics).toContain('tocsin_alarm_raised_seconds_sum 2\n');
    expect(metrics).toContain('tocsin_task_records_total{topic="ENTRY"} 2\n');
    expect(metrics).toContain('tocsin_task_records_total{topic="OK"} 1\n');
    await task.close();
    await over;
  });

  it('counts missing fields that every sensor should report, and all unreadable ones', async () => {
    const types = withTypes(typeWhen('water', 'water'), typeWhen('gas', 'co > limit', { expected: true }));
    const { task, ENTRY, over, settled, registry } = await taskOn({ types });
    ENTRY.give(status(1, { water: false, co: 1, limit: 50 }), status(2), status(3, { smoke: 'x', co: 5, water: 'wet', seq: -1 }), {
      key: 4,
      at: T0,
      value: { id: 4, co: null, motion: true },
    });
    await settled();
    const metric = await registry.getSingleMetricAsString('tocsin_readings_not_reported_total');
    const samples = metric.split('\n').flatMap((line) => /^\w+\{field="(.*)",reason="(.*)"\} (\d+)$/.exec(line)?.slice(1).join(' ') ?? []);
    expect(samples.toSorted()).toEqual([
      'co absent 1',
      'co unreadable 1',
      'limit absent 3',
      'maxTemperature absent 1',
      'seq unreadable 1',
      'smoke absent 1',
      'smoke unreadable 1',
      'temperature absent 1',
      'water unreadable 1',
    ]);
    await task.close();
    await over;
  });

  it('counts a field that is missing or unreadable by itself, too', async () => {
    const { task, ENTRY, over, settled, registry } = await taskOn();
    const { motion: _, ...withoutMotion } = status(1).value;
    ENTRY.give({ key: 1, at: T0, value: withoutMotion }, status(2, { seq: 'x' }));
    await settled();
    const metric = await registry.getSingleMetricAsString('tocsin_readings_not_reported_total');
    expect(metric.match(/\{.*/g)?.toSorted()).toEqual(['{field="motion",reason="absent"} 1', '{field="seq",reason="unreadable"} 1']);
    await task.close();
    await over;
  });

  it('counts hits that were sent again, and those that are stale, each once', async () => {
    const { task, ENTRY, OK, over, settled, registry } = await taskOn();
    const counted = async () => {
      const metrics = ['tocsin_hits_repeated_total', 'tocsin_hits_stale_total'].map((name) => registry.getSingleMetricAsString(name));
      return (await Promise.all(metrics)).map((metric) => Number(metric.split(' ').at(-1)));
    };
    for (let i = 0; i < 4; i += 1) {
      ENTRY.give(status(7, { smoke: true, seq: 4 }));
      await settled();
    }
    expect(await counted()).toEqual([3, 0]);
    OK.give({ key: 8, at: T0 + 1_800_000, value: { id: 8 } });
    await settled();
    for (let i = 0; i < 3; i += 1) {
      ENTRY.give(status(8, { smoke: true }));
      await settled();
    }
    expect(await counted()).toEqual([3, 3]);
    await task.close();
    await over;
  });

  it('answers each of several actions that come together, and parks what says not whose it is', async () => {
    const { task, ACTION, commits, over, settled } = await taskOn();
    const action = { id: 'a', alarm: '7-motion-3-0-1', sensor: 7, kind: 'acknowledge', version: 1, by: 'ada' };
    const values = [action, { ...action, id: 'b' }, { ...action, id: 'c', version: 0 }, 'no action', { ...action, id: 'd' }];
    ACTION.give(...values.map((value) => ({ key: 7, at: T0, value })));
    await settled();
    const answers = commits.flat().map(({ topic, key, value }) => {
      const { action: answered, reason, value: parked } = JSON.parse(String(value));
      return [topic, key, answered?.id ?? parked, topic === 'ALARM' ? reason : undefined];
    });
    const unknown = 'there is no such alarm, or it was over long ago';
    expect(answers.toSorted()).toEqual(
      [
        ['ALARM', 7, 'a', unknown],
        ['ALARM', 7, 'b', unknown],
        ['ALARM', 7, 'c', 'version must be a whole number from 1'],
        ['ALARM', 7, 'd', unknown],
        ['DEAD', 7, 'no action', undefined],
      ].toSorted(),
    );
    await task.close();
    await over;
  });

  it('parks what is under another key than its sensor, or under none', async () => {
    const { task, ENTRY, OK, ACTION, commits, over, settled } = await taskOn();
    const action = { id: 'a', alarm: '7-motion-3-0-1', sensor: 7, kind: 'acknowledge', version: 1, by: 'ada' };
    for (const key of [8, -1]) {
      ENTRY.give({ ...status(7, { motion: true }), key });
      OK.give({ key, at: T0, value: { id: 7 } });
      ACTION.give({ key, at: T0, value: action }, { key, at: T0, value: { ...action, version: 0 } });
    }
    await settled();
    await settled();
    const reasons = commits.flat().map(({ topic, value }) => [topic, JSON.parse(String(value)).reason]);
    expect(reasons).toEqual(many(8, () => ['DEAD', "the record's key is not the id of its sensor"]));
    await task.close();
    await over;
  });

  it('counts sensors whose hits were forgotten for lack of room', async () => {
    const { task, ENTRY, over, settled, registry } = await taskOn({ roomBytes: 100_000 });
    const forgottenAfter = async (from: number, to: number): Promise<number> => {
      ENTRY.give(...many(to - from, (i) => status(from + i, { smoke: true })));
      await settled();
      return Number((await registry.getSingleMetricAsString('tocsin_hits_forgotten_total')).split(' ').at(-1));
    };
    const first = await forgottenAfter(0, 200);
    expect([first > 0, first, await forgottenAfter(200, 201)]).toEqual([true, 200 - task.detection.sensors, first + 1]);
    await task.close();
    await over;
  });

  it('logs no stale hit for an unreadable field, nor the same stale hit again when such a fault is added', async () => {
    const { task, ENTRY, OK, commits, lines, time, over, settled } = await taskOn();
    ENTRY.give(status(6, { motion: 'x' }));
    await settled();
    OK.give({ key: 7, at: T0 + 1_800_000, value: { id: 7 } });
    time.now += 5_000;
    while (commits.length < 2) await settled();
    ENTRY.give(status(7, { smoke: true }), { ...status(7, { motion: 'x', smoke: 'y' }), at: T0 + 1_800_001 });
    while (commits.length < 3) await settled();
    expect(commits.flat().map(({ topic, key }) => [topic, key])).toEqual([6, 7, 7].map((key) => ['SUPERVISION', key]));
    expect(lines.map(({ sensor }) => sensor)).toEqual([7]);
    await task.close();
    await over;
  });

  it('continues from states of sensors that the previous version wrote', async () => {
    const hits = [1, 2].map((offset) => ({ topic: 'ENTRY', partition: 3, offset, at: T0 + offset, value: '{}' }));
    const { task, ENTRY, commits, over, settled } = await taskOn({
      types: withTypes(typeWhen('water', 'water')),
      states: ['{"v":2,"known":7}', JSON.stringify({ v: 2, known: 7, smoke: { hits, open: [] } })],
    });
    ENTRY.give({ ...status(1, { smoke: true }), at: T0 + 5_000 });
    await settled();
    const records = commits
      .flat()
      .map(({ topic, value }) => [topic, JSON.parse(String(value)).alarm.type ?? JSON.parse(String(value)).type]);
    expect(records).toEqual([
      ['ALARM', 'smoke'],
      ['COUNT', 'smoke'],
    ]);
    await task.close();
    await over;
  });

  it('keeps the readings that made an alarm with it, as they came', async () => {
    const { task, ENTRY, commits, over, settled } = await taskOn();
    const readings = ['one', 'two', 'three'].map((name) => ({ ...status(7, { smoke: true, name }), at: T0 }));
    ENTRY.give(status(6), ...readings);
    await settled();
    const raised = commits.flat().find(({ topic }) => topic === 'ALARM');
    const { alarm } = JSON.parse(String(raised?.value)) as { alarm: { evidence: { offset: number; value: string }[] } };
    expect(alarm.evidence.map(({ offset, value }) => [offset, JSON.parse(value)])).toEqual(readings.map(({ value }, i) => [i + 1, value]));
    await task.close();
    await over;
  });

  it('counts what was read even if it is taken in pieces', async () => {
    const { task, ENTRY, over, registry } = await taskOn();
    ENTRY.give(...many(3_000, () => status(7)));
    while (task.positions.ENTRY < 3_000) await new Promise(setImmediate);
    expect(await registry.metrics()).toContain('tocsin_task_records_total{topic="ENTRY"} 3000\n');
    await task.close();
    await over;
  });

  it('commits its positions five seconds after the last commit, not with each reading', async () => {
    const { task, ENTRY, commits, time, over, settled } = await taskOn();
    const commitsAfter = async (ms: number): Promise<number> => {
      time.now += ms;
      ENTRY.give(status(7));
      await settled();
      return commits.length;
    };
    for (const [ms, count] of [
      [4_999, 0],
      [1, 1],
      [4_999, 1],
      [1, 2],
      [1, 2],
    ] as const)
      expect(await commitsAfter(ms)).toBe(count);
    await task.close();
    await over;
  });

  it('polls rarely if nothing comes, and still commits its positions within five seconds', async () => {
    const { task, ENTRY, commits, time, over, settled } = await taskOn();
    const waitAfter = async (ms: number, comes = false): Promise<number | undefined> => {
      time.now += ms;
      if (comes) ENTRY.give(status(7));
      else ENTRY.lapse();
      await settled();
      return ENTRY.waits.at(-1);
    };
    await settled();
    const short = ENTRY.waits.at(-1);
    expect([await waitAfter(500), await waitAfter(2_000), commits.length]).toEqual([2_000, 2_000, 0]);
    expect([await waitAfter(0, true), await waitAfter(1_000), commits.length]).toEqual([short, 1_500, 0]);
    expect([await waitAfter(1_500), commits.length]).toEqual([2_000, 1]);
    await task.close();
    await over;
  });

  it('logs records that were gone before it could read them', async () => {
    const { task, OK, lines, over } = await taskOn();
    OK.onGap?.(4, 9);
    expect(lines).toEqual([expect.objectContaining({ level: 50, topic: 'OK', partition: 3, from: 4, to: 9 })]);
    await task.close();
    await over;
  });
});

describe('a task that ends', () => {
  it('commits its positions if they have changed, and closes its inputs', async () => {
    const { task, ENTRY, OK, ACTION, commits, over, settled } = await taskOn();
    ENTRY.give(status(7));
    await settled();
    expect(commits).toEqual([]);
    await task.close();
    await over;
    expect(commits).toEqual([[]]);
    expect([ENTRY.closed, OK.closed, ACTION.closed]).toEqual([true, true, true]);
  });

  it('ends at once if it has only just begun, and writes nothing', async () => {
    const { task, commits, over } = await taskOn();
    await task.close();
    await over;
    expect(commits).toEqual([]);
  });

  it('writes nothing if nothing has come since', async () => {
    const { task, ENTRY, commits, over, settled } = await taskOn();
    ENTRY.give(status(7, { motion: true }));
    await settled();
    expect(commits).toHaveLength(1);
    await task.close();
    await over;
    expect(commits).toHaveLength(1);
  });

  it('by a fault closes its inputs, too', async () => {
    const { ENTRY, OK, ACTION, over } = await taskOn({ fault: new Error('no log') });
    ENTRY.give(status(7, { motion: true }));
    await expect(over).rejects.toThrow('no log');
    expect([ENTRY.closed, OK.closed, ACTION.closed]).toEqual([true, true, true]);
  });
});

describe('a task that finds a damaged state', () => {
  const whole = '{"v":3,"ok":5}';

  it.each([
    ['no JSON', '{"v":3,"types":{"smoke":Quirinia'],
    ['no object', '"Quirinia"'],
    ['none of ours', '{"name":"Quirinia"}'],
    ['hits that are no list', '{"v":3,"types":{"smoke":{"hits":{"name":"Quirinia"},"open":[]}}}'],
    ['alarms that are no list', '{"v":3,"types":{"smoke":{"hits":[],"open":"Quirinia"}}}'],
  ])('%s: sets that one aside with its key and none of its content, and goes on with the others', async (_, damaged) => {
    const { task, ENTRY, commits, told, lines, over, settled } = await taskOn({ states: [whole, damaged, whole] });
    expect(told).toEqual(['state 1', expect.stringContaining('next hit of the sensor raises an alarm')]);
    const [letter] = commits[0] ?? [];
    expect([commits[0]?.length, letter?.topic, letter?.key]).toEqual([1, 'DEAD', 1]);
    expect(decodeDeadLetter(String(letter?.value)).value).toMatchObject({ topic: 'STATE', value: '' });
    expect(String(letter?.value) + JSON.stringify(lines)).not.toContain('Quirinia');
    ENTRY.give(status(1, { motion: true }), status(7, { motion: true }));
    await settled();
    expect(commits.flat().filter(({ topic }) => topic === 'ALARM')).toHaveLength(2);
    await task.close();
    await over;
  });

  it('listens to its sensor also where its alarms cannot be read back, and says so', async () => {
    const { task, ENTRY, commits, told, over, settled } = await taskOn({
      states: ['Quirinia'],
      readBack: () => Promise.reject(new Error('Quirinia')),
    });
    expect(told).toEqual(['state 0', expect.stringContaining('could not be read back')]);
    ENTRY.give(status(0, { smoke: true }));
    await settled();
    expect(commits.flat().filter(({ topic }) => topic === 'ALARM')).toHaveLength(1);
    await task.close();
    await over;
  });

  it('does not begin, and says why, where a newer version wrote it: that is no damage', async () => {
    await expect(taskOn({ states: ['{"v":4}'] })).rejects.toMatchObject({ name: 'PermanentError', code: 'data-format' });
    await expect(taskOn({ states: ['{"v":4}'] })).rejects.toThrow('sensor state has version 4, this program reads 1 to 3');
  });
});
