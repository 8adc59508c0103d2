/** A line of a file without its line end; `text` is undefined, and `problem` set, if it is too long. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string | undefined;
  readonly problem: string | undefined;
  /** Why the text may be wrong. */
  readonly doubt: string | undefined;
}

export const LINE_BYTES_MAX = 65_536;

const LF = 0x0a;
const CR = 0x0d;

/** Splits bytes at LF, CRLF or CR, and removes a byte order mark. Holds at most one line, and only the beginning of one that is too long. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  /** The last byte was a CR: a LF that follows belongs to the same line end. */
  let afterCr = false;

  const take = (part: Buffer): void => {
    if (length <= LINE_BYTES_MAX && part.length > 0) parts.push(part);
    length += part.length;
  };
  const line = (): Line => {
    const made = length > LINE_BYTES_MAX ? tooLong(number) : lineOf(Buffer.concat(parts), number);
    parts = [];
    length = 0;
    number += 1;
    return made;
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === LF && afterCr && at === start) start += 1;
      else if (byte === LF || byte === CR) {
        take(bytes.subarray(start, at));
        start = at + 1;
        yield line();
      }
      afterCr = byte === CR;
    }
    take(bytes.subarray(start));
  }
  if (length > 0) yield line();
}

function tooLong(number: number): Line {
  return { number, text: undefined, problem: `the line is longer than ${LINE_BYTES_MAX} bytes`, doubt: undefined };
}

function lineOf(bytes: Buffer, number: number): Line {
  const [text, doubt] = textOf(bytes);
  return { number, text: number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text, problem: undefined, doubt };
}

/** The encoding of spreadsheets without UTF-8: Latin-1 with these signs in place of control characters. Spelled out, since not every Node has it. */
const WESTERN = 'windows-1252';
const WESTERN_SIGNS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer): readonly [text: string, doubt: string | undefined] {
  try {
    return [utf8.decode(bytes), undefined];
  } catch {
    const text = bytes.toString('latin1').replace(/[\u0080-\u009f]/g, (sign) => WESTERN_SIGNS.charAt(sign.charCodeAt(0) - 0x80));
    return [text, `is not UTF-8 and was read as ${WESTERN}`];
  }
}
