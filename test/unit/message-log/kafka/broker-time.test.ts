import { describe, expect, it } from 'vitest';
import { clockOff, inWords, leadersOf, timeAt, timeIn, timeLimitsOf } from '../../../../message-log/kafka/broker-time.ts';
import type { Client } from '../../../../kafka/client.ts';

const NOON = Date.UTC(2026, 10, 29, 12);
const LIMITS = { beforeMs: 60_000, afterMs: 5_000 };

describe('the time of a broker', () => {
  it.each([', ', ','])('is the latest time it accepts, less its limit', (comma) => {
    expect(timeIn(`Timestamp 1 is out of range: [${NOON - 60_000}${comma}${NOON + 5_000}]`, LIMITS)).toBe(NOON);
    expect(timeIn(`[${-60_000}${comma}5000]`, LIMITS)).toBe(0);
  });

  it('is not known if its limits are different, or not in its answer', () => {
    for (const words of [`[${NOON - 60_000}, ${NOON + 5_001}]`, `[${NOON - 60_000}]`, 'Timestamp 1 is out of range', ''])
      expect(timeIn(words, LIMITS)).toBeUndefined();
  });

  it.each([
    [0, '0 s'],
    [1_499, '1 s'],
    [1_500, '2 s'],
    [61_500, '62 s'],
    [119_999, '120 s'],
    [120_000, '2 min'],
    [7_199_999, '120 min'],
    [7_200_000, '2 h'],
    [172_799_999, '48 h'],
    [172_800_000, '2 days'],
    [31 * 86_400_000, '31 days'],
  ])('off by %i ms is off by %s', (ms, words) => {
    expect(inWords(ms)).toBe(words);
  });

  it('and that of this machine differ in a direction that is named', () => {
    expect(clockOff(3, 7_200_000).message).toContain("this machine's clock is 2 h ahead of the clock of Kafka's broker 3");
    expect(clockOff(3, -7_200_000).message).toContain("this machine's clock is 2 h behind the clock of Kafka's broker 3");
    expect(clockOff(3, 1)).toMatchObject({ code: 'clock-off', message: expect.stringContaining('ahead of') });
  });
});

it('each leader is asked once, by the first partition it leads', () => {
  const leaders = [2, undefined, 1, 2, 1, 3];
  // Nothing is known of a partition that doesn't exist.
  const client = {
    partitionsOf: () => leaders.length,
    leaderOf: (_: string, partition: number) => (partition < 6 ? leaders[partition] : 9),
  };
  expect([...leadersOf(client as unknown as Client, 'ENTRY')]).toEqual([
    [2, 0],
    [1, 2],
    [3, 5],
  ]);
});

describe('a broker is asked', () => {
  const place = { name: 'T', partition: 3 };

  /** A broker that answers with this error and text, and keeps what it was sent. */
  async function asked(error: number, words: string) {
    const answer = Buffer.concat([
      Buffer.from([0, 0, 0, 1, 0, 1, 0x54, 0, 0, 0, 1, 0, 0, 0, 3, 0, error]),
      Buffer.alloc(8 + 8 + 8 + 4),
      Buffer.from([0, words.length]),
      Buffer.from(words),
    ]);
    const sent: Buffer[] = [];
    const client = {
      exchange: async (...[, , , request]: [number, string, object, readonly Buffer[]]) => {
        sent.push(...request);
        return answer;
      },
    };
    const time = await timeAt(client as unknown as Client, 1, place, LIMITS, 3_000);
    return { time, batch: sent.at(-1) ?? Buffer.alloc(0) };
  }

  it('for its time by a record of 1970, of no producer and in no transaction', async () => {
    const words = `[${NOON - 60_000}, ${NOON + 5_000}]`;
    const { time, batch } = await asked(32, words);
    expect(time).toBe(NOON);
    // Attributes, last offset, times, producer, epoch, sequence, count; the record.
    expect(batch.subarray(21).toString('hex')).toBe(
      ['000000000000', '0000000000000001'.repeat(2), 'ff'.repeat(8 + 2 + 4), '00000001', '160000000a636c6f636b0000'].join(''),
    );
    expect((await asked(0, words)).time).toBeUndefined();
    expect((await asked(6, words)).time).toBeUndefined();
  });

  it.each([
    ['60000', '5000', { beforeMs: 60_000, afterMs: 5_000 }],
    [String(365 * 86_400_000), String(365 * 86_400_000), { beforeMs: 365 * 86_400_000, afterMs: 365 * 86_400_000 }],
    [String(365 * 86_400_000 + 1), '5000', undefined],
    ['60000', '9223372036854775807', undefined],
    ['60000', undefined, undefined],
    [undefined, '5000', undefined],
  ])('for the limits of a topic, before %s and after %s', async (before, after, limits) => {
    const entry = (configName: string, configValue: string | undefined) => (configValue === undefined ? [] : [{ configName, configValue }]);
    const configEntries = [...entry('message.timestamp.after.max.ms', after), ...entry('message.timestamp.before.max.ms', before)];
    const client = (resources: unknown) => ({ atBroker: async () => ({ resources }) }) as unknown as Client;
    expect(await timeLimitsOf(client([{ configEntries }]), 1, 'T')).toEqual(limits);
    expect(await timeLimitsOf(client([]), 1, 'T')).toBeUndefined();
  });
});
