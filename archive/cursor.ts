import { PermanentError } from '../runtime/errors.ts';

/** The last alarm that a page examined. */
export interface PagePlace {
  readonly raisedAt: number;
  readonly id: string;
}

export function cursorOf({ raisedAt, id }: PagePlace): string {
  return Buffer.from(JSON.stringify([raisedAt, id])).toString('base64url');
}

/** Throws PermanentError `bad-cursor`. */
export function placeOfCursor(cursor: string): PagePlace {
  try {
    const [raisedAt, id, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (Number.isSafeInteger(raisedAt) && typeof id === 'string' && id.length <= 1_000 && rest.length === 0)
      return { raisedAt: raisedAt as number, id };
  } catch {
    // Reported below, as any other invalid cursor.
  }
  throw new PermanentError('bad-cursor', 'the cursor was not issued by this list');
}
