/** Recognises the fields of a status by their names, four bytes at a time. */

/** Bits, so that a set of fields is a number. */
export const UNKNOWN = 0;
export const ID = 1;
export const MOTION = 2;
export const SMOKE = 4;
export const TEMPERATURE = 8;
export const MAX_TEMPERATURE = 16;
export const AT = 32;
export const SEQ = 64;
/** All that may be missing, by their names. */
export const FIELD_NAMES = [
  [MOTION, 'motion'],
  [SMOKE, 'smoke'],
  [TEMPERATURE, 'temperature'],
  [MAX_TEMPERATURE, 'maxTemperature'],
  [AT, 'at'],
  [SEQ, 'seq'],
] as const;

/** What detectors say. */
export const DETECTORS = MOTION | SMOKE | TEMPERATURE | MAX_TEMPERATURE;

const QUOTE = 0x22;
const wordOf = (text: string): number => word(Buffer.from(text, 'latin1'), 0);
const ID_ = 0x64;
const AT_ = 0x74;
const MOTI = wordOf('moti');
const ION_ = wordOf('ion"');
const SMOK = wordOf('smok');
const OKE_ = wordOf('oke"');
const TEMP = wordOf('temp');
const ERAT = wordOf('erat');
const URE_ = wordOf('ure"');
const MAXT = wordOf('maxT');
const EMPE = wordOf('empe');
const RATU = wordOf('ratu');
const SEQ_ = wordOf('seq"');

/** Four bytes as one integer. Beyond the buffer they count as zero. */
export function word(bytes: Buffer, i: number): number {
  return (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
}

/** The field whose name, closing quote included, begins at `i`. */
export function fieldAt(bytes: Buffer, i: number): number {
  switch (bytes[i]) {
    case 0x69: // i
      return bytes[i + 1] === ID_ && bytes[i + 2] === QUOTE ? ID : UNKNOWN;
    case 0x6d: // m
      if (word(bytes, i) === MOTI) return word(bytes, i + 3) === ION_ ? MOTION : UNKNOWN;
      return word(bytes, i) === MAXT && word(bytes, i + 4) === EMPE && word(bytes, i + 8) === RATU && word(bytes, i + 11) === URE_
        ? MAX_TEMPERATURE
        : UNKNOWN;
    case 0x73: // s
      if (word(bytes, i) === SMOK) return word(bytes, i + 2) === OKE_ ? SMOKE : UNKNOWN;
      return word(bytes, i) === SEQ_ ? SEQ : UNKNOWN;
    case 0x74: // t
      return word(bytes, i) === TEMP && word(bytes, i + 4) === ERAT && word(bytes, i + 8) === URE_ ? TEMPERATURE : UNKNOWN;
    case 0x61: // a
      return bytes[i + 1] === AT_ && bytes[i + 2] === QUOTE ? AT : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** Length of a known field's name with its closing quote. */
export function nameLength(field: number): number {
  switch (field) {
    case TEMPERATURE:
      return 12;
    case MAX_TEMPERATURE:
      return 15;
    case MOTION:
      return 7;
    case SMOKE:
      return 6;
    case SEQ:
      return 4;
    default:
      return 3;
  }
}
