import { parse } from 'csv-parse/sync';
import { type Line, LINE_BYTES_MAX } from './lines.ts';

/** A record of a CSV file: its fields, or why they can't be read. `uncertain`: fields may be in the wrong columns. */
export type CsvRecord = { readonly line: number } & (
  | { readonly fields: readonly string[]; readonly doubts: readonly string[]; readonly uncertain: boolean; readonly problem?: never }
  | { readonly problem: string; readonly fields?: never }
);

/** A quoted field may span this many lines; beyond that its closing quote counts as forgotten. */
const LINES_PER_RECORD_MAX = 10;
const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Records of a CSV file with any of the usual delimiters. `fits` says whether fields can be a record: lines are joined only into a record that fits, so
 * that a forgotten quote spoils only its own line. If a line's quotes make no sense, it is split at the delimiters, and the record is uncertain.
 */
export async function* recordsOf(lines: AsyncIterable<Line>, fits: (fields: readonly string[]) => boolean): AsyncGenerator<CsvRecord> {
  const ahead = new LinesAhead(lines);
  let delimiter: string | undefined;
  for (let line = await ahead.next(); line; line = await ahead.next()) {
    const { number, text, problem, doubt } = line;
    if (text === undefined) yield { line: number, problem: problem ?? 'the line cannot be read' };
    else if (/^sep=.$/i.test(text) && delimiter === undefined) delimiter = text.slice(-1);
    else {
      delimiter ??= delimiterOf(text);
      if (isBlank(text, delimiter)) continue;
      const alone = fieldsOf(text, delimiter);
      const whole = alone === 'open' ? await joined(text, ahead, fits, delimiter) : alone;
      const doubts = doubt === undefined ? [] : [doubt];
      if (typeof whole !== 'string') yield { line: number, fields: whole, doubts, uncertain: false };
      else yield { line: number, fields: text.replaceAll('"', '').split(delimiter), doubts: [...doubts, whole], uncertain: true };
    }
  }
}

/** Empty, or only delimiters, as spreadsheets write below their last row. */
function isBlank(text: string, delimiter: string): boolean {
  return text.replaceAll(delimiter, '').trim() === '';
}

/** The most frequent delimiter outside quotes. */
function delimiterOf(text: string): string {
  const bare = text.replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => bare.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

async function joined(
  start: string,
  ahead: LinesAhead,
  fits: (fields: readonly string[]) => boolean,
  delimiter: string,
): Promise<readonly string[] | string> {
  let text = start;
  for (let more = 1; more < LINES_PER_RECORD_MAX && text.length < LINE_BYTES_MAX; more += 1) {
    const line = await ahead.peek(more - 1);
    if (line?.text === undefined) return NOT_CLOSED;
    text += `\n${line.text}`;
    const fields = fieldsOf(text, delimiter);
    if (fields === 'open') continue;
    if (typeof fields === 'string' || !fits(fields)) return NOT_CLOSED;
    ahead.drop(more);
    return fields;
  }
  return NOT_CLOSED;
}

const NOT_CLOSED = 'has a quote that is opened but not closed';

/** The fields; `open` if a quote isn't closed; otherwise what is wrong. A text without quotes is simply split at the delimiters. */
function fieldsOf(text: string, delimiter: string): readonly string[] | 'open' | string {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    const records = parse(text, { delimiter, relax_column_count: true, record_delimiter: RECORD_END }) as string[][];
    return records.length === 1 && records[0] ? records[0] : 'has control characters between its fields';
  } catch (error) {
    return (error as { code?: string }).code === 'CSV_QUOTE_NOT_CLOSED' ? 'open' : 'has a quote where none may be';
  }
}

/** Makes the parser read each text as one record, whatever line ends it contains. */
const RECORD_END = '\u0000\u0000';

class LinesAhead {
  readonly #lines: AsyncIterator<Line>;
  readonly #read: Line[] = [];

  constructor(lines: AsyncIterable<Line>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<Line | undefined> {
    return this.#read.shift() ?? (await this.#pull());
  }

  async peek(index: number): Promise<Line | undefined> {
    while (this.#read.length <= index) {
      const line = await this.#pull();
      if (!line) return undefined;
      this.#read.push(line);
    }
    return this.#read[index];
  }

  drop(count: number): void {
    this.#read.splice(0, count);
  }

  async #pull(): Promise<Line | undefined> {
    const { done, value } = await this.#lines.next();
    return done ? undefined : (value as Line);
  }
}

/** A record as a line of a file, with quotes only where they are needed. */
export function csvLineOf(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => (typeof field === 'string' && /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
}
