import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BrokerClocks } from '../../../../message-log/kafka/broker-clocks.ts';
import { timeIn } from '../../../../message-log/kafka/broker-time.ts';
import type { Client, Lane } from '../../../../kafka/client.ts';
import type { Broker } from '../../../../kafka/kafkajs.ts';
import { BASE_TIME_AT, MAGIC_AT, MAX_TIME_AT, PRODUCER_ID_AT, RECORDS_AT } from '../../../../kafka/wire/batch-format.ts';
import { readInt64 } from '../../../../kafka/wire/int64.ts';
import { RequestWriter } from '../../../../kafka/wire/request-writer.ts';
import { Health } from '../../../../runtime/health.ts';

const NOON = Date.UTC(2026, 10, 29, 12);
const MINUTE = 60_000;
const limits = { beforeMs: 60_000, afterMs: 5_000 };
/** The value by which brokers express that there is no limit. */
const UNLIMITED = '9223372036854775807';
const place = { name: 'ENTRY', partition: 0 };

/** The error text of Kafka 4.4.0, for a broker whose clock shows `now`. */
const words = (now: number): string =>
  `Timestamp 1 of message with offset 0 is out of range. The timestamp should be within [${now - 60_000}, ${now + 5_000}]`;

describe('the clocks of this machine and of the brokers', () => {
  let world: World;
  let clocks: BrokerClocks;
  beforeEach(() => {
    world = new World();
    const client = world as unknown as Client;
    const logger = pino({ base: null, timestamp: false }, { write: (line: string) => world.lines.push(JSON.parse(line)) });
    const deps = { client, clock: () => world.mine, health: world.health, logger, requestTimeoutMs: 1_000 };
    clocks = new BrokerClocks(deps, () => world.elapsed);
  });

  it.each([
    ['ahead of', 30 * MINUTE, '30 min'],
    ['behind', -30 * MINUTE, '30 min'],
    ['ahead of', 5_001, '5 s'],
    ['behind', -60_001, '60 s'],
    ['behind', -7_200_000, '2 h'],
    ['ahead of', 31 * 24 * 60 * MINUTE, '31 days'],
  ])('are reported before anything is sent if this one is %s theirs by %d ms', async (direction, offMs, inWords) => {
    world.mine += offMs;
    await clocks.ask('ENTRY');
    expect(clocks.refusal(1)).toMatchObject({ name: 'TransientError', code: 'clock-off' });
    expect(clocks.refusal(1)?.message).toContain(`this machine's clock is ${inWords} ${direction} the clock of Kafka's broker 1`);
    expect(world.health.problems().clock).toContain(inWords);
  });

  it.each([5_000, 0, -60_000])('agree when they differ by %d ms', async (offMs) => {
    world.mine += offMs;
    await clocks.ask('ENTRY');
    expect(clocks.refusal(1)).toBeUndefined();
    expect(clocks.agree).toBe(true);
    expect(world.health.ready).toBe(true);
  });

  it('are asked for with a record of 1970, which no broker with limits stores', async () => {
    await clocks.ask('ENTRY');
    const batch = world.asked.subarray(world.asked.indexOf('clock') - RECORDS_AT - 20);
    const magic = batch.indexOf(Buffer.from([0xff, 0xff, 0xff, 0xff, 2]));
    const at = (place: number): number => readInt64(batch, magic + 4 - MAGIC_AT + place);
    expect([at(BASE_TIME_AT), at(MAX_TIME_AT), at(PRODUCER_ID_AT)]).toEqual([1, 1, -1]);
  });

  it.each([
    ['no limits', { before: UNLIMITED, after: UNLIMITED }],
    ['no limit before', { before: UNLIMITED, after: '5000' }],
    ['no limit after', { before: '60000', after: UNLIMITED }],
  ])('are not compared with a broker that has %s and could store the record', async (_, limits) => {
    world.limits = limits;
    world.mine += 30 * MINUTE;
    for (let n = 0; n < 3; n += 1) await clocks.ask('ENTRY');
    expect([world.questions, world.described]).toEqual([0, 1]);
    expect(clocks.agree).toBe(true);
  });

  it('are compared again if the topic is too new to be known', async () => {
    world.unknown = 2;
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    expect(world.questions).toBe(3);
    expect(clocks.agree).toBe(false);
  });

  it('are compared with the new leader if the leader has moved meanwhile', async () => {
    world.unknown = 1;
    world.offOf = { 2: -30 * MINUTE };
    world.onRefresh = async () => {
      world.leaders = [2];
    };
    await clocks.ask('ENTRY');
    expect([clocks.refusal(1), clocks.refusal(2)]).toMatchObject([undefined, { code: 'clock-off' }]);
  });

  it('are compared once, however often and for however many topics; while they differ every five seconds, since the broker logs each comparison', async () => {
    for (const topic of ['ENTRY', 'OK', 'ENTRY']) await clocks.ask(topic);
    expect(world.questions).toBe(1);
    world.mine += 30 * MINUTE;
    await world.pass(31_000, clocks);
    expect(world.questions).toBeGreaterThan(5);
    expect(world.questions).toBeLessThan(10);
  });

  it('that differ are an error in the log once, and a line when it is over, not one for each refusal', async () => {
    world.mine -= 30 * MINUTE;
    await clocks.ask('ENTRY');
    for (let n = 0; n < 3; n += 1) clocks.refused(1, place, words(world.brokers));
    await world.pass(12_000, clocks);
    world.mine += 30 * MINUTE;
    await world.pass(3_000, clocks);
    for (let n = 0; n < 3; n += 1) clocks.accepted(1);
    expect(world.lines).toMatchObject([
      { level: 50, broker: 1, off: '30 min', direction: 'behind' },
      { level: 30, broker: 1, msg: expect.stringContaining('agrees') },
    ]);
  });

  it('no longer matter once the topic has no limits, and the broker is not asked any more', async () => {
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    world.limits = { before: UNLIMITED, after: UNLIMITED };
    await world.pass(6_000, clocks);
    expect(clocks.agree).toBe(true);
    expect(world.health.ready).toBe(true);
    const { described } = world;
    await world.pass(20_000, clocks);
    for (let n = 0; n < 3; n += 1) await clocks.ask('ENTRY');
    expect(world.described).toBe(described);
    expect(world.questions).toBe(1);
  });

  it('agree again by themselves once this one is corrected', async () => {
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    await world.pass(2_000, clocks);
    expect(clocks.agree).toBe(false);
    world.mine -= 30 * MINUTE;
    await world.pass(2_000, clocks);
    expect(clocks.agree).toBe(true);
    expect(world.health.ready).toBe(true);
  });

  it("agree again by themselves once the broker's is corrected", async () => {
    world.brokers += 30 * MINUTE;
    await clocks.ask('ENTRY');
    expect(clocks.agree).toBe(false);
    world.brokers -= 30 * MINUTE;
    await world.pass(10_000, clocks);
    expect(clocks.agree).toBe(true);
  });

  it('are compared when this one jumps, even if nothing is sent', async () => {
    await clocks.ask('ENTRY');
    await world.pass(600_000, clocks);
    expect(world.questions).toBe(1);
    world.mine += 30 * MINUTE;
    await world.pass(3_000, clocks);
    expect(clocks.refusal(1)).toMatchObject({ code: 'clock-off' });
  });

  it('are not called different by extrapolation alone: if the broker agrees, they agree', async () => {
    await clocks.ask('ENTRY');
    // As on a machine that slept, or whose monotonic clock is slow.
    world.mine += 120_000;
    world.brokers += 120_000;
    await world.pass(3_000, clocks);
    expect(clocks.agree).toBe(true);
    expect(world.questions).toBe(2);
  });

  it('are known from the error text with which records were refused', () => {
    world.mine += 30 * MINUTE;
    expect(clocks.refused(1, place, words(world.brokers))).toMatchObject({ code: 'clock-off' });
    expect(clocks.refusal(1)).toMatchObject({ code: 'clock-off' });
    clocks.accepted(1);
    expect(clocks.agree).toBe(true);
  });

  it('are right if records had only waited too long, as in a process that was suspended', () => {
    expect(clocks.refused(1, place, words(world.brokers))).toMatchObject({ code: 'log-unavailable' });
    expect(clocks.agree).toBe(true);
  });

  it('are compared again after five seconds while they differ, and after one second if one has jumped', async () => {
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    await world.pass(4_900, clocks);
    expect(world.questions).toBe(1);
    await world.pass(100, clocks);
    expect(world.questions).toBe(2);
    world.mine -= 30 * MINUTE;
    await world.pass(900, clocks);
    expect(world.questions).toBe(2);
    await world.pass(100, clocks);
    expect([world.questions, clocks.agree]).toEqual([3, true]);
    world.mine += 30 * MINUTE;
    await world.pass(900, clocks);
    expect([world.questions, clocks.agree]).toEqual([3, true]);
    await world.pass(100, clocks);
    expect([world.questions, clocks.agree]).toEqual([4, false]);
  });

  it('are compared at most once a second if a broker is slow or does not answer', async () => {
    await clocks.ask('ENTRY');
    world.mine += 30 * MINUTE;
    world.silent = true;
    await world.pass(5_900, clocks);
    expect(world.questions).toBe(1 + 5);
    world.silent = false;
    world.fault = new Error('the connection was closed');
    await world.pass(1_000, clocks);
    world.fault = undefined;
    await world.pass(5_000, clocks);
    expect(clocks.agree).toBe(false);
  });

  it('are compared once for all concurrent calls, and with later leaders too', async () => {
    await Promise.all([clocks.ask('ENTRY'), clocks.ask('ENTRY')]);
    expect(world.questions).toBe(1);
    world.leaders = [1, 2];
    world.offOf = { 2: -30 * MINUTE };
    await clocks.ask('ENTRY');
    expect(world.questions).toBe(2);
    expect(clocks.refusal(2)?.message).toContain('ahead of');
    expect(clocks.refusal(undefined)).toBeUndefined();
  });

  it('no longer matter for a broker that leads nothing any more', async () => {
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    world.leaders = [];
    await world.pass(6_000, clocks);
    expect([clocks.agree, world.questions]).toEqual([true, 1]);
  });

  it('differ in health by the latest value, in the log by the first', async () => {
    world.mine += 30 * MINUTE;
    await clocks.ask('ENTRY');
    world.mine += 24 * 60 * MINUTE;
    await world.pass(5_000, clocks);
    expect(world.health.problems().clock).toContain('is 25 h ahead');
    expect(world.lines).toMatchObject([{ off: '30 min' }]);
  });

  it('that differ from two brokers are a problem until both agree', async () => {
    world.leaders = [1, 2];
    world.offOf = { 1: 30 * MINUTE, 2: -30 * MINUTE };
    await clocks.ask('ENTRY');
    expect(world.health.problems().clock).toContain('broker 1');
    clocks.accepted(1);
    expect([clocks.agree, world.health.problems().clock]).toEqual([false, expect.stringContaining('ahead of the clock of Kafka')]);
    clocks.accepted(2);
    expect([clocks.agree, world.health.ready]).toEqual([true, true]);
    expect(world.lines).toMatchObject([
      { direction: 'behind' },
      { direction: 'ahead' },
      { level: 30, broker: 1 },
      { level: 30, broker: 2 },
    ]);
  });

  it('are not known if records were refused with a text that gives no time', () => {
    const refusal = (words: string): string => clocks.refused(1, place, words).message;
    expect(refusal('Invalid timestamp')).toBe('Kafka: ENTRY/0: Invalid timestamp');
    expect(refusal('')).toBe('Kafka: ENTRY/0: the time of a record was refused');
    expect(refusal(words(world.brokers))).toBe('Kafka: ENTRY/0: records were too old or too new when the broker got them');
    expect(clocks.agree).toBe(true);
  });

  it('of a broker with other limits are known from its error text', async () => {
    world.limits = { before: '60000', after: '5000' };
    await clocks.ask('ENTRY');
    world.mine += 6_000;
    expect(clocks.refused(1, place, words(world.brokers)).message).toContain('is 6 s ahead');
  });

  it('of one broker that is off do not affect partitions of other brokers', async () => {
    world.leaders = [1, 2];
    world.offOf = { 2: 30 * MINUTE };
    await clocks.ask('ENTRY');
    expect(clocks.refusal(1)).toBeUndefined();
    expect(clocks.refusal(2)).toMatchObject({ code: 'clock-off' });
  });
});

