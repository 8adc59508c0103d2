/** Only their times order the records of two topics: a later record of a sensor must have a later time, whatever the clock does. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MessageLog, Records } from '../../../message-log/port.ts';
import { CommitQueue, type QueueDeps } from '../../../proxy/intake/commit-queue.ts';
import { Batch } from '../../../proxy/intake/batch.ts';
import { gatherInto } from '../../../proxy/intake/gathering.ts';
import type { SensorRequest } from '../../../proxy/http/sensor-request.ts';
import { SteadyClock } from '../../../runtime/clock.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const AHEAD_MAX_MS = 1_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Written {
  readonly topic: 'ENTRY' | 'OK';
  readonly sensor: number;
  /** How many requests came before this one. */
  readonly came: number;
  readonly at: number;
}

/** A proxy's intake with a log that makes appends durable when the test says, and a clock that the test sets. */
function rig(wall = START) {
  const clock = { wall, elapsed: 0 };
  const written: Written[] = [];
  const pending: { readonly records: readonly Written[]; resolve(): void }[] = [];
  /** Readings that were accepted and aren't durable yet. */
  let open: { readonly sensor: number; readonly came: number }[] = [];
  /** Recoveries that were appended while an earlier reading of their sensor was not durable yet. */
  const early: Written[] = [];
  const append = (topic: 'ENTRY' | 'OK', { length, bytes, keys, starts, ends }: Records, at: number) => {
    const records = Array.from({ length }, (_, i) => ({
      topic,
      sensor: Number(keys[i]),
      came: Number(Buffer.from(bytes).toString('latin1', starts[i], ends[i])),
      at,
    }));
    written.push(...records);
    const isEarly = ({ sensor, came }: Written): boolean => open.some((reading) => reading.sensor === sensor && reading.came < came);
    if (topic === 'OK') early.push(...records.filter(isEarly));
    return new Promise((resolve) => {
      pending.push({
        records,
        resolve: () => {
          for (const { came } of records) open = open.filter((reading) => reading.came !== came);
          resolve({ partition: 0, offset: 0 });
        },
      });
    });
  };
  const steady = new SteadyClock(
    () => clock.wall,
    () => clock.elapsed,
  );
  const metrics = { commitSeconds: { observe: () => undefined } };
  const deps = { log: { append } as unknown as MessageLog, clock: steady.now, metrics, watch: { succeeded() {}, failed() {} } };
  const queue = new CommitQueue({ queueBytesMax: 1e9, appendTimeoutMs: 60_000 }, deps as unknown as QueueDeps);
  const gatherings = gatherInto(queue);
  let came = 0;
  /** A request with one record of each of these sensors; false: it was refused. */
  const send = (topic: 'ENTRY' | 'OK', sensors: readonly number[]): boolean => {
    const gathering = topic === 'ENTRY' ? gatherings.entry : gatherings.ok;
    const text = String(came);
    const request = { body: Buffer.from(text), bodyLength: text.length, receiver: undefined } as unknown as SensorRequest;
    came += 1;
    const batch = new Batch();
    for (const sensor of sensors) batch.put(sensor, 0, text.length);
    const isTaken = gathering.add(request, batch);
    if (isTaken && topic === 'ENTRY') open.push(...sensors.map((sensor) => ({ sensor, came: came - 1 })));
    return isTaken;
  };
  const settle = async (n: number): Promise<void> => {
    const [one] = pending.splice(n % Math.max(1, pending.length), 1);
    one?.resolve();
    await turn();
  };
  const finish = async (): Promise<void> => {
    await turn();
    while (pending.length > 0) await settle(0);
    queue.close();
  };
  return { clock, written, early, pending, steady, send, settle, finish };
}

const sensors = fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ send: fc.constantFrom('ENTRY' as const, 'OK' as const), sensors }) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
  { weight: 2, arbitrary: fc.record({ settle: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ pass: fc.nat(2), set: fc.constantFrom(0, 0, 0, -1, -3_600_000, 1, 3_600_000) }) },
);

