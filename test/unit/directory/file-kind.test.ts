import { describe, expect, it } from 'vitest';
import { kindOf, NotText, utf8Of } from '../../../directory/file-kind.ts';

const OTHERS: readonly (readonly [string, number[]])[] = [
  ['the file is a spreadsheet or a zip archive: save it as CSV (UTF-8)', [0x50, 0x4b, 0x03, 0x04]],
  ['the file is a spreadsheet in the old format (.xls): save it as CSV (UTF-8)', [0xd0, 0xcf, 0x11, 0xe0]],
  ['the file is compressed: unpack it with gunzip', [0x1f, 0x8b]],
  ['the file is a PDF: save it as CSV (UTF-8)', [0x25, 0x50, 0x44, 0x46]],
];

async function read(...chunks: readonly (string | Buffer)[]): Promise<string> {
  async function* given() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const read: Uint8Array[] = [];
  for await (const chunk of utf8Of(given())) read.push(chunk);
  return Buffer.concat(read).toString();
}

describe('what a file is', () => {
  it.each(OTHERS)('is recognised if it is no text: %s', async (problem, start) => {
    expect(kindOf(Uint8Array.of(...start, 9, 9))).toEqual({ problem });
    await expect(read(Buffer.from([...start, 9, 9]))).rejects.toThrow(NotText);
    // All of its first bytes show it, or none.
    for (const [i, byte] of start.entries()) expect(kindOf(Uint8Array.of(...start.with(i, byte ^ 1), 9))).toEqual({ encoding: 'utf-8' });
  });

  it.each([
    ['utf-8', 'id,name'],
    ['utf-8', '\uFEFFid,name'],
    ['utf-8', '7'],
    ['utf-8', ''],
    ['utf-8', '\u0000\u0000\u0000'],
    ['utf-8', '\u0000'],
  ] as const)('is %s where it begins with %j', (encoding, text) => {
    expect(kindOf(Buffer.from(text))).toEqual({ encoding });
  });

  it.each([
    ['with a mark', [0xff, 0xfe, 0x41, 0x01], [0xfe, 0xff, 0x01, 0x41]],
    ['with a mark alone', [0xff, 0xfe], [0xfe, 0xff]],
    ['without a mark', [0x69, 0x00, 0x64, 0x00], [0x00, 0x69, 0x00, 0x64]],
    ['of one letter', [0x37, 0x00], [0x00, 0x37]],
  ])('is UTF-16 %s, either way round', (_, little, big) => {
    expect([kindOf(Uint8Array.from(little)), kindOf(Uint8Array.from(big))]).toEqual([{ encoding: 'utf-16le' }, { encoding: 'utf-16be' }]);
  });

  it.each([
    [0xff, 0x41],
    [0x41, 0xfe],
    [0xfe, 0x41],
    [0x41, 0xff],
  ])('is not UTF-16 for half a mark: %i %i', (...bytes) => {
    expect(kindOf(Uint8Array.from(bytes))).toEqual({ encoding: 'utf-8' });
  });
});

describe('the text of a file', () => {
  it('is the same in every encoding, however it is cut', async () => {
    const text = 'id,Łódź\n1,😀\n';
    const bytes = Buffer.from(text, 'utf16le');
    const ofOne = (all: Buffer): Buffer[] => Array.from({ length: all.length - 2 }, (_, i) => all.subarray(i + 2, i + 3));
    expect(await read(text.slice(0, 5), text.slice(5))).toBe(text);
    expect(await read(bytes.subarray(0, 2), ...ofOne(bytes))).toBe(text);
    const swapped = Buffer.from(bytes).swap16();
    expect(await read(swapped.subarray(0, 2), ...ofOne(swapped))).toBe(text);
  });

  it('is in one encoding to its end, whatever a later part begins with', async () => {
    expect(await read('id\n', Buffer.from([0x1f, 0x8b]), 'x')).toBe('id\n\u001f\ufffdx');
  });

  it('shows that it was cut off in the middle of a letter', async () => {
    expect(await read(Buffer.from([0x69, 0x00, 0x64]))).toBe('i\ufffd');
  });
});
