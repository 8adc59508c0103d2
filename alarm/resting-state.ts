/**
 * Recognises, by its bytes, the stored state of a sensor at which nothing is due: alarms are open, and nothing but a record or an action about the sensor changes
 * it. After a flood there are very many of these, and a restart has no use for them but a few numbers.
 */
import type { AlarmState } from './alarm.ts';
import { ALARM_BYTES, HIT_BYTES, LETTER_BYTES, SENSOR_BYTES } from './memory.ts';
import type { TypeBits, TypeSet } from './type-set.ts';

const ascii = (text: string): Uint8Array => Buffer.from(text);

const BEGINNING = ascii('{"v":3');
const KNOWN = ascii(',"known":[');
const TYPES = ascii(',"types":{');
const HITS = ascii(':{"hits":[');
const PROOF = ascii(',"proof":[');
const OPEN = ascii(',"open":[');
const TOPIC = ascii('{"topic":');
const PARTITION = ascii(',"partition":');
const OFFSET = ascii(',"offset":');
const AT = ascii(',"at":');
const SEQ = ascii(',"seq":');
const VALUE = ascii(',"value":');
const ID = ascii('{"id":');
const SENSOR = ascii(',"sensor":');
const TYPE = ascii(',"type":');
const SEVERITY = ascii(',"severity":');
const STATE = ascii(',"state":');
const VERSION = ascii(',"version":');
const RAISED_AT = ascii(',"raisedAt":');
const LAST_SEEN_AT = ascii(',"lastSeenAt":');
const EVIDENCE = ascii(',"evidence":[');
/** What changes of an alarm add behind it, in any order. */
const NUMBERS_ADDED = [ascii(',"unchangedSince":'), ascii(',"clearedAt":'), ascii(',"acknowledgedAt":')];
const TEXTS_ADDED = [ascii(',"acknowledgedBy":'), ascii(',"disposition":')];
const STATES = (['ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK'] satisfies AlarmState[]).map((state) => ascii(`"${state}"`));
const ACTIVE_STATES = 2;

const [QUOTE, BACKSLASH, COMMA, ZERO, NINE, CLOSING, CLOSED] = [0x22, 0x5c, 0x2c, 0x30, 0x39, 0x5d, 0x7d];
const [FIRST_LETTER, LAST_LETTER] = [0x20, 0x7e];
/** What may follow a backslash. `\u` is left to the parser of JSON. */
const ESCAPED: ReadonlySet<number> = new Set(ascii('"\\/bfnrt'));
const SETS_MAX = 256;
/** Of a reading in a list. */
const FIELDS = 3;

/** Where hits that are the evidence of an alarm stand a second time in its state. */
export interface Twice {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

/** Reads one state after the other; what was found is in its fields until the next. */
export class RestingState {
  /** The types that the sensor has reported. */
  known: TypeBits = 0;
  /** What `memoryOf` says of the state once it is read. */
  memory = 0;
  /** The types of which an alarm is active. */
  readonly active: string[] = [];
  twice: Twice | undefined;
  readonly #types: TypeSet;
  readonly #names: readonly Uint8Array[];
  /** Sets of reported types as they are stored: nearly all sensors have the same. */
  readonly #sets = new Map<string, TypeBits>();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the text that was read last. */
  #letters = 0;
  /** The list of readings that was read last, and the hits of the type: of each its place, its length and the letters of its value. */
  #readings: number[] = [];
  #hits: number[] = [];

  constructor(types: TypeSet) {
    this.#types = types;
    this.#names = types.types.map(({ name }) => ascii(JSON.stringify(name)));
  }

  /**
   * Whether these bytes are the state of a resting sensor, all in ASCII and letter for letter as this version writes it: `StateFormat` can read it for sure. False
   * says nothing about it: `StateFormat` has to look.
   */
  read(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    this.known = 0;
    this.memory = SENSOR_BYTES;
    this.active.length = 0;
    this.twice = undefined;
    return (
      this.#skips(BEGINNING) && (!this.#skips(KNOWN) || this.#readsKnown()) && this.#skips(TYPES) && this.#readsTypes() && this.#isAtEnd()
    );
  }

  #isAtEnd(): boolean {
    return this.#skipsByte(CLOSED) && this.#skipsByte(CLOSED) && this.#at === this.#bytes.length;
  }

