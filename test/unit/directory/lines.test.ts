import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_BYTES_MAX, type Line, linesOf } from '../../../directory/lines.ts';

describe('lines of a file', () => {
  it('ends lines at LF and CRLF, and needs no end after the last', async () => {
    expect(textsOf(await read(['a\nb\r\n\nc']))).toEqual(['a', 'b', '', 'c']);
  });

  it('leaves out a mark at the start, and only there', async () => {
    expect(textsOf(await read(['\uFEFFid\n\uFEFFid\n']))).toEqual(['id', '\uFEFFid']);
  });

  it('ends lines at CR alone too, as files of old Macs have it', async () => {
    expect(textsOf(await read(['a\rb\r', '\nc\r\rd']))).toEqual(['a', 'b', 'c', '', 'd']);
  });

  it('reads a line that is not UTF-8 as what spreadsheets write, and says so', async () => {
    const lines = await read([
      Buffer.concat([Buffer.from('good\n'), Buffer.from([0x4a, 0xfc, 0x80, 0x93, 0x9f, 0x0a]), Buffer.from('ñ\n')]),
    ]);
    expect(lines.map(({ text }) => text)).toEqual(['good', 'Jü€“Ÿ', 'ñ']);
    expect(lines.map(({ doubt }) => doubt)).toEqual([undefined, 'is not UTF-8 and was read as windows-1252', undefined]);
  });

  it('takes a line of 64 KiB, and none that is longer', async () => {
    const lines = await read(['x'.repeat(65_536), '\n', 'y'.repeat(30_000), 'y'.repeat(35_537), '\nz']);
    expect(lines.map(({ text, problem }) => text ?? problem)).toEqual(['x'.repeat(65_536), 'the line is longer than 65536 bytes', 'z']);
  });

  it('passes over an endless line without keeping it', async () => {
    const endless = Array.from({ length: 40 }, () => 'x'.repeat(10_000));
    const lines = await read(['a\n', ...endless, '\nb\n']);
    expect(lines.map(({ number, text, problem }) => [number, text ?? problem])).toEqual([
      [1, 'a'],
      [2, `the line is longer than ${LINE_BYTES_MAX} bytes`],
      [3, 'b'],
    ]);
  });

  it('gives the same lines however the bytes are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'é', '山', '\n', '\r', '"', ','), maxLength: 60 }),
        fc.nat(),
        async (text, seed) => {
          const bytes = Buffer.from(text);
          const chunks: Buffer[] = [];
          for (let at = 0, step = seed; at < bytes.length; step = (step * 31 + 7) % 997) {
            chunks.push(bytes.subarray(at, at + 1 + (step % 5)));
            at += 1 + (step % 5);
          }
          expect(await read(chunks)).toEqual(await read([bytes]));
          const expected = text.split(/\r\n|\r|\n/);
          expect(textsOf(await read([bytes]))).toEqual(expected.at(-1) === '' ? expected.slice(0, -1) : expected);
        },
      ),
    );
  });
});

async function read(chunks: readonly (string | Uint8Array)[]): Promise<Line[]> {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  const lines: Line[] = [];
  for await (const line of linesOf(bytes())) lines.push(line);
  return lines;
}

function textsOf(lines: readonly Line[]): (string | undefined)[] {
  return lines.map(({ text }) => text);
}
