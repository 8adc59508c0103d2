import { describe, expect, it } from 'vitest';
import { FETCH, FETCH_BY_ID, fetchByIdRequest, fetchedSets, fetchedSetsById, fetchRequest } from '../../../kafka/wire/fetch.ts';

const hex = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)));
const [ONE, OTHER] = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'];
const LIMITS = { maxWaitMs: 500, maxBytes: 0x10_00_00 };
/** Replica -1, wait, at least a byte, maximum of bytes, read_committed; no session. */
const HEAD = 'ffffffff 000001f4 00000001 00100000 01 00000000 ffffffff';
const PARTITIONS = [
  { topic: 'T', topicId: ONE, partition: 3, offset: 2 ** 32 + 1, maxBytes: 255 },
  { topic: 'S', topicId: undefined, partition: 4, offset: 7, maxBytes: 256 },
];
const bytesOf = (request: readonly Buffer[]): string => Buffer.concat(request).toString('hex');
const recordsOf = ({ bytes, from, to }: { bytes: Buffer; from: number; to: number }): string => bytes.toString('latin1', from, to);

describe('a request to read', () => {
  it('has Kafka’s number and version', () => {
    expect([FETCH, FETCH_BY_ID]).toMatchObject([
      { key: 1, version: 11 },
      { key: 1, version: 13 },
    ]);
  });

  it('by name has the partitions in their order', () => {
    expect(bytesOf(fetchRequest(LIMITS, PARTITIONS))).toBe(
      hex(
        `${HEAD} 00000002`,
        '0001 54 00000001 00000003 ffffffff 0000000100000001 ffffffffffffffff 000000ff',
        '0001 53 00000001 00000004 ffffffff 0000000000000007 ffffffffffffffff 00000100',
        '00000000 0000',
      ).toString('hex'),
    );
  });

  it('by id leaves out topics whose id is not known', () => {
    expect(bytesOf(fetchByIdRequest(LIMITS, PARTITIONS))).toBe(
      hex(`00 ${HEAD} 02`, `${ONE} 02 00000003 ffffffff 0000000100000001 ffffffff ffffffffffffffff 000000ff 00 00`, '01 01 00').toString(
        'hex',
      ),
    );
  });
});

/** Error, high watermark, last stable offset, first offset of the log. */
const place = (error: string): string => `${error} 0000000000000063 0000000000000062 0000000000000001`;
const aborted = [{ producerId: 9, firstOffset: 2 ** 32 }];

describe('an answer', () => {
  it('by name has the records of each partition in its own memory', () => {
    const answer = hex(
      '00000000 0000 00000000 00000002',
      `0001 54 00000002 00000003 ${place('0000')} 00000001 0000000000000009 0000000100000000 ffffffff 00000003`,
      Buffer.from('abc'),
      `00000004 ${place('0006')} ffffffff ffffffff ffffffff`,
      `0001 53 00000001 00000000 ${place('0000')} 00000000 ffffffff 00000001`,
      Buffer.from('d'),
    );
    const { error, sets } = fetchedSets(answer);
    expect(error).toBe(0);
    expect(sets).toMatchObject([
      { topic: 'T', partition: 3, error: 0, lastStableOffset: 98, aborted },
      { topic: 'T', partition: 4, error: 6, lastStableOffset: 98, aborted: [] },
      { topic: 'S', partition: 0, error: 0, lastStableOffset: 98, aborted: [] },
    ]);
    expect(sets.map(recordsOf)).toEqual(['abc', '', 'd']);
    expect(sets.every(({ bytes }) => bytes === answer)).toBe(true);
  });

  it('by id names the topics, whatever newer brokers add', () => {
    const added = '01 00 02 ffff';
    const answer = hex(
      `00 00000000 0000 00000000 03`,
      `${ONE} 03 00000003 ${place('0000')} 02 0000000000000009 0000000100000000 ${added} ffffffff 04`,
      Buffer.from('abc'),
      `${added} 00000004 ${place('0006')} 00 ffffffff 00 00 ${added}`,
      `${OTHER} 02 00000000 ${place('0000')} 01 ffffffff 02`,
      Buffer.from('d'),
      '00 00 00',
    );
    const { error, sets } = fetchedSetsById(answer, PARTITIONS);
    expect(error).toBe(0);
    expect(sets).toMatchObject([
      { topic: 'T', partition: 3, error: 0, lastStableOffset: 98, aborted },
      { topic: 'T', partition: 4, error: 6, lastStableOffset: 98, aborted: [] },
      { topic: '', partition: 0, error: 0 },
    ]);
    expect(sets.map(recordsOf)).toEqual(['abc', '', 'd']);
  });

  it('may be refused as a whole', () => {
    expect(fetchedSets(hex('00000000 0046 00000000 00000000'))).toEqual({ error: 70, sets: [] });
    expect(fetchedSetsById(hex('00 00000000 0046 00000000 01 00'), [])).toEqual({ error: 70, sets: [] });
  });
});
