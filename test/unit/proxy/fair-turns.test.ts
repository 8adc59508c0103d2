import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FairTurns } from '../../../proxy/intake/fair-turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Something to be done that takes a while, in steps that nobody can interrupt. */
interface Job {
  readonly client: string;
  readonly connection: object;
  readonly bytes: number;
  readonly stepMs: number;
  steps: number;
  doneAt: number | undefined;
}

/** Turns with a clock that runs only while something is done. */
function rig(bytesMax = 32_000_000) {
  const clock = { now: 1_000 };
  const done: Job[] = [];
  const worked = new Map<string, number>();
  const turns = new FairTurns<Job>({
    clientOf: ({ client }) => client,
    connectionOf: ({ connection }) => connection,
    bytesOf: ({ bytes }) => bytes,
    work: (job, until) => {
      do {
        clock.now += job.stepMs;
        worked.set(job.client, (worked.get(job.client) ?? 0) + job.stepMs);
        job.steps -= 1;
      } while (job.steps > 0 && clock.now <= until);
      if (job.steps > 0) return false;
      job.doneAt = clock.now;
      done.push(job);
      return true;
    },
    now: () => clock.now,
    bytesMax,
  });
  const job = (client: string, ms: number, rest: Partial<Job> = {}): Job => {
    const stepMs = rest.stepMs ?? 0.1;
    return { client, connection: {}, bytes: 200_000, stepMs, steps: Math.max(1, Math.round(ms / stepMs)), doneAt: undefined, ...rest };
  };
  const finish = async (): Promise<void> => {
    while (turns.bytes > 0) await turn();
  };
  return { clock, done, worked, turns, job, finish };
}

