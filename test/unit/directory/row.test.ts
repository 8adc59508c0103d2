import { describe, expect, it } from 'vitest';
import { CLIENT_COLUMNS } from '../../../directory/client.ts';
import type { CsvRecord } from '../../../directory/csv.ts';
import { type Columns, columnsOf, isData, type ReadRow, REFERENCE_COLUMNS, rowOf } from '../../../directory/row.ts';
import { clientOf } from '../../support/alarms.ts';

type Changes = Readonly<Record<string, string>>;
const fieldsOf = (changes: Changes = {}): string[] => CLIENT_COLUMNS.map((column) => String({ ...clientOf(), ...changes }[column]));
const recordOf = (fields: readonly string[], doubts: readonly string[] = [], uncertain = false): CsvRecord => ({
  ...{ line: 2, fields, doubts, uncertain },
});
const ROW = fieldsOf();
const { geohash: _, region: __, ...CLIENT } = clientOf();

/** The result of reading a row. */
function read(record: CsvRecord, columns: Columns = REFERENCE_COLUMNS): ReadRow {
  const row = rowOf(record, columns);
  if (typeof row === 'string') throw new Error(`refused: ${row}`);
  return row;
}
const NOWHERE = { latitude: Number.NaN, longitude: Number.NaN };

describe('a header row', () => {
  it('says where columns stand, in any case and order, beside others', () => {
    const names = [' Name', 'ID ', 'x', ...CLIENT_COLUMNS.slice(2).map((name) => name.toUpperCase())];
    const columns = columnsOf(names);
    if (typeof columns === 'string') throw new Error(columns);
    expect([columns.at[0], columns.at[1], columns.at[2], columns.at.at(-1)]).toEqual([1, 0, 3, 19]);
    expect([columns.count, columns.missing]).toEqual([20, []]);
  });

  it('may lack all but the id and four others', () => {
    const columns = columnsOf(['id', 'name', 'surname', 'city', 'country']);
    if (typeof columns === 'string') throw new Error(columns);
    expect(columns.missing).toHaveLength(14);
    expect(columns.at.slice(0, 5)).toEqual([0, 1, 2, -1, -1]);
  });

  it.each([
    ['of less', ['id', 'name', 'surname', 'city'], /^the header row lacks gender, .*; it has to name id,name,.*,username$/],
    ['without the id', CLIENT_COLUMNS.slice(1), /^the header row lacks id; it has to name id,/],
  ])('%s belongs to another file', (_, names, problem) => {
    expect(columnsOf(names)).toMatch(problem);
  });

  it('is missing where the first row is a client already', () => {
    expect([isData(ROW), isData([' 7.0 ', ...ROW.slice(1)])]).toEqual([true, true]);
    expect([isData(CLIENT_COLUMNS), isData(ROW.slice(1)), isData([...ROW, '']), isData([])]).toEqual([false, false, false, false]);
  });
});

describe('a row', () => {
  it('is the client, by the names of the columns', () => {
    expect(read(recordOf(ROW))).toEqual({ client: CLIENT, remarks: [], uncertain: false });
    const columns = columnsOf(['x', ...CLIENT_COLUMNS.toReversed()]);
    if (typeof columns === 'string') throw new Error(columns);
    expect(read(recordOf(['?', ...ROW.toReversed()]), columns)).toEqual({ client: CLIENT, remarks: [], uncertain: false });
  });

  it('that could not be read says why', () => {
    expect(rowOf({ line: 2, problem: 'the line is too long' }, REFERENCE_COLUMNS)).toBe('the line is too long');
  });

  it.each([
    ['0', 0],
    ['2147483647', 2_147_483_647],
    ['0000000007', 7],
    ['7.000', 7],
  ])('has the id %s', (id, expected) => {
    expect(read(recordOf(fieldsOf({ id }))).client.id).toBe(expected);
  });

  it.each(['2147483648', '00000000007', '7.5', '7.0x', 'x7', '-7', ''])('has none where its id is %j', (id) => {
    expect(rowOf(recordOf(fieldsOf({ id })), REFERENCE_COLUMNS)).toBe('id is not a whole number from 0 to 2147483647');
  });

  it('says with an id that is none that its columns are not as many as they should', () => {
    expect(rowOf(recordOf(['x', 'y']), REFERENCE_COLUMNS)).toBe(
      'id is not a whole number from 0 to 2147483647; has 2 columns instead of 19',
    );
  });

  it('needs more than an id', () => {
    expect(rowOf(recordOf(['7', ...Array(18).fill(' ')]), REFERENCE_COLUMNS)).toBe('there is nothing but an id');
    expect(read(recordOf(['7', 'Ann', ...Array(17).fill('')])).client).toMatchObject({ id: 7, name: 'Ann', city: '' });
  });
});

