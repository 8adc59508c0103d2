import { DETECTORS, ID, MAX_TEMPERATURE, MOTION, SMOKE, TEMPERATURE } from './field-names.ts';
import { scan } from './scan.ts';
import { emptyStatus, type Recovery, STATUS_BYTES_MAX, type Status } from './status.ts';
import { readUsualForm } from './usual-form.ts';
import { parseRecovery, parseStatus } from './validate.ts';

export { forEachLine, forEachMember } from './members.ts';

const TOO_LONG = `longer than ${STATUS_BYTES_MAX} bytes`;

/**
 * Reads the status in bytes[start, end) into `into`, a reused object. Answers undefined when it is taken, else why not; then `into` is not
 * to be used. It is taken as soon as its sensor is known: what a detector says counts though others say nothing, see `notReported`.
 */
export function decodeStatus(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
  if (readUsualForm(bytes, start, into) === end) return undefined;
  if (end - start > STATUS_BYTES_MAX) return TOO_LONG;
  const found = scan(bytes, start, end, into);
  if ((found & ID) === 0) return parseStatus(bytes, start, end, into);
  into.notReported = DETECTORS & ~found;
  into.unreadable = 0;
  into.repaired = undefined;
  if (into.notReported !== 0) clear(into, into.notReported);
  return undefined;
}

function clear(into: Status, fields: number): void {
  if ((fields & MOTION) !== 0) into.motion = false;
  if ((fields & SMOKE) !== 0) into.smoke = false;
  if ((fields & TEMPERATURE) !== 0) into.temperature = Number.NaN;
  if ((fields & MAX_TEMPERATURE) !== 0) into.maxTemperature = Number.NaN;
}

const scratch = emptyStatus();

/** Reads a recovery: `{"id":42959}`, or a whole status whose other fields may hold anything. */
export function decodeRecovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
  if (end - start > STATUS_BYTES_MAX) return TOO_LONG;
  const found = scan(bytes, start, end, scratch);
  if ((found & ID) === 0) return parseRecovery(bytes, start, end, into);
  into.id = scratch.id;
  into.at = scratch.at;
  into.repaired = undefined;
  return undefined;
}
