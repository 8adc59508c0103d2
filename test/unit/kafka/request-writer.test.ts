import { describe, expect, it } from 'vitest';
import { RequestWriter, ResponseReader } from '../../../kafka/wire/request-writer.ts';

const ID = '0123456789abcdef0123456789abcdef';
const hex = (text: string): string => text.replaceAll(/\s/g, '');
const written = (writer: RequestWriter): string => Buffer.concat(writer.pieces()).toString('hex');
const reader = (text: string): ResponseReader => new ResponseReader(Buffer.from(hex(text), 'hex'));

describe('a request', () => {
  it('has its fields in the format of Kafka, one after another', () => {
    const request = new RequestWriter()
      .int8(-1)
      .int8(127)
      .int16(-2)
      .int16(258)
      .int32(-3)
      .int32(16_909_060)
      .int64(-4)
      .int64(2 ** 40 + 5);
    request.string('é').string('').string(null).uuid(ID).compactString('é').compactString('').compactArray(0).compactArray(2).tags();
    expect(written(request)).toBe(
      hex(`ff 7f fffe 0102 fffffffd 01020304 fffffffffffffffc 0000010000000005
        0002 c3a9 0000 ffff ${ID} 03 c3a9 01 01 03 00`),
    );
  });

  it.each([
    [0, '01'],
    [126, '7f'],
    [127, '8001'],
    [16_382, 'ff7f'],
    [16_383, '808001'],
    [2 ** 21 - 1, '80808001'],
  ])('writes a length of %i as one more, in seven bits per byte', (length, prefix) => {
    expect(written(new RequestWriter().compactArray(length))).toBe(prefix);
    const text = 'x'.repeat(length);
    expect(written(new RequestWriter().compactString(text))).toBe(prefix + Buffer.from(text).toString('hex'));
  });

  it('of any size is in order', () => {
    const request = new RequestWriter();
    for (let n = 0; n < 2_000; n += 1) request.int8(1).int16(2).int32(3).int64(4).uuid(ID).string('abc').compactString('de').tags();
    expect(written(request)).toBe(hex(`01 0002 00000003 0000000000000004 ${ID} 0003 616263 03 6465 00`).repeat(2_000));
    const long = 'long'.repeat(5_000);
    expect(written(new RequestWriter().int8(1).string(long).int8(2))).toBe(`014e20${Buffer.from(long).toString('hex')}02`);
  });

  it('contains large parts without copying them', () => {
    const [large, none] = [Buffer.alloc(70_000, 7), Buffer.alloc(0)];
    const pieces = new RequestWriter().int8(1).piece(large).piece(none).int8(2).pieces();
    expect(pieces).toContain(large);
    expect(Buffer.concat(pieces)).toEqual(Buffer.concat([Buffer.from([1, 0, 1, 0x11, 0x70]), large, Buffer.from([0, 0, 0, 0, 2])]));
  });
});

describe('an answer', () => {
  it('is read field by field', () => {
    const answer = reader(`fffe 0102 fffffffd fffffffffffffffc 0000010000000005 0002 c3a9 ffff 0000
      ${ID} 03 c3a9 00 01 00000002 0001 0002 ffffffff 03 0003 0004 00 7f`);
    const numbers = [answer.int16(), answer.int16(), answer.int32(), answer.int64(), answer.int64()];
    expect(numbers).toEqual([-2, 258, -3, -4, 2 ** 40 + 5]);
    expect([answer.string(), answer.string(), answer.string(), answer.uuid()]).toEqual(['é', '', '', ID]);
    expect([answer.compactString(), answer.compactString(), answer.compactString()]).toEqual(['é', '', '']);
    const int16 = () => answer.int16();
    expect([answer.array(int16), answer.array(int16)]).toEqual([[1, 2], []]);
    expect([answer.compactArray(int16), answer.compactArray(int16)]).toEqual([[3, 4], []]);
    expect(answer.bytes.length - answer.at).toBe(1);
  });

  it.each([
    ['00', 0],
    ['01', 0],
    ['7f', 126],
    ['8001', 127],
    ['808001', 16_383],
    ['ffffffff0f', 2 ** 32 - 2],
  ])('with a length of %s has %i', (bytes, length) => {
    expect(reader(bytes).compactLength()).toBe(length);
  });

  it('may have unknown fields, which are skipped', () => {
    const answer = reader(`00 01 05 00 02 00 01 ff 8001 8101 ${'aa'.repeat(129)}0007`);
    answer.tags();
    answer.tags();
    answer.tags();
    expect(answer.int16()).toBe(7);
  });
});
