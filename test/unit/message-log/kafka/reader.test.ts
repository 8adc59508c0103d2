import { describe, expect, it } from 'vitest';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { KafkaReader } from '../../../../message-log/kafka/reader.ts';

const NEVER_MS = 2 ** 31 - 1;

describe('a reader that stays with its topic', () => {
  it('rejects at once when the topic is deleted and created again, however long it wanted to wait, and from then on', async () => {
    const cursor = new Cursor('ENTRY', 'fire.ENTRY', 3, 10);
    let lets = 0;
    const reader = new KafkaReader(
      cursor,
      true,
      () => undefined,
      () => {
        lets += 1;
      },
    );
    const polled = reader.poll(NEVER_MS);
    cursor.begin('other');
    await expect(polled).rejects.toThrow('fire.ENTRY/3: the topic was deleted and created again');
    await expect(reader.poll(NEVER_MS)).rejects.toThrow('created again');
    expect(lets).toBe(1);
  });

  it('stops waiting when it is closed', async () => {
    const reader = new KafkaReader(
      new Cursor('ENTRY', 'fire.ENTRY', 3, 10),
      true,
      () => undefined,
      () => undefined,
    );
    const polled = reader.poll(NEVER_MS);
    await reader.close();
    expect(await polled).toEqual([]);
  });
});
