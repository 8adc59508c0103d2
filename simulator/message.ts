/** What the fields of a reading hold, in the order in which they are sent; numbers with all their decimals. */
export type Fields = Readonly<Record<string, boolean | number>>;

/** One message of the fleet, as planned: what is sent, by whom, and when. */
export interface Message {
  /** Planned time of sending, ms since the start of the run. */
  readonly dueMs: number;
  readonly sensor: number;
  /** A status goes to ENTRY, a recovery to OK. */
  readonly topic: 'ENTRY' | 'OK';
  readonly fields: Fields;
  /** Names of the types that it is a hit of: none for a recovery. */
  readonly hits: readonly string[];
  /** Names of the types that a normal reading clears, and that it is one of: none for a recovery. */
  readonly clears: readonly string[];
  /** Which message of its sensor this is, by the fleet's own count; what is sent again keeps it. Never sent. */
  readonly reading: number;
  /** The sensor's counter as it is sent: nearly always that count, but some sensors' stays 0. What is sent again carries it again. */
  readonly seq: number;
  /** Sent by sensors whose counter stays, so that their readings differ as those of real ones do. */
  readonly uptimeMs?: number;
  /** What is sent in place of a value: rubbish where the detector says nothing, an odd form where it does. */
  readonly wording?: Wording;
  /** `json`: typed values; `strings`: every value a string, as in the reference system; `bare`: the id alone, for recoveries. */
  readonly form: 'json' | 'strings' | 'bare';
}

export function isHit({ hits }: Message): boolean {
  return hits.length > 0;
}

/** Whether it can change the state of an alarm at all: nearly all messages can't, unless there are types that a normal reading clears. */
export function matters(message: Message): boolean {
  return message.topic === 'OK' || isHit(message) || message.clears.length > 0;
}

/** Whether the outcome of both depends on which of them came first. */
export function opposes(later: Message, earlier: Message): boolean {
  if (later.topic !== earlier.topic && (later.topic === 'OK' || isHit(later))) return true;
  return earlier.hits.some((type) => later.clears.includes(type));
}

/** By field; `at` too, which no reading has otherwise. */
export type Wording = Readonly<Record<string, string>>;

/** The message as its sensor sends it, on one line: JSON, but for odd wording. */
export function wireForm({ sensor, fields, seq, uptimeMs, form, wording }: Message): string {
  if (form === 'bare') return `{"id":${sensor}}`;
  const quote = form === 'json' ? '' : '"';
  let said = `{"id":${quote}${sensor}${quote}`;
  for (const [name, held] of Object.entries(fields)) said += `,"${name}":${wording?.[name] ?? `${quote}${textOf(held)}${quote}`}`;
  if (wording?.at !== undefined) said += `,"at":${wording.at}`;
  said += `,"seq":${seq}`;
  if (uptimeMs !== undefined) said += `,"uptimeMs":${uptimeMs}`;
  return `${said}}`;
}

/** Numbers have at least one decimal. */
export function textOf(held: boolean | number): string {
  return typeof held === 'number' && Number.isInteger(held) ? `${held}.0` : `${held}`;
}
