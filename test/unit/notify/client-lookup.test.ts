import { expect, it } from 'vitest';
import { createClientLookup, type LookupTime } from '../../../notify/client-lookup.ts';
import { clientOf } from '../../support/alarms.ts';
import { directoryOf } from '../../support/mailer-rig.ts';

/** Time that passes only by waiting. */
class WaitedTime implements LookupTime {
  passed = 0;

  now(): number {
    return this.passed;
  }

  async sleep(ms: number): Promise<void> {
    this.passed += ms;
  }
}

const CLIENT = clientOf({ id: 1 });

function lookupIn(find: () => Promise<typeof CLIENT | 'damaged' | undefined>) {
  const time = new WaitedTime();
  const told: unknown[] = [];
  const lookup = createClientLookup({ ...directoryOf(new Map()), find }, (error) => told.push(error), time);
  const waited = async (): Promise<[unknown, number]> => {
    const before = time.passed;
    const found = await lookup(1);
    return [found, time.passed - before];
  };
  return { waited, told };
}

const away = () => Promise.reject(new Error('no host'));
const silent = () => new Promise<undefined>(() => undefined);

it.each([
  ['is away', away, 2_000, 100],
  ['does not answer', silent, 2_000, 100],
])(
  'waits two seconds at most for a directory that %s, and a tenth of one for each further alarm of the outage',
  async (_how, find, firstMs, laterMs) => {
    const { waited, told } = lookupIn(find);
    expect(await waited()).toEqual(['unavailable', firstMs]);
    const before = told.length;
    expect(before).toBeGreaterThan(0);
    for (let i = 0; i < 5; i += 1) expect(await waited()).toEqual(['unavailable', laterMs]);
    // An outage is reported once.
    expect(told).toHaveLength(before);
  },
);

it('is patient again once the directory has answered', async () => {
  let find: () => Promise<typeof CLIENT | 'damaged' | undefined> = away;
  const { waited, told } = lookupIn(() => find());
  await waited();
  find = async () => CLIENT;
  const before = told.length;
  expect((await waited())[0]).toEqual(CLIENT);
  find = away;
  const [again, ms] = await waited();
  expect(again).toBe('unavailable');
  expect(ms).toBeGreaterThan(1_500);
  expect(told.length).toBeGreaterThan(before);
});

it('asks a directory that is away every 0.2 s, as long as another answer could come in time', async () => {
  let [passed, asked] = [0, 0];
  const time: LookupTime = {
    now: () => passed,
    // The wait for an answer, which comes at once, has a signal.
    sleep: async (ms, signal) => {
      if (signal) return new Promise(() => undefined);
      passed += ms;
    },
  };
  const find = () => {
    asked += 1;
    return away();
  };
  const lookup = createClientLookup({ ...directoryOf(new Map()), find }, () => undefined, time);
  expect([await lookup(1), passed, asked]).toEqual(['unavailable', 1_800, 10]);
  expect([await lookup(1), passed, asked]).toEqual(['unavailable', 1_800, 11]);
});

it('says of a sensor that nobody has that it is unknown, and leaves no wait behind', async () => {
  let wait: AbortSignal | undefined;
  const time: LookupTime = {
    now: () => 0,
    sleep: (_ms, signal) => {
      wait = signal;
      return new Promise(() => undefined);
    },
  };
  const lookup = createClientLookup({ ...directoryOf(new Map()), find: async () => undefined }, () => undefined, time);
  expect(await lookup(1)).toBe('unknown');
  expect(wait?.aborted).toBe(true);
});

it('takes a directory that throws at once for one that is away, and nothing is left of the wait for it', async () => {
  let passed = 0;
  const time: LookupTime = {
    now: () => passed,
    sleep: async (ms, signal) => {
      if (signal) return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
      passed += ms;
    },
  };
  const find = (): never => {
    throw new Error('closed');
  };
  const lookup = createClientLookup({ ...directoryOf(new Map()), find }, () => undefined, time);
  expect(await lookup(1)).toBe('unavailable');
  await new Promise(setImmediate);
});

it('tells a client whose row is damaged from one that is not there, and from a directory that is away', async () => {
  const { waited, told } = lookupIn(async () => 'damaged');
  expect([(await waited())[0], told]).toEqual(['damaged', []]);
});
