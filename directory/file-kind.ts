import { OwnError } from '../runtime/errors.ts';

/** What a file is, by its first bytes: text in an encoding, or why it isn't text. */
export type FileKind = { readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' } | { readonly problem: string };

const SAVE_AS = 'save it as CSV (UTF-8)';
/** Files that people mistake for CSV. */
const OTHERS: readonly (readonly [start: readonly number[], problem: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], `the file is a spreadsheet or a zip archive: ${SAVE_AS}`],
  [[0xd0, 0xcf, 0x11, 0xe0], `the file is a spreadsheet in the old format (.xls): ${SAVE_AS}`],
  [[0x1f, 0x8b], 'the file is compressed: unpack it with gunzip'],
  [[0x25, 0x50, 0x44, 0x46], `the file is a PDF: ${SAVE_AS}`],
];

export function kindOf(head: Uint8Array): FileKind {
  const startsWith = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  for (const [start, problem] of OTHERS) if (startsWith(...start)) return { problem };
  if (startsWith(0xff, 0xfe)) return { encoding: 'utf-16le' };
  if (startsWith(0xfe, 0xff)) return { encoding: 'utf-16be' };
  // Without a byte order mark: a header or an id is ASCII, so every other byte is 0.
  if (head[1] === 0 && head[0] !== 0) return { encoding: 'utf-16le' };
  if (head.length > 1 && head[0] === 0 && head[1] !== 0) return { encoding: 'utf-16be' };
  return { encoding: 'utf-8' };
}

/** The bytes of a text file as UTF-8; rejects with NotText, which says what the file is, if it isn't text. */
export async function* utf8Of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let first = true;
  for await (const chunk of chunks) {
    if (first) decoder = decoderFor(kindOf(chunk));
    first = false;
    yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk;
  }
  const rest = decoder?.decode();
  if (rest) yield Buffer.from(rest);
}

/** The file isn't text. */
export class NotText extends OwnError {}

function decoderFor(kind: FileKind): InstanceType<typeof TextDecoder> | undefined {
  if ('problem' in kind) throw new NotText(kind.problem);
  return kind.encoding === 'utf-8' ? undefined : new TextDecoder(kind.encoding);
}