describe('the columns of a row', () => {
  it('may be more, as long as those are empty', () => {
    expect(read(recordOf([...ROW, '', ' ']))).toEqual({ client: CLIENT, remarks: [], uncertain: false });
    expect(read(recordOf([...ROW, '', 'x']))).toMatchObject({
      ...{ uncertain: true, client: { ...CLIENT, ...NOWHERE } },
      remarks: ['has 21 columns instead of 19', 'is without a place: its columns cannot be told apart'],
    });
  });

  it('may end behind the place', () => {
    expect(read(recordOf(ROW.slice(0, 14)))).toMatchObject({
      ...{ uncertain: false, remarks: ['has 14 columns instead of 19'] },
      client: { latitude: CLIENT.latitude, longitude: CLIENT.longitude, username: '' },
    });
  });

  it('cannot be told apart where they end before it', () => {
    expect(read(recordOf(ROW.slice(0, 13)))).toMatchObject({
      ...{ uncertain: true, client: NOWHERE },
      remarks: ['has 13 columns instead of 19', 'is without a place: its columns cannot be told apart'],
    });
  });

  it('cannot be told apart where its quotes make no sense', () => {
    expect(read(recordOf(ROW, ['has a quote where none may be'], true))).toMatchObject({
      ...{ uncertain: true, client: NOWHERE },
      remarks: ['has a quote where none may be', 'is without a place: its columns cannot be told apart'],
    });
    expect(read(recordOf(ROW, ['is not UTF-8']))).toEqual({ client: CLIENT, remarks: ['is not UTF-8'], uncertain: false });
  });

  it('say nothing of a place where the file has none', () => {
    for (const missing of [['latitude'], ['longitude'], ['latitude', 'longitude']]) {
      const names = CLIENT_COLUMNS.filter((column) => !missing.includes(column));
      const columns = columnsOf(names);
      if (typeof columns === 'string') throw new Error(columns);
      const row = read(recordOf(names.map((column) => String(clientOf()[column]))), columns);
      expect([row.remarks, row.uncertain, Number.isNaN(row.client.latitude * row.client.longitude)]).toEqual([[], false, true]);
    }
  });
});

describe('a place', () => {
  it.each([
    ['90', '180', 90, 180],
    ['-90', '-180', -90, -180],
    ['0', '0.5', 0, 0.5],
    ['0.5', '0', 0.5, 0],
    ['53,8', '-1,5', 53.8, -1.5],
    ['\u221253.8', '.5', -53.8, 0.5],
    ['5.38e1', '-15e-1', 53.8, -1.5],
    ['53.', '+1.5', 53, 1.5],
  ])('is read from %s, %s', (latitude, longitude, north, east) => {
    const row = read(recordOf(fieldsOf({ latitude, longitude })));
    expect([row.client.latitude, row.client.longitude, row.remarks]).toEqual([north, east, []]);
  });

  it.each([
    ['', '', 'latitude and longitude are empty'],
    ['', '5', 'latitude is empty'],
    ['5', '', 'longitude is empty'],
    ['x', '', 'latitude is not a number'],
    ['', 'x', 'latitude is empty'],
    ['5', 'x', 'longitude is not a number'],
    ['1.2.3', '5', 'latitude is not a number'],
    ['5e100', '5', 'latitude is not a number'],
    ['1234', '5', 'latitude is not a number'],
    ['0', '0', '0/0 is in the sea'],
    ['91', '0', 'latitude is not from -90 to 90; are the two swapped?'],
    ['-91', '91', 'latitude is not from -90 to 90'],
    ['91', '90', 'latitude is not from -90 to 90; are the two swapped?'],
    ['0', '181', 'longitude is not from -180 to 180'],
    ['90', '-181', 'longitude is not from -180 to 180'],
    ['181', '0', 'latitude is not from -90 to 90'],
  ])('is none at "%s", "%s": %s', (latitude, longitude, reason) => {
    const { client, remarks, uncertain } = read(recordOf(fieldsOf({ latitude, longitude })));
    expect([remarks, uncertain]).toEqual([[`is without a place: ${reason}`], false]);
    expect(client.name).toBe('Ann');
  });
});

describe('a text', () => {
  it('is trimmed, and any white space in it is one space', () => {
    expect(read(recordOf(fieldsOf({ city: '  New \t\n York ' }))).client.city).toBe('New York');
  });

  it('loses control characters, and says so once', () => {
    expect(read(recordOf(fieldsOf({ city: '\u0000New\u0007\u0008York\u007f' })))).toMatchObject({
      client: { city: 'New York' },
      remarks: ['city contains control characters, which are left out'],
    });
  });

  it('has up to 300 characters', () => {
    expect(read(recordOf(fieldsOf({ company: 'x'.repeat(300) })))).toMatchObject({ client: { company: 'x'.repeat(300) }, remarks: [] });
    expect(read(recordOf(fieldsOf({ company: 'x'.repeat(301) })))).toMatchObject({
      client: { company: 'x'.repeat(300) },
      remarks: ['company is longer than 300 characters and was cut'],
    });
    const { client } = read(recordOf(fieldsOf({ company: `${'x'.repeat(298)}😀😀` })));
    expect(client.company).toBe(`${'x'.repeat(298)}😀`);
  });
});
