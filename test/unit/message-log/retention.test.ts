import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { Retention, type RetentionParts } from '../../../message-log/embedded/retention.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** A partition with frames of one record of 10 bytes each: frame i has time i. */
class Partition {
  readonly topic = 'ENTRY';
  readonly partition: number;
  frames: number[];
  /** The next offset of the slowest consumer. */
  needed: number;
  looks = 0;
  #removing: readonly number[] = [];
  #all = 0;

  constructor(partition: number, frames: number, needed = NEVER) {
    this.partition = partition;
    this.frames = Array.from({ length: frames }, (_, i) => i);
    this.needed = needed;
  }

  get sizeBytes(): number {
    return this.frames.length * 10;
  }
  oldest(before: number, most: number): number[] {
    this.#look();
    return this.frames.filter((base) => base < before).slice(0, most);
  }
  lastTimeAt(base: number): number {
    this.looks += 1;
    this.#look();
    return base;
  }
  remove(bases: readonly number[]): void {
    this.#removing = bases;
  }
  /** Stops an endless loop. */
  #look(): void {
    this.#all += 1;
    if (this.#all > 1_000) throw new Error('no end');
  }
  removed(): void {
    this.frames = this.frames.filter((base) => !this.#removing.includes(base));
  }
}

describe('retention', () => {
  let steps: number;
  let counted: Record<string, number>;
  let said: string[];
  beforeEach(() => {
    [steps, counted, said] = [0, {}, []];
  });

  async function apply(logs: Partition[], limits: { ms?: number; bytes?: number; now?: number | undefined; signal?: AbortSignal }) {
    const parts = {
      logs,
      store: {
        write: async (work: () => void) => {
          steps += 1;
          work();
        },
      },
      positions: { lowest: (_: string, partition: number) => logs.find((log) => log.partition === partition)?.needed ?? NEVER },
      metrics: {
        removedFrames: {
          inc: ({ read }: { read: string }, frames: number) => {
            counted[read] = (counted[read] ?? 0) + frames;
          },
        },
      },
      removalClock: () => limits.now,
      logger: pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) }),
    } as unknown as RetentionParts;
    const retention = new Retention({ retentionMs: limits.ms ?? NEVER, retentionBytes: limits.bytes ?? NEVER }, parts);
    await retention.apply(limits.signal ?? new AbortController().signal);
    return logs.map(({ frames }) => frames[0] ?? 'none');
  }

  it('removes everything older than the limit, however much, in small steps', async () => {
    expect(await apply([new Partition(0, 300), new Partition(1, 100), new Partition(2, 0)], { ms: 100, now: 250 })).toEqual([
      150,
      'none',
      'none',
    ]);
    expect(steps).toBe(3 + 2);
    expect(counted).toEqual({ yes: 250 });
  });

  it.each([0, 1, 2, 63, 64, 65, 127, 128, 129])('keeps what is exactly as old as the limit, with %i frames before', async (older) => {
    expect(await apply([new Partition(0, 200)], { ms: 0, now: older })).toEqual([older]);
    expect(steps).toBe(Math.ceil(older / 64));
  });

  it('keeps what a consumer has not read, however old it is', async () => {
    expect(await apply([new Partition(0, 200, 70)], { ms: 0, now: 150 })).toEqual([70]);
    expect(await apply([new Partition(0, 200, 0)], { ms: 0, now: 150 })).toEqual([0]);
  });

  it('looks at one frame if none is due, and at few of many', async () => {
    const [young, old] = [new Partition(0, 1_000), new Partition(1, 1_000)];
    await apply([young], { ms: 0, now: 0 });
    expect(young.looks).toBe(1);
    await apply([old], { ms: 0, now: 10 });
    expect(old.looks).toBeLessThan(10);
  });

  it('removes nothing by age while the clock is not trusted, but keeps the disk within its limit', async () => {
    expect(await apply([new Partition(0, 200)], { ms: 0, now: undefined })).toEqual([0]);
    expect(await apply([new Partition(0, 200)], { ms: 0, now: undefined, bytes: 1_000 })).toEqual([128]);
  });

  it('above the limit, removes the oldest frames of the largest partition, those that were read first', async () => {
    expect(await apply([new Partition(0, 10), new Partition(1, 100)], { bytes: 1_100 })).toEqual([0, 0]);
    expect(await apply([new Partition(0, 10), new Partition(1, 100)], { bytes: 1_099 })).toEqual([0, 64]);
    expect(await apply([new Partition(0, 80), new Partition(1, 100, 0)], { bytes: 1_799 })).toEqual([64, 0]);
    expect(await apply([new Partition(0, 100, 10)], { bytes: 999 })).toEqual([10]);
    expect(await apply([new Partition(0, 100, 1)], { bytes: 999 })).toEqual([1]);
    expect(counted).toEqual({ yes: 64 + 64 + 10 + 1 });
    expect(said).toEqual([]);
  });

  it('removes unread records only above twice the limit, and logs it once', async () => {
    expect(await apply([new Partition(0, 200, 0)], { bytes: 1_000 })).toEqual([0]);
    expect(said).toEqual([]);
    expect(await apply([new Partition(0, 350, 0)], { bytes: 1_000 })).toEqual([192]);
    expect(counted).toEqual({ no: 192 });
    expect(said).toEqual(['the log has twice its maximum size: removing records that not all consumers have read']);
  });

  it('ends when there is nothing left to remove, or when it is told to', async () => {
    const unremovable = new Partition(0, 10);
    unremovable.oldest = () => [];
    expect(await apply([unremovable], { bytes: 10 })).toEqual([0]);
    expect(await apply([new Partition(0, 300)], { ms: 0, bytes: 0, now: 200, signal: AbortSignal.abort() })).toEqual([0]);
  });
});
