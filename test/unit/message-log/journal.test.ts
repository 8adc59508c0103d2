import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../message-log/embedded/journal.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { Stage } from '../../../message-log/embedded/stage.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import type { Reader } from '../../../message-log/port.ts';
import { Health } from '../../../runtime/health.ts';

const SLOTS = 8_192;
const MINUTE_MS = 60_000;

describe('the journal of small frames', () => {
  let dataDir: string;
  let store: Store;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-journal-'));
    store = await openStore(dataDir, { durable: false });
  });
  afterEach(async () => {
    await store.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('uses a slot again once what it held is merged, not before, and knows what is where after a restart', async () => {
    const db = store.root.openDB<Buffer, number>({ name: 'journal', encoding: 'binary' });
    let journal = new Journal(db);
    let next = 0;
    const add = async (count: number): Promise<void> => {
      const frames = Array.from({ length: count }, () => frameAt(next++)).map((frame) => ({ frame, slot: journal.take(frame.length) }));
      await store.write(() => {
        for (const { frame, slot } of frames) journal.put(slot as number, frame);
      });
      for (const { frame, slot } of frames) journal.added(slot as number, frame);
      expect(new Set(journal.entries.map(({ slot }) => slot)).size).toBe(journal.entries.length);
    };
    const merge = async (count: number): Promise<void> => {
      const end = journal.entries[count - 1]?.next ?? 0;
      await store.write(() => journal.putMerged(end));
      journal.merged(count);
    };
    const bases = (from: number): number[] => Array.from({ length: next - from }, (_, i) => i + from);
    await add(SLOTS);
    expect(journal.take(100)).toBeUndefined();
    await merge(300);
    await add(300);
    expect(journal.take(100)).toBeUndefined();
    journal = new Journal(db);
    expect(journal.entries.map(({ base }) => base)).toEqual(bases(300));
    expect(journal.entries.every((entry) => journal.read(entry)?.equals(frameAt(entry.base)))).toBe(true);
    await merge(200);
    await add(200);
    journal = new Journal(db);
    expect(journal.entries.map(({ base }) => base)).toEqual(bases(500));
    expect(journal.atOrAfter(0)?.base).toBe(500);
    expect(journal.atOrAfter(777)?.base).toBe(777);
  });

  it('takes no more slots than are in use at once', async () => {
    const journal = new Journal(store.root.openDB<Buffer, number>({ name: 'journal', encoding: 'binary' }));
    for (let base = 0; base < 1_000; base += 1) {
      const frame = frameAt(base);
      const slot = journal.take(frame.length) as number;
      expect(slot).toBeLessThanOrEqual(50);
      journal.added(slot, frame);
      if (base % 50 === 49) journal.merged(50);
    }
    const unused = journal.take(100) as number;
    journal.giveBack(unused);
    expect(journal.take(100)).toBe(unused);
  });

  it('changes nothing for readers, near the end or far behind, whatever is small, large, merged, moved or opened again', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ size: fc.constantFrom(0, 20, 800, 1_400, 5_000), records: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.constantFrom('sweep' as const, 'wait' as const, 'reopen' as const) },
    );
    let partition = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, place) => {
        // Every run starts with a log of its own in the same store.
        const topic = (['ENTRY', 'OK', 'ACTION', 'ALARM', 'COUNT', 'DELIVERY', 'DEAD'] as const)[partition % 7] ?? 'ENTRY';
        partition += 1;
        let now = partition * 1_000 * MINUTE_MS;
        const open = (): Promise<EmbeddedLog> =>
          openEmbeddedLog(store, {
            partitions: 1,
            retentionMs: Number.MAX_SAFE_INTEGER,
            retentionBytes: Number.MAX_SAFE_INTEGER,
            clock: () => now,
            logger: pino({ level: 'silent' }),
            registry: new Registry(),
            health: new Health(),
          });
        let log = await open();
        const { next: start } = await log.bounds(topic, 0);
        const written: string[] = [];
        let follower = await log.reader(topic, 0, start);
        const followed: string[] = [];
        for (const what of steps) {
          if (what === 'sweep') await log.sweep();
          else if (what === 'wait') now += 11 * MINUTE_MS;
          else if (what === 'reopen') {
            const { position } = follower;
            await log.close();
            log = await open();
            follower = await log.reader(topic, 0, position);
          } else {
            const values = Array.from({ length: what.records }, (_, i) => `${written.length + i}`.padEnd(what.size, '.'));
            const ends = values.map((_, i) => values.slice(0, i + 1).join('').length);
            const records = { length: ends.length, bytes: Buffer.from(values.join('')), keys: ends, starts: [0, ...ends], ends };
            await log.append(topic, records, now);
            written.push(...values);
          }
          if (written.length % 3 === 0) followed.push(...(await read(follower)));
        }
        followed.push(...(await read(follower)));
        const from = place % (written.length + 1);
        expect(followed).toEqual(written);
        expect(await read(await log.reader(topic, 0, start + from))).toEqual(written.slice(from));
        await log.close();
      }),
      { numRuns: 40 },
    );
  });
});

function frameAt(base: number): Buffer {
  const stage = new Stage();
  stage.add(base, base, Buffer.from(`value ${base}`), 0, 7);
  return stage.seal(base)[0] as Buffer;
}

async function read(reader: Reader): Promise<string[]> {
  const seen: string[] = [];
  for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
    for (const batch of batches)
      for (let i = 0; i < batch.length; i += 1) seen.push(batch.bytes.toString('latin1', batch.start(i), batch.end(i)));
  return seen;
}
