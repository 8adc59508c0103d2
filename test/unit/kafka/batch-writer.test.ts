import { describe, expect, it } from 'vitest';
import { BatchWriter } from '../../../kafka/wire/batch-writer.ts';
import { crc32c } from '../../../kafka/wire/crc32c.ts';
import { Columns, readRecordSet } from '../../../message-log/kafka/record-set.ts';

const [T, VALUE] = [1_000_000, Buffer.from('?on!')];
const hex = (text: string): string => text.replaceAll(/\s/g, '');

describe('a batch', () => {
  it('has the layout that Kafka requires', () => {
    const writer = new BatchWriter();
    writer.add(21, T, VALUE, 1, 3);
    writer.add(0, T + 64, VALUE, 0, 4);
    writer.add(-1, T - 1, VALUE, 2, 2);
    writer.addText('pos', T + 2 ** 33, null);
    writer.addText('é', T, Buffer.from('x'));
    const batch = writer.seal({ producerId: 2 ** 32 + 5, epoch: 3 }, 258, true);
    const records = hex(`
      14 00 00 00 04 3231 04 6f6e 00
      18 00 8001 02 02 30 08 3f6f6e21 00
      10 00 01 04 04 2d31 00 00
      1a 00 8080808040 06 06 706f73 01 00
      12 00 00 08 04 c3a9 02 78 00`);
    expect(batch.subarray(61).toString('hex')).toBe(records);
    const length = (batch.length - 12).toString(16).padStart(8, '0');
    expect(batch.subarray(0, 17).toString('hex')).toBe(hex(`0000000000000000 ${length} ffffffff 02`));
    expect(batch.readUInt32BE(17)).toBe(crc32c(batch, 21, batch.length));
    const header = '0010 00000004 00000000000f4240 00000002000f4240 0000000100000005 0003 00000102 00000005';
    expect(batch.subarray(21, 61).toString('hex')).toBe(hex(header));
    expect([writer.count, writer.size]).toEqual([5, batch.length]);
  });

  it('says that it is outside of a transaction', () => {
    const writer = new BatchWriter();
    writer.add(1, T, VALUE, 0, 4);
    expect(writer.seal({ producerId: -1, epoch: -1 }, -1, false).readInt16BE(21)).toBe(0);
  });

  it('holds keys and values of any length unchanged', () => {
    for (const length of [0, 1, 50, 63, 64, 100, 4_095, 10_000]) {
      const writer = new BatchWriter();
      const [key, value] = ['k'.repeat(length), Buffer.alloc(length, 'v')];
      writer.addText('first', T, value);
      writer.addText(key, T, value);
      writer.addText('last', T, null);
      const bytes = writer.seal({ producerId: 1, epoch: 1 }, 0, true);
      const { batches, unreadable } = readRecordSet('STATE', 0, { bytes, from: 0, to: bytes.length, aborted: [] }, 0, new Columns());
      expect(unreadable).toBeUndefined();
      const values = batches.flatMap((batch) => [0, 1, 2].map((i) => batch.bytes.subarray(batch.start(i), batch.end(i))));
      expect(values).toEqual([value, value, Buffer.alloc(0)]);
      expect(bytes.subarray(-6).toString('hex')).toBe(hex(`${Buffer.from('last').toString('hex')} 01 00`));
    }
  });

  it('takes each record’s part of a shared buffer, such as the body of a request', () => {
    const body = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
    for (const [start, end] of [
      [0, 5],
      [1, 5],
      [9_995, 10_000],
      [1, 10_000],
      [0, 10_000],
    ] as const) {
      const writer = new BatchWriter();
      writer.add(7, T, body, start, end);
      const bytes = writer.seal({ producerId: 1, epoch: 1 }, 0, true);
      const { batches } = readRecordSet('ENTRY', 0, { bytes, from: 0, to: bytes.length, aborted: [] }, 0, new Columns());
      expect(batches.map((batch) => batch.bytes.subarray(batch.start(0), batch.end(0)))).toEqual([body.subarray(start, end)]);
    }
  });

  it('starts over after a reset, with its own times', () => {
    const [again, fresh] = [new BatchWriter(), new BatchWriter()];
    for (let i = 0; i < 1_000; i += 1) again.add(i, T + 100 + i, VALUE, 0, 4);
    again.reset();
    expect([again.count, again.size]).toEqual([0, 61]);
    for (const writer of [again, fresh]) writer.add(7, T, VALUE, 0, 4);
    const sealed = [again, fresh].map((writer) => writer.seal({ producerId: 1, epoch: 1 }, 0, true).toString('hex'));
    expect(sealed[0]).toBe(sealed[1]);
  });
});
