import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { ATTRIBUTES_AT, CRC_AT } from '../../../../kafka/wire/batch-format.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { crc32c } from '../../../../kafka/wire/crc32c.ts';
import type { FetchedSet } from '../../../../kafka/wire/fetch.ts';
import { writeInt64 } from '../../../../kafka/wire/int64.ts';

const MIB = 1024 * 1024;
const NEVER = Number.POSITIVE_INFINITY;
const MINUTE = 60_000;

/** One batch with a record for each value, from `base` on. */
function batch(base: number, ...values: string[]): Buffer {
  const writer = new BatchWriter();
  for (const value of values) writer.add(7, 1_000, Buffer.from(value), 0, value.length);
  const bytes = Buffer.from(writer.seal({ producerId: -1, epoch: -1 }, 0, false));
  writeInt64(bytes, base, 0);
  return bytes;
}

function damaged(base: number): Buffer {
  const bytes = batch(base, 'x');
  bytes.writeUInt32BE(0, CRC_AT);
  return bytes;
}

/** Intact, but with an unknown compression. */
function strange(base: number): Buffer {
  const bytes = batch(base, 'x');
  bytes.writeInt16BE(6, ATTRIBUTES_AT);
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, bytes.length), CRC_AT);
  return bytes;
}

/** An answer of a broker whose last stable offset is `end`. */
function answer(end: number, ...batches: Buffer[]): FetchedSet {
  const bytes = Buffer.concat(batches);
  return { topic: 'fire.OK', partition: 3, error: 0, lastStableOffset: end, aborted: [], bytes, from: 0, to: bytes.length };
}

function taken(cursor: Cursor): string[] {
  return cursor
    .take()
    .flatMap((found) => Array.from({ length: found.length }, (_, i) => found.bytes.toString('utf8', found.start(i), found.end(i))));
}

/** The cursor's visible state. */
function stateOf(of: Cursor) {
  const { topic, name, partition, topicId, position, fetchAt, knownEnd, behind } = of;
  const { asked, notBefore, attempts, maxBytes, hasRoom, hasSome, stopped } = of;
  return {
    topic,
    name,
    partition,
    topicId,
    position,
    fetchAt,
    knownEnd,
    behind,
    asked,
    notBefore,
    attempts,
    maxBytes,
    hasRoom,
    hasSome,
    stopped,
  };
}

let cursor: Cursor;
let told: unknown[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(5_000);
  cursor = new Cursor('OK', 'fire.OK', 3, 10);
  told = [];
  cursor.onGap = (...gap) => told.push(['gap', ...gap]);
  cursor.onDamaged = (...lost) => told.push(['damaged', ...lost]);
  cursor.onStopped = (problem) => told.push(['stopped', problem]);
  cursor.onRecreated = () => told.push(['anew']);
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a place in a partition', () => {
  it('begins where it was put, without knowing what follows', () => {
    expect(stateOf(cursor)).toMatchObject({ topic: 'OK', name: 'fire.OK', partition: 3, position: 10, fetchAt: 10, topicId: undefined });
    expect(stateOf(cursor)).toMatchObject({ asked: false, notBefore: 0, attempts: 0, maxBytes: MIB, knownEnd: NEVER, behind: true });
    expect([cursor.hasRoom, cursor.hasSome, cursor.stopped, taken(cursor)]).toEqual([true, false, undefined, []]);
    expect(new Cursor('OK', 'OK', 0, 0, 'id').topicId).toBe('id');
  });

  it('moves once records are taken; two answers may wait for that', () => {
    expect(cursor.arrived(answer(14, batch(10, 'a', 'b'), batch(12, 'c')), 10)).toBe('some');
    expect(stateOf(cursor)).toMatchObject({ asked: true, position: 10, fetchAt: 13, knownEnd: 14, hasRoom: true, hasSome: true });
    expect(cursor.arrived(answer(14, batch(13, 'd')), 13)).toBe('some');
    expect(stateOf(cursor)).toMatchObject({ position: 10, fetchAt: 14, hasRoom: false, hasSome: true });
    expect(taken(cursor)).toEqual(['a', 'b', 'c']);
    expect(stateOf(cursor)).toMatchObject({ position: 13, hasRoom: true, behind: true });
    expect(taken(cursor)).toEqual(['d']);
    expect(stateOf(cursor)).toMatchObject({ position: 14, hasSome: false, behind: false });
    expect(told).toEqual([]);
  });

  it('is not moved by an answer to another request', () => {
    expect(cursor.arrived(answer(12, batch(9, 'x')), 9)).toBe('none');
    expect(stateOf(cursor)).toMatchObject({ asked: true, position: 10, fetchAt: 10, knownEnd: NEVER, hasSome: false });
  });

  it('knows the end of the log from the answers, and it never moves backwards', () => {
    expect(cursor.arrived(answer(10), 10)).toBe('none');
    expect(stateOf(cursor)).toMatchObject({ knownEnd: 10, behind: false });
    cursor.arrived(answer(15), 10);
    expect(stateOf(cursor)).toMatchObject({ knownEnd: 15, behind: true });
    cursor.arrived(answer(12), 10);
    expect(cursor.knownEnd).toBe(15);
  });

  it('continues after the last batch, even if compaction has removed its last records', () => {
    const bytes = batch(10, 'a');
    bytes.writeInt32BE(4, 23);
    bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, bytes.length), CRC_AT);
    cursor.arrived(answer(15, bytes, batch(15, 'b').subarray(0, 40)), 10);
    expect(cursor.take().map(({ nextOffset }) => nextOffset)).toEqual([15]);
    expect(cursor.position).toBe(15);
  });

  it('continues after hidden records, so that a reader that has everything is at the end', () => {
    // The end of a transaction.
    const marker = batch(11, 'x');
    marker.writeInt16BE(0x30, ATTRIBUTES_AT);
    marker.writeUInt32BE(crc32c(marker, ATTRIBUTES_AT, marker.length), CRC_AT);
    cursor.arrived(answer(12, batch(10, 'a'), marker), 10);
    expect(cursor.take().map(({ length, nextOffset }) => [length, nextOffset])).toEqual([[1, 12]]);
    expect(stateOf(cursor)).toMatchObject({ position: 12, behind: false });
  });
});

