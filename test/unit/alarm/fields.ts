import { AT, ID, MAX_TEMPERATURE, MOTION, SEQ, SMOKE, TEMPERATURE } from '../../../alarm/field-names.ts';

/** Every field of a status, by the name that the contract gives it. */
export const FIELDS = [
  ['id', ID],
  ['motion', MOTION],
  ['smoke', SMOKE],
  ['temperature', TEMPERATURE],
  ['maxTemperature', MAX_TEMPERATURE],
  ['at', AT],
  ['seq', SEQ],
] as const;