describe('taking turns', () => {
  let open: { finish(): Promise<void> } | undefined;
  const begin = (bytesMax?: number) => {
    const made = rig(bytesMax);
    open = made;
    return made;
  };
  afterEach(() => open?.finish());

  it('does at once what takes little', () => {
    const { turns, job, done } = begin();
    const small = job('a', 0.1);
    expect(turns.take(small)).toBe('done');
    expect(done).toEqual([small]);
    expect(turns.bytes).toBe(0);
  });

  it('lets a cheap client through in a few milliseconds, however many dear bodies another one has waiting', async () => {
    const { clock, turns, job } = begin();
    for (let i = 0; i < 50; i += 1) turns.take(job('greedy', 100));
    const waits: number[] = [];
    for (let i = 0; i < 200; i += 1) {
      const good = job('good', 0.1, { bytes: 80 });
      const came = clock.now;
      turns.take(good);
      while (good.doneAt === undefined) await turn();
      waits.push(good.doneAt - came);
      await turn();
    }
    expect(Math.max(...waits)).toBeLessThan(5);
  });

  it('lets small bodies of the same client on other connections pass its large ones', async () => {
    const { clock, turns, job } = begin();
    for (let i = 0; i < 50; i += 1) turns.take(job('gateway', 100));
    const came = clock.now;
    const good = job('gateway', 0.1, { bytes: 80 });
    turns.take(good);
    while (good.doneAt === undefined) await turn();
    expect(good.doneAt - came).toBeLessThan(5);
  });

  it('gives clients that always want more equal time, whatever their bodies cost', async () => {
    const { turns, job, worked } = begin();
    for (let i = 0; i < 60; i += 1) {
      turns.take(job('a', 5, { stepMs: 0.5, bytes: 200_000 }));
      turns.take(job('b', 50, { stepMs: 0.02, bytes: 20_000 }));
    }
    for (let i = 0; i < 60; i += 1) await turn();
    const [a = 0, b = 0] = [worked.get('a'), worked.get('b')];
    expect(Math.max(a, b) / Math.min(a, b)).toBeLessThan(1.3);
  });

  it('never refuses the only client, however much it sends', async () => {
    const { turns, job, done } = begin(1_000_000);
    const outcomes = new Set(Array.from({ length: 100 }, () => turns.take(job('only', 20))));
    expect([...outcomes].filter((outcome) => outcome !== 'done' && outcome !== 'waits')).toEqual([]);
    expect(turns.bytes).toBeLessThanOrEqual(1_000_000);
    while (turns.bytes > 0) await turn();
    expect(done.length).toBe(100);
  });

  it('refuses what a client sends beyond its share if others send too, and never the others', async () => {
    const { turns, job, clock } = begin(4_000_000);
    const goods: string[] = [];
    const greedy: string[] = [];
    for (let i = 0; i < 300; i += 1) {
      greedy.push(turns.take(job('greedy', 20)));
      goods.push(turns.take(job('good', 0.05, { bytes: 80 })));
      clock.now += 0.1;
      if (i % 10 === 0) await turn();
    }
    expect(greedy).toContain('over-share');
    expect(turns.refused).toBe(greedy.filter((outcome) => outcome === 'over-share').length);
    expect(goods.filter((outcome) => outcome !== 'done' && outcome !== 'waits')).toEqual([]);
    while (turns.bytes > 0) await turn();
    expect(['done', 'waits']).toContain(turns.take(job('greedy', 20)));
  });

  it('takes the first of each client as long as there is room at all', () => {
    const { turns, job } = begin(2_000_000);
    const outcomes = Array.from({ length: 20 }, (_, i) => turns.take(job(`client ${i}`, 20, { bytes: 190_000 })));
    expect(outcomes.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'waits'));
    expect(outcomes.slice(10)).toEqual(Array.from({ length: 10 }, () => 'full'));
    expect(turns.bytes).toBeLessThanOrEqual(2_000_000);
  });

  it('spends no more on what has just come than is left of a turn', () => {
    const { turns, job } = begin();
    expect([turns.take(job('a', 1.5)), turns.take(job('b', 1.5))]).toEqual(['done', 'waits']);
  });

  it('lets wait what comes once the time of a turn is spent, however little it takes', () => {
    const { turns, job } = begin();
    expect([turns.take(job('a', 2, { stepMs: 1 })), turns.take(job('b', 0.1))]).toEqual(['done', 'waits']);
  });

  it('does one after the other at once as long as together they take little', () => {
    const { turns, job } = begin();
    expect([turns.take(job('a', 0.5)), turns.take(job('b', 0.5)), turns.take(job('a', 0.5))]).toEqual(['done', 'done', 'done']);
  });

  it('has its whole time again once everybody else was heard', async () => {
    const { turns, job } = begin();
    for (const ms of [0.5, 2.5, 2.5]) {
      expect(turns.take(job('a', ms, { stepMs: 0.5 }))).toBe('done');
      await turn();
    }
  });

  it('spends no more than two milliseconds of a turn on what waits', async () => {
    const { turns, job, clock } = begin();
    for (const client of ['a', 'b', 'c']) turns.take(job(client, 20, { stepMs: 1 }));
    const began = clock.now;
    await turn();
    expect(clock.now - began).toBe(2);
  });

  it('lets the next client on once one has had its millisecond', async () => {
    const { turns, job, done } = begin();
    turns.take(job('before', 2, { stepMs: 1 }));
    for (const client of ['a', 'a', 'b']) turns.take(job(client, 1, { stepMs: 1 }));
    await turn();
    expect(done.map(({ client }) => client)).toEqual(['before', 'a', 'b']);
  });

  it('goes on with what was left before its time was over', async () => {
    const paused: string[] = [];
    const turns = new FairTurns<string>({
      clientOf: () => 'a',
      connectionOf: () => paused,
      bytesOf: () => 1,
      work: (text) => paused.push(text) > 1,
      now: () => 0,
      bytesMax: 10,
    });
    expect(turns.take('x')).toBe('waits');
    await turn();
    expect([paused, turns.bytes]).toEqual([['x', 'x'], 0]);
  });

  it('does a small body before a large one of the same client that was begun', async () => {
    const { turns, job, done, finish } = begin();
    const [large, small] = [job('a', 3), job('a', 0.1, { bytes: 80 })];
    expect([turns.take(large), turns.take(small)]).toEqual(['waits', 'waits']);
    await finish();
    expect(done).toEqual([small, large]);
  });

  it('calls a body small up to 16 KiB', async () => {
    const { turns, job, done, finish } = begin();
    const [large, small, least] = [job('a', 20), job('a', 0.1, { bytes: 16_384 }), job('a', 0.1, { bytes: 16_385 })];
    for (const one of [large, least, small]) turns.take(one);
    await finish();
    expect(done).toEqual([small, large, least]);
  });

  it('takes what just fits, and of a new client what is more than its share', () => {
    const { turns, job } = begin(2_000_000);
    expect(turns.take(job('large', 20, { bytes: 1_800_000 }))).toBe('waits');
    expect(turns.take(job('other', 20, { bytes: 200_001 }))).toBe('full');
    expect(turns.take(job('other', 20, { bytes: 200_000 }))).toBe('waits');
  });

  it('gives each client that waits an equal share of half of the room', () => {
    const { turns, job } = begin(4_000_000);
    turns.take(job('b', 20));
    const outcomes = Array.from({ length: 6 }, () => turns.take(job('a', 20)));
    expect(outcomes).toEqual([...Array.from({ length: 5 }, () => 'waits'), 'over-share']);
  });

  it('has room again for a client as soon as something of it is done', async () => {
    const { turns, job } = begin(4_000_000);
    const first = job('a', 3);
    turns.take(first);
    turns.take(job('b', 100));
    for (let i = 0; i < 4; i += 1) turns.take(job('a', 20));
    expect(turns.take(job('a', 20))).toBe('over-share');
    while (first.doneAt === undefined) await turn();
    expect([turns.take(job('a', 20)), turns.take(job('a', 20))]).toEqual(['waits', 'over-share']);
  });

  it('takes from the only client what is more than its share, too', () => {
    const { turns, job, done } = begin(1_000_000);
    expect(turns.take(job('only', 20, { bytes: 600_000 }))).toBe('waits');
    expect(turns.take(job('only', 20, { bytes: 600_000 }))).toBe('waits');
    expect(done).toHaveLength(1);
  });

  it('does nothing sooner for the only client while what waits just fills its share', () => {
    const { turns, job, done } = begin(1_000_000);
    for (const bytes of [300_000, 200_000]) expect(turns.take(job('only', 20, { bytes }))).toBe('waits');
    expect(done).toEqual([]);
  });

  it('takes a client for the only one if nobody else has sent anything for more than a second', async () => {
    const { turns, job, clock } = begin(1_000_000);
    const take = (client: string, ms: number) => turns.take(job(client, ms, { stepMs: 0.5 }));
    for (let i = 0; i < 2; i += 1) take('a', 20);
    await turn();
    take('b', 0.5);
    const last = clock.now;
    const outcomes = [0, 1_000, 1_001].map((ms) => {
      clock.now = last + ms;
      return take('a', 20);
    });
    expect(outcomes).toEqual(['over-share', 'over-share', 'waits']);
  });

  it('takes a client for the only one if others sent something only before anything waited', async () => {
    const { turns, job, finish } = begin(1_000_000);
    const threeOf = (client: string): string[] => Array.from({ length: 3 }, () => turns.take(job(client, 20)));
    expect(turns.take(job('before', 0.1))).toBe('done');
    expect(threeOf('a')).toEqual(['waits', 'waits', 'waits']);
    turns.take(job('b', 20));
    await finish();
    expect(threeOf('c')).toEqual(['waits', 'waits', 'waits']);
  });

  it('takes no client for the only one while another waits, however long it has sent nothing', () => {
    const { turns, job, clock } = begin(4_000_000);
    turns.take(job('b', 20));
    for (let i = 0; i < 5; i += 1) turns.take(job('a', 20));
    clock.now += 2_000;
    expect(turns.take(job('a', 20))).toBe('over-share');
  });

  it('takes no client for the only one right after another, whose work was done at once', async () => {
    const { turns, job } = begin(1_000_000);
    for (let i = 0; i < 2; i += 1) turns.take(job('a', 20));
    await turn();
    expect(turns.take(job('b', 0.1))).toBe('done');
    expect(turns.take(job('a', 20))).toBe('over-share');
  });

  it('takes no client for the only one right after another, which waited first', async () => {
    const { turns, job } = begin(1_000_000);
    const first = job('a', 3);
    turns.take(first);
    turns.take(job('b', 100));
    while (first.doneAt === undefined) await turn();
    expect([turns.take(job('b', 100)), turns.take(job('b', 100))]).toEqual(['waits', 'over-share']);
  });

  const arrivals = fc.array(
    fc.record({
      connection: fc.nat(5),
      ms: fc.constantFrom(0.05, 1, 3, 30),
      bytes: fc.constantFrom(80, 20_000, 200_000),
      turns: fc.nat(3),
    }),
    { maxLength: 60 },
  );

  it('does everything it took, once, and what a connection sent in its order', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, async (all) => {
        const { turns, job, done, finish } = rig(1_500_000);
        const connections = Array.from({ length: 6 }, (_, i) => ({ i }));
        const taken: Job[] = [];
        for (const arrival of all) {
          const connection = connections[arrival.connection] ?? {};
          const one = job(`client ${arrival.connection % 3}`, arrival.ms, { connection, bytes: arrival.bytes });
          const outcome = turns.take(one);
          if (outcome === 'done' || outcome === 'waits') taken.push(one);
          expect(turns.bytes).toBeLessThanOrEqual(1_500_000);
          for (let i = 0; i < arrival.turns; i += 1) await turn();
        }
        await finish();
        for (const connection of connections) {
          const of = (jobs: readonly Job[]): Job[] => jobs.filter((one) => one.connection === connection);
          expect(of(done)).toEqual(of(taken));
        }
      }),
      { numRuns: 60 },
    );
  });
});
