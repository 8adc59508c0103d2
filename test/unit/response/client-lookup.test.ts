import { expect, it } from 'vitest';
import { createClientLookup, type LookupTime } from '../../../processor/response/client-lookup.ts';
import { clientOf } from '../../support/alarms.ts';
import { directoryOf } from '../../support/mailer-rig.ts';

/** Time that passes by being waited for only. */
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

function lookupIn(find: () => Promise<typeof CLIENT | undefined>) {
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
  ['is away', away],
  ['does not answer', silent],
])('waits two seconds at most for a directory that %s, and a tenth of one for each further alarm of the outage', async (_how, find) => {
  const { waited, told } = lookupIn(find);
  const [first, firstMs] = await waited();
  expect(first).toBe('unavailable');
  expect(firstMs).toBeGreaterThan(1_500);
  expect(firstMs).toBeLessThanOrEqual(2_000);
  for (let i = 0; i < 5; i += 1) {
    const [next, ms] = await waited();
    expect([next, ms <= 100]).toEqual(['unavailable', true]);
  }
  expect(told.length).toBeGreaterThan(0);
});

it('is patient again once the directory has answered', async () => {
  let find: () => Promise<typeof CLIENT | undefined> = away;
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