it('keeps the order in which readings and recoveries of a sensor came, however the clock is set', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 60 }), async (steps) => {
      const { clock, written, early, steady, send, settle, finish } = rig();
      let taken = 0;
      for (const what of steps) {
        if (what === 'turn') await turn();
        else if ('send' in what) {
          const isTaken = send(what.send, what.sensors);
          if (isTaken) taken += what.sensors.length;
          // A reading is accepted however often they alternate.
          else expect(what.send).toBe('OK');
        } else if ('settle' in what) await settle(what.settle);
        else {
          clock.elapsed += what.pass;
          clock.wall += what.pass + what.set;
        }
        const latest = Math.max(0, ...written.map(({ at }) => at));
        expect(latest - steady.now()).toBeLessThanOrEqual(AHEAD_MAX_MS);
      }
      await finish();
      expect(written).toHaveLength(taken);
      expect(early).toEqual([]);
      for (const topic of ['ENTRY', 'OK']) {
        const times = written.filter((record) => record.topic === topic).map(({ at }) => at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
      for (const one of written)
        for (const other of written)
          if (one.sensor === other.sensor && one.topic !== other.topic && one.came < other.came) expect(one.at).toBeLessThan(other.at);
    }),
    { numRuns: 300 },
  );
});

it('is not driven far ahead of the clock by a sensor that alternates without end, nor lets it refuse others', async () => {
  const { written, steady, send, finish } = rig();
  let refused = 0;
  for (let i = 0; i < 5_000; i += 1) {
    expect(send('ENTRY', [1])).toBe(true);
    if (!send('OK', [1])) refused += 1;
    if (i % 100 === 0) await turn();
  }
  expect(refused).toBeGreaterThan(4_000);
  expect(send('OK', [2])).toBe(true);
  expect(send('ENTRY', [3])).toBe(true);
  await finish();
  expect(Math.max(...written.map(({ at }) => at)) - steady.now()).toBeLessThanOrEqual(AHEAD_MAX_MS);
});

it('accepts the recovery as soon as the clock has come near', async () => {
  const { clock, written, send, finish } = rig();
  while (send('OK', [1])) send('ENTRY', [1]);
  expect(send('OK', [1])).toBe(false);
  clock.elapsed += 1_000;
  clock.wall += 1_000;
  expect(send('OK', [1])).toBe(true);
  await finish();
  expect(written.at(-1)).toMatchObject({ topic: 'OK', at: START + 1_000 });
});

it('gives the time of the clock to sensors that do not alternate, whatever others do', async () => {
  const { written, send, finish } = rig();
  for (let sensor = 0; sensor < 20; sensor += 1) {
    send('ENTRY', [2 * sensor]);
    send('OK', [2 * sensor + 1]);
  }
  await finish();
  expect(new Set(written.map(({ at }) => at))).toEqual(new Set([START]));
});

it('follows the clock again once it is corrected, even if it was ahead', async () => {
  const steps: (readonly [number, number])[] = [];
  const clock = { now: START + 1_800_000 };
  const deps = {
    log: {
      append: async (topic: string, { length }: Records, at: number) => {
        steps.push([length, at]);
        return { partition: topic === 'OK' ? 1 : 0, offset: 0 };
      },
    } as unknown as MessageLog,
    clock: () => clock.now,
    metrics: { commitSeconds: { observe: () => undefined } },
    watch: { succeeded() {}, failed() {} },
  };
  const queue = new CommitQueue({ queueBytesMax: 1e9, appendTimeoutMs: 60_000 }, deps as unknown as QueueDeps);
  const { entry, ok } = gatherInto(queue);
  const request = { body: Buffer.from('{}'), bodyLength: 2 } as unknown as SensorRequest;
  const batch = new Batch();
  batch.put(1, 0, 2);
  for (const gathering of [entry, ok, entry]) expect(gathering.add(request, batch)).toBe(true);
  await turn();
  clock.now = START;
  expect(ok.add(request, batch)).toBe(true);
  await turn();
  await turn();
  expect(steps.at(-1)).toEqual([1, START]);
  queue.close();
});
