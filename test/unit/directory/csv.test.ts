import { describe, expect, it } from 'vitest';
import { type CsvRecord, csvLineOf, recordsOf } from '../../../directory/csv.ts';
import { LINE_BYTES_MAX, linesOf } from '../../../directory/lines.ts';

/** The records of a text in which records with `columns` fields are expected. */
async function read(text: string, columns = 2): Promise<CsvRecord[]> {
  async function* bytes() {
    yield Buffer.from(text);
  }
  const records: CsvRecord[] = [];
  for await (const record of recordsOf(linesOf(bytes()), (fields) => fields.length === columns)) records.push(record);
  return records;
}
const fieldsIn = async (text: string, columns = 2) => (await read(text, columns)).map(({ fields }) => fields);
const OPEN = 'has a quote that is opened but not closed';

describe('the fields of a record', () => {
  it.each([
    ['commas', 'a,b;c\n', [['a', 'b;c']]],
    ['semicolons', 'a;b;c,d\n', [['a', 'b', 'c,d']]],
    ['the first of those that are as frequent', 'a;b,c\n', [['a;b', 'c']]],
    ['what is most frequent outside of quotes', '"x,y,z";b\n', [['x,y,z', 'b']]],
    ['what the first record shows, in all of them', 'a;b\nc,d,e\n', [['a', 'b'], ['c,d,e']]],
    ['what a line says that stands before them', 'sep=|\na,b|c\n', [['a,b', 'c']]],
    ['such a line in capitals', 'SEP=;\na;b,c,d\n', [['a', 'b,c,d']]],
  ])('stand between %s', async (_, text, expected) => {
    expect(await fieldsIn(text)).toEqual(expected);
  });

  it('are those of every line that is not blank, with its number', async () => {
    expect((await read('\n,,\na,b\n \n;c\nsep=;\n')).map(({ line, fields }) => [line, fields])).toEqual([
      [3, ['a', 'b']],
      [5, [';c']],
      [6, ['sep=;']],
    ]);
  });

  it('are none where a line is too long', async () => {
    const long = 'x'.repeat(LINE_BYTES_MAX + 1);
    expect(await read(`a,b\n${long}\nc,d\n`)).toMatchObject([
      { fields: ['a', 'b'] },
      { line: 2, problem: `the line is longer than ${LINE_BYTES_MAX} bytes` },
      { fields: ['c', 'd'] },
    ]);
  });

  it('may have anything in quotes', async () => {
    expect(await fieldsIn('"a, ""b""",\n"",c\n')).toEqual([
      ['a, "b"', ''],
      ['', 'c'],
    ]);
  });

  it('are doubtful, and those between the delimiters, where a quote makes no sense', async () => {
    expect(await read('a"b",c\n"a" b,c\n')).toEqual([
      { line: 1, fields: ['ab', 'c'], doubts: ['has a quote where none may be'], uncertain: true },
      { line: 2, fields: ['a b', 'c'], doubts: ['has a quote where none may be'], uncertain: true },
    ]);
  });

  it('are doubtful where the line is no UTF-8, but certain', async () => {
    async function* bytes() {
      yield Buffer.from('Zürich,b\n', 'latin1');
    }
    const records: CsvRecord[] = [];
    for await (const record of recordsOf(linesOf(bytes()), () => true)) records.push(record);
    expect(records).toEqual([
      { line: 1, fields: ['Zürich', 'b'], doubts: ['is not UTF-8 and was read as windows-1252'], uncertain: false },
    ]);
  });
});

describe('a quoted field', () => {
  /** A record with a quoted field of this many lines. */
  const over = (lines: number): string => `a,"${Array.from({ length: lines }, (_, i) => `line ${i}`).join('\n')}"\n`;

  it('goes on over up to ten lines, and the record after it is the next', async () => {
    for (const lines of [2, 3, 10])
      expect((await read(`${over(lines)}c,d\n`)).map(({ line, fields }) => [line, fields?.[1]?.split('\n').length])).toEqual([
        [1, lines],
        [lines + 1, 1],
      ]);
  });

  it('of more lines lacks its closing quote, which affects only its own line', async () => {
    const records = await read(`${over(11)}c,d\n`);
    expect(records).toHaveLength(12);
    expect(records[0]).toEqual({ line: 1, fields: ['a', 'line 0'], doubts: [OPEN], uncertain: true });
    expect(records[1]).toMatchObject({ line: 2, fields: ['line 1'], uncertain: false });
    expect(records[11]).toMatchObject({ line: 12, fields: ['c', 'd'], uncertain: false });
  });

  it.each([
    ['the file ends', 'a,"b\n', 1],
    ['what closes it makes no record', 'a,"b\nc,"d\n', 2],
    ['what closes it makes a record of too many fields', 'a,"b\nc",d\n', 2],
  ])('lacks its closing quote if %s', async (_, text, lines) => {
    const records = await read(text);
    expect(records).toHaveLength(lines);
    expect(records[0]).toEqual({ line: 1, fields: ['a', 'b'], doubts: [OPEN], uncertain: true });
  });

  it('goes on over no line that is too long, nor over more than such a line has', async () => {
    const long = 'x'.repeat(LINE_BYTES_MAX + 1);
    expect((await read(`a,"b\n${long}\nc"\n`))[0]).toMatchObject({ doubts: [OPEN] });
    const half = 'x'.repeat(LINE_BYTES_MAX / 2);
    expect((await read(`a,"${half}\n${half}"\n`))[0]).toMatchObject({ uncertain: false });
    expect((await read(`a,"${half}\n${half}\nb"\n`))[0]).toMatchObject({ doubts: [OPEN] });
  });
});

describe('a record that is written', () => {
  it('is quoted where it must be, and reads as what it was', async () => {
    expect(csvLineOf([7, 'plain text', ''])).toBe('7,plain text,\n');
    const fields = ['with, comma', 'with "quotes"', 'with\nline', 'with\r\nboth', 'ends\r'];
    for (const field of fields) expect(csvLineOf([field])).toMatch(/^"/);
    expect(await fieldsIn(csvLineOf(['with, comma', 'with "quotes"']))).toEqual([['with, comma', 'with "quotes"']]);
  });
});
