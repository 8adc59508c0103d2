import { ID, REQUIRED } from './field-names.ts';
import { scan } from './scan.ts';
import { emptyStatus, type Recovery, STATUS_BYTES_MAX, type Status } from './status.ts';
import { readUsualForm } from './usual-form.ts';
import { parseRecovery, parseStatus } from './validate.ts';

export { forEachLine, forEachMember } from './members.ts';

/**
 * Reads the status in bytes[start, end) into `into`, a reused object. Answers undefined when it is valid, else why not; then `into` is not
 * to be used. Values may be JSON literals or, as in the reference system, strings that hold one; unknown fields are ignored.
 */
export function decodeStatus(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
  if (readUsualForm(bytes, start, into) === end) return undefined;
  if (end - start <= STATUS_BYTES_MAX) {
    const found = scan(bytes, start, end, into);
    if (found > 0 && (found & REQUIRED) === REQUIRED) return undefined;
  }
  return parseStatus(bytes, start, end, into);
}

const scratch = emptyStatus();

/** Reads a recovery: `{"id":42959}`, or a whole status whose other fields may hold any JSON. */
export function decodeRecovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
  if (end - start <= STATUS_BYTES_MAX) {
    const found = scan(bytes, start, end, scratch);
    if (found > 0 && (found & ID) !== 0) {
      into.id = scratch.id;
      into.at = scratch.at;
      return undefined;
    }
  }
  return parseRecovery(bytes, start, end, into);
}
