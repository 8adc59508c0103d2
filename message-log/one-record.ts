import type { Records } from './port.ts';

/** The argument for an append of one record. Text is written as UTF-8. */
export function oneRecord(key: number, value: string | Uint8Array): Records {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { length: 1, bytes, keys: [key], starts: [0], ends: [bytes.length] };
}
