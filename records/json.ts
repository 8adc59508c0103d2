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

/**
 * What was decoded, if it is about the sensor that its record's key names. One that isn't was damaged before it was written, or is another
 * program's: it would show and mail somebody else's alarm.
 */
export function aboutKey<T>(decoded: Decoded<T>, key: number, sensorOf: (value: T) => number | undefined, what: string): Decoded<T> {
  if (decoded.value === undefined || sensorOf(decoded.value) === key) return decoded;
  return { problem: `not ${what} of the sensor that is its key` };
}

/** Like `decodeJson`, for a value from `parseJson`. */
export function validate<T>(schema: ZodType, json: unknown, what: string): Decoded<T> {
  if (json === undefined) return { problem: 'not JSON' };
  const result = schema.safeParse(json);
  if (result.success) return { value: json as T };
  const issues = result.error.issues.slice(0, PROBLEMS_NAMED).map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
  return { problem: `not ${what}: ${issues.join(', ')}` };
}