describe('a batch that is larger than what is asked for', () => {
  it('is asked for with twice the size, up to 64 MiB, and the size is reset once it has arrived', () => {
    const cut = answer(12, batch(10, 'a').subarray(0, 40));
    const asked = Array.from({ length: 8 }, () => {
      expect(cursor.arrived(cut, 10)).toBe('none');
      return cursor.maxBytes / MIB;
    });
    expect(asked).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
    cursor.arrived(answer(12, batch(10, 'a')), 10);
    expect(cursor.maxBytes).toBe(MIB);
  });

  it('is not assumed for an empty answer', () => {
    cursor.arrived(answer(10), 10);
    expect(cursor.maxBytes).toBe(MIB);
  });
});

describe('damaged records', () => {
  it('are asked for five times; then they are skipped, and the loss is reported', () => {
    const bad = answer(12, damaged(10), batch(11, 'b'));
    for (let n = 0; n < 4; n += 1) expect(cursor.arrived(bad, 10)).toMatchObject({ reason: 'a wrong checksum', resumesAt: 11 });
    expect([cursor.hasSome, cursor.fetchAt]).toEqual([false, 10]);
    expect(cursor.arrived(bad, 10)).toBe('some');
    expect([told, taken(cursor), told, cursor.position]).toEqual([[['damaged', 10, 11, 'a wrong checksum']], [], told, 11]);
    // The next damage takes as many answers again.
    for (let n = 0; n < 4; n += 1) expect(cursor.arrived(answer(13, damaged(11), batch(12, 'c')), 11)).toMatchObject({ resumesAt: 12 });
    expect(cursor.hasSome).toBe(false);
  });

  it('with nothing intact after them are asked for again and again, more at a time, and that is reported', () => {
    const bad = answer(12, damaged(10));
    for (let n = 0; n < 4; n += 1) cursor.arrived(bad, 10);
    expect([told, cursor.maxBytes]).toEqual([[], MIB]);
    for (let n = 0; n < 3; n += 1) expect(cursor.arrived(bad, 10)).toMatchObject({ resumesAt: undefined });
    const problem = 'fire.OK/3 cannot be read from 10 on: damaged records, and no intact ones after them yet: a wrong checksum';
    expect([told, cursor.stopped, cursor.maxBytes]).toEqual([[['stopped', problem]], problem, 8 * MIB]);
    // Intact records arrive after them.
    expect(cursor.arrived(answer(13, damaged(10), batch(12, 'c')), 10)).toBe('some');
    expect([taken(cursor), cursor.stopped, cursor.position]).toEqual([[], undefined, 12]);
    expect(told.slice(1)).toEqual([
      ['damaged', 10, 12, 'a wrong checksum'],
      ['stopped', undefined],
    ]);
  });

  it('are counted from the beginning after an intact answer', () => {
    for (let n = 0; n < 4; n += 1) cursor.arrived(answer(12, damaged(10), batch(11, 'b')), 10);
    cursor.arrived(answer(12, batch(10, 'a')), 10);
    for (let n = 0; n < 4; n += 1) cursor.arrived(answer(13, damaged(11), batch(12, 'c')), 11);
    expect([taken(cursor), cursor.hasSome]).toEqual([['a'], false]);
  });
});

