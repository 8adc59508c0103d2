import type { ZodType } from 'zod';

/** The value; undefined for a record that its reader skips; or the reason why it can't be read. */
export type Decoded<T> = { readonly value: T | undefined; readonly problem?: never } | { readonly problem: string; readonly value?: never };

const PROBLEMS_NAMED = 5;

/** Reads a record's value. Fields beyond the schema are kept as they are. `what` is "a …", for the reason. */
export function decodeJson<T>(schema: ZodType, text: string, what: string): Decoded<T> {
  return validate(schema, parseJson(text), what);
}

/** Undefined for what isn't JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Like `decodeJson`, for a value from `parseJson`. */
export function validate<T>(schema: ZodType, json: unknown, what: string): Decoded<T> {
  if (json === undefined) return { problem: 'not JSON' };
  const result = schema.safeParse(json);
  if (result.success) return { value: json as T };
  const issues = result.error.issues.slice(0, PROBLEMS_NAMED).map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
  return { problem: `not ${what}: ${issues.join(', ')}` };
}
