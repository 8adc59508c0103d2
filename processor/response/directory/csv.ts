import { parse } from 'csv-parse/sync';
import { type Line, LINE_BYTES_MAX } from './lines.ts';

/** A record of a CSV file: its fields, or why there are none. */
export type CsvRecord = { readonly line: number; readonly end: number } & (
  | { readonly fields: readonly string[]; readonly problem?: never }
  | { readonly problem: string; readonly fields?: never }
);

/** A quoted field may go on over this many lines; beyond that its quote counts as forgotten. */
const LINES_PER_RECORD_MAX = 10;

/**
 * Records of a CSV file. `fits` says whether fields can be a record, so that a forgotten quote costs its own line and not those after it:
 * lines are joined only where that makes a record that fits.
 */
export async function* recordsOf(lines: AsyncIterable<Line>, fits: (fields: readonly string[]) => boolean): AsyncGenerator<CsvRecord> {
  const ahead = new LinesAhead(lines);
  for (let line = await ahead.next(); line; line = await ahead.next()) {
    const { number, end, text } = line;
    if (text === undefined) yield { line: number, end, problem: line.problem ?? 'the line cannot be read' };
    else if (text.trim() === '') continue;
    else {
      const alone = fieldsOf(text);
      if (alone !== 'open') yield typeof alone === 'string' ? { line: number, end, problem: alone } : { line: number, end, fields: alone };
      else yield (await joined(line, text, ahead, fits)) ?? { line: number, end, problem: 'a quote is opened and not closed' };
    }
  }
}

async function joined(
  first: Line,
  start: string,
  ahead: LinesAhead,
  fits: (fields: readonly string[]) => boolean,
): Promise<CsvRecord | undefined> {
  let text = start;
  for (let more = 1; more < LINES_PER_RECORD_MAX && text.length < LINE_BYTES_MAX; more += 1) {
    const line = await ahead.peek(more - 1);
    if (line?.text === undefined) return undefined;
    text += `\n${line.text}`;
    const fields = fieldsOf(text);
    if (fields === 'open') continue;
    if (typeof fields === 'string' || !fits(fields)) return undefined;
    ahead.drop(more);
    return { line: first.number, end: line.end, fields };
  }
  return undefined;
}

/** The fields, `open` where a quote isn't closed, or what is wrong in words. Without a quote a record is what lies between commas. */
function fieldsOf(text: string): readonly string[] | 'open' | string {
  if (!text.includes('"')) return text.split(',');
  try {
    const records = parse(text, { relax_column_count: true, record_delimiter: RECORD_END }) as string[][];
    return records.length === 1 && records[0] ? records[0] : 'the line has control characters in it';
  } catch (error) {
    return (error as { code?: string }).code === 'CSV_QUOTE_NOT_CLOSED' ? 'open' : 'a quote stands where none may be';
  }
}

/** Never in a text that was read: a text given to the parser is one record, whatever line ends it holds. */
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

/** A record as a line of a file, quoted only where it must be. */
export function csvLineOf(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => (typeof field === 'string' && /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
}
