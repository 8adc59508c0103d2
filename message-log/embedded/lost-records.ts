import { decodeBatch } from './batch.ts';
import { columnsOf, HEADER_BYTES, RECORD_BYTES, recordsOf } from './frame.ts';

/** A record that can no longer be trusted; even these details of it may be damaged. */
export interface LostRecord {
  readonly topic: string;
  readonly sensor: number;
  /** ISO 8601. */
  readonly at: string;
}

const NAMED_MAX = 20;
const TIME_MAX = 8_640_000_000_000_000;

/** The records of damaged commits, as far as they can be recognised. */
export function lostRecords(bodies: readonly Buffer[]): readonly LostRecord[] {
  return bodies.flatMap(recordsIn).slice(0, NAMED_MAX);
}

function recordsIn(body: Buffer): readonly LostRecord[] {
  try {
    return decodeBatch(body).frames.flatMap(({ topic, bytes }) => {
      const records = bytes.length < HEADER_BYTES ? 0 : recordsOf(bytes);
      if (HEADER_BYTES + records * RECORD_BYTES > bytes.length) return [];
      const [columns, base] = [columnsOf(bytes, records), bytes.readDoubleLE(24)];
      return Array.from({ length: records }, (_, i) => {
        const at = base + (columns[records + i] as number);
        return { topic, sensor: columns[i] as number, at: at >= 0 && at < TIME_MAX ? new Date(at).toISOString() : 'unknown' };
      });
    });
  } catch {
    return [];
  }
}
