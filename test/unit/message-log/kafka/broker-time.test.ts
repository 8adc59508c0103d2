import { describe, expect, it } from 'vitest';
import { clockOff, inWords, leadersOf, timeIn } from '../../../../message-log/kafka/broker-time.ts';
import type { Client } from '../../../../message-log/kafka/client.ts';

const NOON = Date.UTC(2026, 10, 29, 12);
const LIMITS = { beforeMs: 60_000, afterMs: 5_000 };

describe('the time of a broker', () => {
  it.each([', ', ','])('is what it says it takes, less what it takes beyond', (comma) => {
    expect(timeIn(`Timestamp 1 is out of range: [${NOON - 60_000}${comma}${NOON + 5_000}]`, LIMITS)).toBe(NOON);
    expect(timeIn(`[${-60_000}${comma}5000]`, LIMITS)).toBe(0);
  });

  it('is not known where its limits are others, or it does not say them', () => {
    for (const words of [`[${NOON - 60_000}, ${NOON + 5_001}]`, `[${NOON - 60_000}]`, 'Timestamp 1 is out of range', ''])
      expect(timeIn(words, LIMITS)).toBeUndefined();
  });

  it.each([
    [0, '0 s'],
    [1_499, '1 s'],
    [1_500, '2 s'],
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

  it('and of this machine differ in a direction that is said', () => {
    expect(clockOff(3, 7_200_000).message).toContain("this machine's clock is 2 h ahead of the clock of Kafka's broker 3");
    expect(clockOff(3, -7_200_000).message).toContain("this machine's clock is 2 h behind the clock of Kafka's broker 3");
    expect(clockOff(3, 1).code).toBe('clock-off');
  });
});

it('each leader is asked once, by the first partition it leads', () => {
  const leaders = [2, undefined, 1, 2, 1];
  const client = { partitionsOf: () => leaders.length, leaderOf: (_: string, partition: number) => leaders[partition] };
  expect([...leadersOf(client as unknown as Client, 'ENTRY')]).toEqual([
    [2, 0],
    [1, 2],
  ]);
});
