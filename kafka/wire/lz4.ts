import { Unpacked } from './unpacked.ts';
import { OwnError } from '../../runtime/errors.ts';

/** LZ4 as Kafka's producers write it: frames (lz4_Frame_format) whose blocks may refer back to earlier ones. Throws on anything else. */
const MAGIC = 0x18_4d_22_04;
const SKIPPABLE = 0x18_4d_2a_50;
const VERSION_MASK = 0xc0;
const VERSION = 0x40;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
const STORED = 0x80_00_00_00;
const SHORTEST_MATCH = 4;

/** Ignores the checksums of the format, since the batch's own checksum was verified. */
export function unpackLz4(packed: Buffer, most: number): Buffer {
  const unpacked = new Unpacked(packed.length * 4, most);
  let at = 0;
  while (at < packed.length) {
    const magic = packed.readUInt32LE(at);
    if ((magic & ~0x0f) >>> 0 === SKIPPABLE) at += 8 + packed.readUInt32LE(at + 4);
    else if (magic === MAGIC) at = unpackFrame(packed, at + 4, unpacked);
    else throw new OwnError('no frame of LZ4');
  }
  return unpacked.bytes();
}

/** `at`: after the magic number. Returns where the frame ends. */
function unpackFrame(packed: Buffer, at: number, unpacked: Unpacked): number {
  const flags = packed.readUInt8(at);
  if ((flags & VERSION_MASK) !== VERSION || flags & DICTIONARY) throw new OwnError('a frame of LZ4 of another kind');
  // Flags, size of blocks, checksum of the header.
  let next = at + 3 + (flags & CONTENT_SIZE ? 8 : 0);
  const began = unpacked.length;
  for (let size = packed.readUInt32LE(next); size !== 0; size = packed.readUInt32LE(next)) {
    const from = next + 4;
    const to = from + (size & ~STORED);
    if (to > packed.length) throw new OwnError('a truncated block of LZ4');
    if (size & STORED) unpacked.copy(packed, from, to);
    else unpackBlock(packed, from, to, unpacked, began);
    next = to + (flags & BLOCK_CHECKSUM ? 4 : 0);
  }
  return next + 4 + (flags & CONTENT_CHECKSUM ? 4 : 0);
}

function unpackBlock(packed: Buffer, from: number, to: number, unpacked: Unpacked, began: number): void {
  let at = from;
  /** A length whose first four bits are in the token. */
  const length = (bits: number): number => {
    let sum = bits;
    if (bits === 15) {
      let more = 255;
      while (more === 255) {
        if (at >= to) throw new OwnError('a truncated length of LZ4');
        more = packed[at++] as number;
        sum += more;
      }
    }
    return sum;
  };
  while (at < to) {
    const token = packed[at++] as number;
    const literals = length(token >>> 4);
    if (at + literals > to) throw new OwnError('truncated literals of LZ4');
    unpacked.copy(packed, at, at + literals);
    at += literals;
    // The last sequence of a block has literals only.
    if (at === to) return;
    if (at + 2 > to) throw new OwnError('a truncated match of LZ4');
    const distance = packed.readUInt16LE(at);
    at += 2;
    if (distance === 0 || distance > unpacked.length - began) throw new OwnError('a match of LZ4 before the beginning');
    unpacked.repeat(distance, length(token & 15) + SHORTEST_MATCH);
  }
}
