import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watch } from '../../../kafka/watch.ts';
import { OwnError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function watched() {
  const client = {
    leadership: 'ENTRY:1,2,3',
    fault: undefined as Error | undefined,
    refresh: async () => {
      if (client.fault) throw client.fault;
    },
  };
  const told: string[] = [];
  const lines: string[] = [];
  const health = new Health();
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) });
  const watch = new Watch(
    { client, health, logger },
    { away: (error) => told.push(error ? 'away' : 'back'), moved: () => told.push('moved') },
  );
  return { client, told, lines, health, watch };
}

describe('the watch over the brokers', () => {
  it('reports moved leaders within a second, once, with one log line', async () => {
    const { client, told, lines, watch } = watched();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual([]);
    client.leadership = 'ENTRY:1,1,3';
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual(['moved']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['moved']);
    expect(lines).toEqual(['partitions have other leaders now']);
    watch.stop();
  });

  it('reports a move that happened while no broker answered', async () => {
    const { client, told, health, watch } = watched();
    client.fault = new OwnError('connection refused');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.at(-1)).toBe('away');
    expect(health.problems()).toEqual({ log: 'connection refused' });
    client.fault = undefined;
    client.leadership = 'ENTRY:2,2,3';
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.slice(-2)).toEqual(['back', 'moved']);
    expect(health.ready).toBe(true);
    watch.stop();
  });

  it('does not report brokers that are away for a moment', async () => {
    const { client, told, lines, watch } = watched();
    client.fault = new OwnError('connection refused');
    await vi.advanceTimersByTimeAsync(3_000);
    client.fault = undefined;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([told, lines]).toEqual([[], []]);
    watch.stop();
  });
});
