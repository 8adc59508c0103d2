/** A line of a file without its end; `text` is undefined where the line is no UTF-8, longer than is allowed, or both. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string | undefined;
  readonly problem: string | undefined;
  /** Bytes of the file up to the end of this line. */
  readonly end: number;
}

export const LINE_BYTES_MAX = 65_536;

const LF = 0x0a;
const CR = 0x0d;

/** Splits bytes at LF or CRLF, a mark at the very start left out. Holds one line at most, and of an endless one only its beginning. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  let end = 0;

  const take = (part: Buffer): void => {
    if (length <= LINE_BYTES_MAX && part.length > 0) parts.push(part);
    length += part.length;
  };
  const line = (): Line => {
    const made = length > LINE_BYTES_MAX ? tooLong(number, end) : lineOf(Buffer.concat(parts), number, end, decoder);
    parts = [];
    length = 0;
    number += 1;
    return made;
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, start)) {
      take(bytes.subarray(start, at));
      end += at + 1 - start;
      start = at + 1;
      yield line();
    }
    take(bytes.subarray(start));
    end += bytes.length - start;
  }
  if (length > 0) yield line();
}

function tooLong(number: number, end: number): Line {
  return { number, text: undefined, problem: `the line is longer than ${LINE_BYTES_MAX} bytes`, end };
}

function lineOf(bytes: Buffer, number: number, end: number, decoder: InstanceType<typeof TextDecoder>): Line {
  try {
    const text = decoder.decode(bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes);
    return { number, text: number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text, problem: undefined, end };
  } catch {
    return { number, text: undefined, problem: 'the line is not UTF-8 text', end };
  }
}