describe('a topic that no broker knows yet', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['for ever', Number.POSITIVE_INFINITY, 5, 400],
    ['three times', 3, 4, 300],
    ['never', 0, 1, 0],
  ])('%s is asked for up to five times, a tenth of a second apart', async (_, unknown, questions, afterMs) => {
    const world = new World();
    world.unknown = unknown;
    world.onRefresh = () => Promise.reject(new Error('no broker answers'));
    const deps = { client: world as unknown as Client, clock: () => world.mine, health: world.health, logger: pino({ level: 'silent' }) };
    let asked = false;
    void new BrokerClocks({ ...deps, requestTimeoutMs: 1_000 }).ask('ENTRY').then(() => {
      asked = true;
    });
    await vi.advanceTimersByTimeAsync(Math.max(0, afterMs - 1));
    expect(asked).toBe(afterMs === 0);
    await vi.advanceTimersByTimeAsync(1);
    expect([asked, world.questions]).toEqual([true, questions]);
  });
});

it('reads the time of a broker from its error text, and nothing from any other text', () => {
  expect(timeIn(words(NOON), limits)).toBe(NOON);
  expect(timeIn(words(NOON), { beforeMs: 3_600_000, afterMs: 5_000 })).toBeUndefined();
  expect(timeIn('One or more records have been rejected due to invalid timestamp', limits)).toBeUndefined();
  expect(timeIn('', limits)).toBeUndefined();
});