describe('records that are intact but cannot be understood', () => {
  it('stop reading there, and are asked for again a minute later; nothing after them is given', () => {
    cursor.arrived(answer(13, batch(10, 'a'), strange(11)), 10);
    cursor.arrived(answer(13, batch(12, 'c')), 12);
    expect(cursor.notBefore).toBe(0);
    vi.advanceTimersByTime(1_000);
    const now = performance.now();
    const batches = cursor.take();
    expect(batches.map(({ nextOffset }) => nextOffset)).toEqual([11]);
    const problem = 'fire.OK/3 cannot be read from 11 on: compression 6 is not known';
    expect(told).toEqual([['stopped', problem]]);
    expect(stateOf(cursor)).toMatchObject({ position: 11, fetchAt: 11, hasSome: false, stopped: problem, notBefore: now + MINUTE });
    // It is reported once.
    cursor.arrived(answer(13, strange(11)), 11);
    expect([taken(cursor), told.length]).toEqual([[], 1]);
    cursor.arrived(answer(13, batch(11, 'b')), 11);
    expect([taken(cursor), told[1]]).toEqual([['b'], ['stopped', undefined]]);
  });

  it('are not reported if nobody listens', () => {
    cursor = new Cursor('OK', 'fire.OK', 3, 10);
    for (let n = 0; n < 5; n += 1) cursor.arrived(answer(13, damaged(10), batch(11, 'b')), 10);
    cursor.take();
    cursor.arrived(answer(13, strange(11)), 11);
    cursor.take();
    cursor.skip(20);
    cursor.begin('id');
    expect(cursor.position).toBe(0);
  });
});

describe('records that are gone', () => {
  it('are skipped, and reported as a gap', () => {
    cursor.arrived(answer(10), 10);
    cursor.skip(20);
    expect(told).toEqual([['gap', 10, 20]]);
    expect(stateOf(cursor)).toMatchObject({ position: 20, fetchAt: 20, knownEnd: NEVER, behind: true });
  });

  it('are no gap if the position moves back, as when a log has lost its end', () => {
    cursor.skip(10);
    cursor.skip(4);
    expect([told, cursor.position, cursor.fetchAt]).toEqual([[], 4, 4]);
  });

  it('are skipped once the records before them are taken', () => {
    cursor.arrived(answer(12, batch(10, 'a', 'b')), 10);
    cursor.skip(20);
    expect(stateOf(cursor)).toMatchObject({ position: 10, fetchAt: 20 });
    expect(told).toEqual([['gap', 12, 20]]);
    expect(taken(cursor)).toEqual(['a', 'b']);
  });

  it('end a stop', () => {
    cursor.arrived(answer(13, strange(10)), 10);
    cursor.take();
    cursor.skip(20);
    expect(cursor.stopped).toBeUndefined();
    expect(told.slice(1)).toEqual([
      ['stopped', undefined],
      ['gap', 10, 20],
    ]);
  });
});

describe('another topic of that name', () => {
  it('is read from its beginning', () => {
    cursor.arrived(answer(12, batch(10, 'a', 'b')), 10);
    cursor.arrived(answer(13, strange(12)), 12);
    taken(cursor);
    taken(cursor);
    cursor.arrived(answer(13, batch(12, 'c')), 12);
    cursor.begin('other');
    expect(told.slice(1)).toEqual([['stopped', undefined], ['anew']]);
    expect(stateOf(cursor)).toMatchObject({
      topicId: 'other',
      position: 0,
      fetchAt: 0,
      knownEnd: NEVER,
      hasSome: false,
      stopped: undefined,
    });
    cursor.arrived(answer(1, batch(0, 'new')), 0);
    expect([taken(cursor), cursor.position]).toEqual([['new'], 1]);
  });
});
