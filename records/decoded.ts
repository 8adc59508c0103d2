import type { ZodType } from 'zod';
import type { RecordBatch } from '../message-log/port.ts';

/** What was read, nothing where a record is of no interest, or why it can't be read. */
export type Decoded<T> = { readonly value: T | undefined; readonly problem?: never } | { readonly problem: string; readonly value?: never };

export interface Unreadable {
  readonly i: number;
  readonly problem: string;
}

/** The records of a batch, those that can be read apart from those that can't. */
export function decoded<T>(batch: RecordBatch, decode: (text: string) => Decoded<T>) {
  const read: { readonly i: number; readonly value: T }[] = [];
  const unreadable: Unreadable[] = [];
  for (let i = 0; i < batch.length; i += 1) {
    const { value, problem } = decode(batch.bytes.toString('utf8', batch.start(i), batch.end(i)));
    if (problem !== undefined) unreadable.push({ i, problem });
    else if (value !== undefined) read.push({ i, value });
  }
  return { read, unreadable };
}

/** Undefined for what isn't JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value as it came, fields beyond the schema too. `what` is "a …", for the reason. */
export function checked<T>(schema: ZodType, json: unknown, what: string): Decoded<T> {
  if (json === undefined) return { problem: 'not JSON' };
  const result = schema.safeParse(json);
  if (result.success) return { value: json as T };
  const issues = result.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
  return { problem: `not ${what}: ${issues.join(', ')}` };
}
