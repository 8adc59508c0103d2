/** Unpacks what other producers compressed. Hardly ever needed: our topics ask brokers to store records uncompressed. */
import { gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import snappy from 'snappyjs';
import { OwnError, reasonOf } from '../../runtime/errors.ts';
import { unpackLz4 } from './lz4.ts';
import { Unpacked } from './unpacked.ts';

/** A packed batch has at most 2 MiB; what honest producers pack into that is far smaller than this. */
export const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

type Codec = (packed: Buffer, most: number) => Buffer;

/** By their numbers in a batch's attributes. */
const CODECS: readonly (Codec | undefined)[] = [
  undefined,
  (packed, maxOutputLength) => gunzipSync(packed, { maxOutputLength }),
  unpackSnappy,
  unpackLz4,
  unpackZstandard,
];

/** The unpacked records, or why they can't be unpacked. */
export function unpacked(compression: number, packed: Buffer, most = UNPACKED_BYTES_MAX): Buffer | string {
  const codec = CODECS[compression];
  if (!codec) return `compression ${compression} is not known`;
  try {
    return codec(packed, most);
  } catch (error) {
    return `compressed records: ${reasonOf(error)}`;
  }
}

/** Java clients put Snappy blocks into a stream of their own: these bytes, two versions, then blocks with their lengths. */
const JAVA_STREAM = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const VERSIONS_BYTES = 8;

function unpackSnappy(packed: Buffer, most: number): Buffer {
  if (!packed.subarray(0, JAVA_STREAM.length).equals(JAVA_STREAM)) return snappy.uncompress(packed, most);
  const stream = new Unpacked(packed.length * 2, most);
  for (let at = JAVA_STREAM.length + VERSIONS_BYTES; at < packed.length; ) {
    const end = at + 4 + packed.readUInt32BE(at);
    if (end > packed.length) throw new OwnError('a truncated block of Snappy');
    const block = snappy.uncompress(packed.subarray(at + 4, end), most - stream.length);
    stream.copy(block, 0, block.length);
    at = end;
  }
  return stream.bytes();
}

function unpackZstandard(packed: Buffer, most: number): Buffer {
  if (windowOf(packed) > most) throw new OwnError(`more than ${most} bytes when unpacked`);
  const unpacked = new Unpacked(packed.length * 4, most);
  const stream = new Decompress((piece) => unpacked.copy(piece, 0, piece.length));
  stream.push(packed, true);
  return unpacked.bytes();
}

/** How much memory the frame asks for, before a byte of it is unpacked (RFC 8878, 3.1.1.1). */
function windowOf(frame: Buffer): number {
  const flags = frame.readUInt8(4);
  const singleSegment = (flags & 0x20) !== 0;
  if (!singleSegment) {
    const window = frame.readUInt8(5);
    const base = 2 ** (10 + (window >>> 3));
    return base + (base / 8) * (window & 7);
  }
  const at = 5 + ([0, 1, 2, 4][flags & 3] ?? 0);
  const sizes = [
    () => frame.readUInt8(at),
    () => frame.readUInt16LE(at) + 256,
    () => frame.readUInt32LE(at),
    () => Number(frame.readBigUInt64LE(at)),
  ];
  return sizes[flags >>> 6]?.() ?? 0;
}