/** Brokers that lead the partitions of ENTRY, and a machine, each with its own clock. */
class World {
  mine = NOON;
  brokers = NOON;
  offOf: Readonly<Record<number, number>> = {};
  elapsed = 1_000;
  limits = { before: '60000', after: '5000' };
  asked = Buffer.alloc(0);
  described = 0;
  readonly lines: unknown[] = [];
  /** How many requests are answered with an error. */
  unknown = 0;
  leaders = [1];
  questions = 0;
  readonly health = new Health();

  async pass(ms: number, clocks: BrokerClocks): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.mine += 100;
      this.brokers += 100;
      this.elapsed += 100;
      clocks.look();
      await new Promise(setImmediate);
    }
  }

  partitionsOf(): number {
    return this.leaders.length;
  }

  leaderOf(_name: string, partition: number): number | undefined {
    return this.leaders[partition];
  }

  onRefresh: () => Promise<void> = async () => undefined;
  /** Requests are never answered. */
  silent = false;
  fault: Error | undefined;

  refresh(): Promise<void> {
    return this.onRefresh();
  }

  async atBroker(_node: number, _work: (broker: Broker) => Promise<unknown>): Promise<unknown> {
    this.described += 1;
    const { before, after } = this.limits;
    const configEntries = [
      { configName: 'message.timestamp.before.max.ms', configValue: before },
      { configName: 'message.timestamp.after.max.ms', configValue: after },
    ];
    return { resources: [{ configEntries }] };
  }

  /** INVALID_TIMESTAMP, with the error text of the first record. */
  async exchange(node: number, _lane: Lane, _api: unknown, pieces: readonly Buffer[]): Promise<Buffer> {
    this.questions += 1;
    this.asked = Buffer.concat(pieces);
    if (this.silent) await new Promise<never>(() => undefined);
    if (this.fault) throw this.fault;
    if (this.unknown > 0) {
      this.unknown -= 1;
      const [topic, error] = ['ENTRY', 3];
      const refused = new RequestWriter().int32(1).string(topic).int32(1).int32(0).int16(error).int64(-1).int64(-1).int64(-1);
      return Buffer.concat(refused.int32(0).string(null).int32(0).pieces());
    }
    const answer = new RequestWriter()
      .int32(1)
      .string('ENTRY')
      .int32(1)
      .int32(node - 1)
      .int16(32)
      .int64(-1)
      .int64(-1)
      .int64(-1);
    answer
      .int32(1)
      .int32(0)
      .string(words(this.brokers + (this.offOf[node] ?? 0)))
      .string('rejected')
      .int32(0);
    return Buffer.concat(answer.pieces());
  }
}