  #readsKnown(): boolean {
    const from = this.#at;
    do if (!this.#skipsText()) return false;
    while (this.#skipsByte(COMMA));
    if (!this.#skipsByte(CLOSING)) return false;
    const names = this.#bytes.toString('latin1', from, this.#at - 1);
    let set = this.#sets.get(names);
    if (set === undefined) {
      set = this.#types.bitsOf(JSON.parse(`[${names}]`) as string[]);
      if (this.#sets.size < SETS_MAX) this.#sets.set(names, set);
    }
    this.known = set;
    return true;
  }

  /** In the order of the settings, and so each only once. */
  #readsTypes(): boolean {
    let place = 0;
    do {
      while (place < this.#names.length && !this.#skips(this.#names[place] as Uint8Array)) place += 1;
      if (place === this.#names.length || !this.#readsType(place)) return false;
      place += 1;
    } while (this.#skipsByte(COMMA));
    return true;
  }

  #readsType(place: number): boolean {
    if ((this.#types.clearedByNormal & (1 << place)) !== 0 || !this.#skips(HITS)) return false;
    const start = this.#at;
    if (!this.#readsReadings()) return false;
    const length = this.#at - start;
    this.memory += this.#memoryOfReadings(false);
    [this.#hits, this.#readings] = [this.#readings, this.#hits];
    const hasHits = this.#hits.length > 0;
    if ((this.#skips(PROOF) && !this.#readsReadings()) || !this.#skips(OPEN)) return false;
    let state = 0;
    do {
      state = this.#readsAlarm(place, start, length);
      if (state < 0) return false;
    } while (this.#skipsByte(COMMA));
    if (!this.#skipsByte(CLOSING) || !this.#skipsByte(CLOSED)) return false;
    // Hits without an active alarm are due to be forgotten.
    if (state >= ACTIVE_STATES) return !hasHits;
    this.active.push((this.#types.types[place] as { readonly name: string }).name);
    return true;
  }

  /** The place of its state in STATES, -1 if it has another form. The hits of its type, with what closes them, have `length` bytes from `start` on. */
  #readsAlarm(place: number, start: number, length: number): number {
    const begins =
      this.#skips(ID) &&
      this.#skipsText() &&
      this.#skips(SENSOR) &&
      this.#skipsNumber() &&
      this.#skips(TYPE) &&
      this.#skips(this.#names[place] as Uint8Array) &&
      this.#skips(SEVERITY) &&
      this.#skipsText() &&
      this.#skips(STATE);
    if (!begins) return -1;
    const state = STATES.findIndex((name) => this.#skips(name));
    const goesOn =
      state >= 0 &&
      this.#skips(VERSION) &&
      this.#skipsNumber() &&
      this.#skips(RAISED_AT) &&
      this.#skipsNumber() &&
      this.#skips(LAST_SEEN_AT) &&
      this.#skipsNumber() &&
      this.#skips(EVIDENCE);
    if (!goesOn) return -1;
    this.memory += ALARM_BYTES;
    const evidenceAt = this.#at;
    const isTwice = this.#isCopy(start, length);
    if (isTwice) this.#at += length;
    else if (!this.#readsReadings()) return -1;
    if (!this.#skipsAdded() || !this.#skipsByte(CLOSED)) return -1;
    // Hits are the evidence of the last alarm only.
    const isLast = this.#bytes[this.#at] !== COMMA;
    if (isTwice && !isLast) return -1;
    if (isTwice) this.twice = { first: start, second: evidenceAt, length };
    else this.memory += this.#memoryOfReadings(isLast);
    return state;
  }

  /** A list of readings up to its end. */
  #readsReadings(): boolean {
    const readings = this.#readings;
    readings.length = 0;
    if (this.#skipsByte(CLOSING)) return true;
    do {
      const start = this.#at;
      const isReading =
        this.#skips(TOPIC) &&
        this.#skipsText() &&
        this.#skips(PARTITION) &&
        this.#skipsNumber() &&
        this.#skips(OFFSET) &&
        this.#skipsNumber() &&
        this.#skips(AT) &&
        this.#skipsNumber() &&
        (!this.#skips(SEQ) || this.#skipsNumber()) &&
        this.#skips(VALUE) &&
        this.#skipsText() &&
        this.#skipsByte(CLOSED);
      if (!isReading) return false;
      readings.push(start, this.#at - start, this.#letters);
    } while (this.#skipsByte(COMMA));
    return this.#skipsByte(CLOSING);
  }

  /** Of the readings that were read last, perhaps without those that are hits, too. */
  #memoryOfReadings(isWithoutHits: boolean): number {
    let memory = 0;
    for (let i = 0; i < this.#readings.length; i += FIELDS) {
      const [start = 0, length = 0, letters = 0] = this.#readings.slice(i, i + FIELDS);
      if (!isWithoutHits || !this.#isHit(start, length)) memory += HIT_BYTES + LETTER_BYTES * letters;
    }
    return memory;
  }

  #isHit(start: number, length: number): boolean {
    for (let i = 0; i < this.#hits.length; i += FIELDS) {
      const [hit = 0, itsLength = 0] = this.#hits.slice(i, i + 2);
      if (itsLength === length && this.#bytes.compare(this.#bytes, start, start + length, hit, hit + length) === 0) return true;
    }
    return false;
  }

  /** Whether the same bytes come next as stand there. */
  #isCopy(start: number, length: number): boolean {
    const [bytes, at] = [this.#bytes, this.#at];
    for (let i = 0; i < length; i += 1) if (bytes[start + i] !== bytes[at + i]) return false;
    return true;
  }

  #skipsAdded(): boolean {
    for (;;) {
      if (NUMBERS_ADDED.some((name) => this.#skips(name))) {
        if (!this.#skipsNumber()) return false;
      } else if (TEXTS_ADDED.some((name) => this.#skips(name))) {
        if (!this.#skipsText()) return false;
      } else return true;
    }
  }

  #skips(expected: Uint8Array): boolean {
    const [bytes, at] = [this.#bytes, this.#at];
    for (let i = 0; i < expected.length; i += 1) if (bytes[at + i] !== expected[i]) return false;
    this.#at = at + expected.length;
    return true;
  }

  #skipsByte(expected: number): boolean {
    if (this.#bytes[this.#at] !== expected) return false;
    this.#at += 1;
    return true;
  }

  /** A whole number, at least 0. */
  #skipsNumber(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
    this.#at = at;
    return at > start && (bytes[start] !== ZERO || at === start + 1);
  }

  /** A text in quotes. */
  #skipsText(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at] !== QUOTE) return false;
    let escapes = 0;
    for (at += 1; bytes[at] !== QUOTE; at += 1) {
      let byte = bytes[at] as number;
      if (byte === BACKSLASH) {
        at += 1;
        escapes += 1;
        byte = bytes[at] as number;
        if (!ESCAPED.has(byte)) return false;
      }
      // Not so beyond the end, either.
      if (!(byte >= FIRST_LETTER && byte <= LAST_LETTER)) return false;
    }
    this.#letters = at - this.#at - 1 - escapes;
    this.#at = at + 1;
    return true;
  }
}
