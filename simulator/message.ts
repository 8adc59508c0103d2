/** The values of a reading's fields, in the order in which they are sent; numbers with all their decimals. */
export type Fields = Readonly<Record<string, boolean | number>>;

/** One planned message of the fleet. */
export interface Message {
  /** Planned time of sending, ms since the start of the run. */
  readonly dueMs: number;
  readonly sensor: number;
  /** A status goes to ENTRY, a recovery to OK. */
  readonly topic: 'ENTRY' | 'OK';
  readonly fields: Fields;
  /** Names of the types of which it is a hit; none for a recovery. */
  readonly hits: readonly string[];
  /** Names of the types with `clears: normal` for which it is a normal reading; none for a recovery. */
  readonly clears: readonly string[];
  /** The fleet's own number of the message for its sensor. A message that is sent again keeps it. Never sent. */
  readonly reading: number;
  /** The sensor's counter as it is sent: equal to `reading`, or always 0 for some sensors. A message that is sent again keeps it. */
  readonly seq: number;
  /** Sent by sensors whose counter stays 0, so that their readings differ as those of real ones do. */
  readonly uptimeMs?: number;
  /** What is sent in place of values: rubbish for unreadable fields, unusual forms for readable ones. */
  readonly wording?: Wording;
  /** `json`: typed values; `strings`: every value a string, as in the reference system; `bare`: the id alone, for recoveries. */
  readonly form: 'json' | 'strings' | 'bare';
}

export function isHit({ hits }: Message): boolean {
  return hits.length > 0;
}

/** Whether it can change the state of an alarm. Nearly all messages can't, unless there are types with `clears: normal`. */
export function matters(message: Message): boolean {
  return message.topic === 'OK' || isHit(message) || message.clears.length > 0;
}

/** Whether the outcome depends on which of the two comes first. */
export function opposes(later: Message, earlier: Message): boolean {
  if (later.topic !== earlier.topic && (later.topic === 'OK' || isHit(later))) return true;
  return earlier.hits.some((type) => later.clears.includes(type));
}

/** By field; may include `at`, which readings don't have otherwise. */
export type Wording = Readonly<Record<string, string>>;

/** The message as its sensor sends it, on one line: JSON, unless the wording makes it something else. */
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
