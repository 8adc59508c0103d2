import { describe, expect, it } from 'vitest';
import { unpackLz4 } from '../../../kafka/wire/lz4.ts';
import { Unpacked } from '../../../kafka/wire/unpacked.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** Frame with blocks that may refer to each other, without checksums or size. */
const frame = (...blocks: string[]): string => `04224d18 40 40 c0 ${blocks.join(' ')} 00000000`;
const unpack = (text: string, most = 1_000): string => unpackLz4(hex(text), most).toString('latin1');

describe('bytes that are unpacked', () => {
  it('grow up to the limit, and no further', () => {
    const unpacked = new Unpacked(1, 6);
    unpacked.copy(Buffer.from('?????ab?'), 5, 7);
    unpacked.repeat(2, 3);
    expect([unpacked.bytes().toString(), unpacked.length]).toEqual(['ababa', 5]);
    unpacked.repeat(1, 1);
    expect(unpacked.bytes().toString()).toBe('ababaa');
    expect(() => unpacked.copy(Buffer.from('c'), 0, 1)).toThrow('more than 6 bytes when unpacked');
    expect(() => unpacked.repeat(1, 1)).toThrow('more than 6 bytes when unpacked');
    expect(unpacked.bytes().toString()).toBe('ababaa');
  });

  it('may be repeated with overlap', () => {
    const unpacked = new Unpacked(100, 100);
    unpacked.copy(Buffer.from('xyz'), 0, 3);
    unpacked.repeat(1, 4);
    unpacked.repeat(7, 9);
    expect(unpacked.bytes().toString()).toBe('xyzzzzzxyzzzzzxy');
  });
});

describe('LZ4', () => {
  it('has literals, and matches in earlier bytes', () => {
    expect(unpack(frame('05000000 40 61626364'))).toBe('abcd');
    // Two literals, then six bytes of two before; one literal.
    expect(unpack(frame('07000000 22 6162 0200 10 7a'))).toBe('abababab' + 'z');
    // In an earlier block.
    expect(unpack(frame('03000000 20 6162', '05000000 00 0200 10 7a'))).toBe('ababab' + 'z');
  });

  it('has lengths beyond fifteen in further bytes', () => {
    const literals = 'ab'.repeat(15);
    expect(unpack(frame(`11000000 f0 00 ${'61'.repeat(15)}`))).toBe('a'.repeat(15));
    expect(unpack(frame(`20000000 f0 0f ${'61'.repeat(30)}`))).toBe('a'.repeat(30));
    expect(unpack(frame(`11010000 f0 ff 00 ${'61'.repeat(270)}`))).toBe('a'.repeat(270));
    expect(unpack(frame('07000000 1f 61 0100 02 10 7a'))).toBe(`${'a'.repeat(1 + 17 + 4)}z`);
    expect(literals).toHaveLength(30);
  });

  it('may be stored unpacked, with checksums, sizes, and frames to be skipped', () => {
    expect(unpack(frame('02000080 6162'))).toBe('ab');
    expect(unpack('04224d18 50 40 c0 02000080 6162 ffffffff 01000080 63 eeeeeeee 00000000')).toBe('abc');
    expect(unpack('04224d18 44 40 c0 01000080 61 00000000 dddddddd')).toBe('a');
    expect(unpack(`04224d18 44 40 c0 01000080 61 00000000 dddddddd ${frame('01000080 62')}`)).toBe('ab');
    expect(unpack('04224d18 48 40 0100000000000000 c0 01000080 61 00000000')).toBe('a');
    for (const magic of ['502a4d18', '5f2a4d18']) expect(unpack(`${magic} 03000000 ffffff ${frame('01000080 61')}`)).toBe('a');
    expect(unpack(frame('01000080 61') + frame('01000080 62'))).toBe('ab');
    expect(unpack('')).toBe('');
  });

  it.each([
    ['no frame of LZ4', '05224d18 40 40 c0 00000000'],
    ['no frame of LZ4', '602a4d18 00000000'],
    ['another kind', '04224d18 80 40 c0 00000000'],
    ['another kind', '04224d18 c0 40 c0 00000000'],
    ['another kind', '04224d18 41 40 00000000 c0 00000000'],
    ['a truncated block of LZ4', '04224d18 40 40 c0 03000080 6162'],
    ['a truncated length of LZ4', frame('01000000 f0')],
    ['a truncated length of LZ4', frame('02000000 f0 ff')],
    ['truncated literals of LZ4', frame('03000000 30 6162')],
    ['a truncated match of LZ4', frame('04000000 20 6162 01')],
    ['a match of LZ4 before the beginning', frame('05000000 20 6162 0000')],
    ['a match of LZ4 before the beginning', frame('05000000 20 6162 0300')],
    ['a match of LZ4 before the beginning', frame('01000080 61') + frame('05000000 10 62 0200')],
    ['more than 3 bytes', frame('05000000 40 61626364')],
  ])('that is %s is reported: %s', (words, packed) => {
    expect(() => unpack(packed, words.startsWith('more') ? 3 : 1_000)).toThrow(words);
  });
});
