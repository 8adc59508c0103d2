import { isUtf8 } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLIENT_COLUMNS, type ClientRow } from '../../../directory/client.ts';
import { csvLineOf } from '../../../directory/csv.ts';
import { type FilePlace, importFiles, importRows, type Remark } from '../../../directory/import.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';
import { clientOf } from '../../support/alarms.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';

const HEADER = `${CLIENT_COLUMNS.join(',')}\n`;
const ROWS = [...generateClients(8, 3)];
const nothing = () => undefined;
const DEAF = { rejected: nothing, repeated: nothing, remarked: nothing, progress: nothing, stored: nothing, waiting: nothing };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-import-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

describe('import of client files', () => {
  it('brings in every row of every file with its geohash and region', async () => {
    const { directory, rejected, summary } = await importOf(HEADER + linesOf(ROWS.slice(0, 5)), HEADER + linesOf(ROWS.slice(5)));
    expect(rejected).toEqual([]);
    expect(summary).toEqual({ imported: 8, rejected: 0, repeated: 0, unplaced: 0 });
    for (const row of ROWS) expect(await directory.find(row.id)).toMatchObject(row);
  });

  it('computes where a client is', async () => {
    const { directory } = await importOf(HEADER + linesOf([clientOf({ latitude: 57.64911, longitude: 10.40744 })]));
    expect(await directory.find(42_959)).toMatchObject({ geohash: 'u4pruydqq', region: 'NorthEurope' });
  });

  it('reads quoted fields with commas, quotes and line ends in them', async () => {
    const row = clientOf({ company: 'Smith, "Sons" & Co.', streetaddress: 'Flat 2\n28 Stroude Road' });
    const { directory, rejected } = await importOf(HEADER + linesOf([row, ROWS[0] as ClientRow]));
    expect(rejected).toEqual([]);
    expect(await directory.find(42_959)).toMatchObject({ company: 'Smith, "Sons" & Co.', streetaddress: 'Flat 2 28 Stroude Road' });
    expect(await directory.size()).toBe(2);
  });

  it.each([
    ['a mark at the start', `\uFEFF${HEADER}`],
    ['CRLF', HEADER.replace('\n', '\r\n')],
    ['upper case, spaces and blank lines', `${HEADER.toUpperCase().replaceAll(',', ', ')}\n\n`],
    ['no header', ''],
  ])('reads a file with %s', async (_, header) => {
    const { directory, rejected } = await importOf(header + linesOf(ROWS));
    expect(rejected).toEqual([]);
    expect(await directory.size()).toBe(8);
  });

  it('finds columns by their names, beside others', async () => {
    const columns = [...CLIENT_COLUMNS].reverse();
    const line = (row: ClientRow) => `x,${csvLineOf(columns.map((column) => row[column]))}`;
    const { directory } = await importOf(`dashboard,${columns.join(',')}\n${ROWS.map(line).join('')}`);
    expect(await directory.find(3)).toMatchObject(ROWS[2] as ClientRow);
  });

  it('refuses a file whose header lacks columns, and reads the next one', async () => {
    const { rejected, summary } = await importOf('id,name\n1,Ann\n', HEADER + linesOf(ROWS));
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({
      file: expect.stringMatching(/0$/),
      line: 1,
      reason: expect.stringContaining('lacks surname, gender'),
    });
    expect(summary.imported).toBe(8);
  });

  it.each(['x1', '2147483648', '', '-7', '42.5', '1e3'])('leaves out a row only where its id is none, such as "%s"', async (id) => {
    const { rejected, directory } = await importOf(HEADER + linesOf(ROWS.slice(0, 2)) + lineOf({ id }) + linesOf(ROWS.slice(2)));
    expect(rejected).toMatchObject([{ line: 4, reason: 'id is not a whole number from 0 to 2147483647' }]);
    expect(await directory.size()).toBe(8);
  });

  it.each(['42959', ' 42959 ', '0000042959', '42959.0', '42959.', '+42959', '"42959"'])('reads the id %s', async (id) => {
    const { directory, remarked } = await importOf(HEADER + lineOf().replace('42959', id));
    expect(await directory.find(42_959)).toMatchObject({ name: 'Ann' });
    expect(remarked).toEqual([]);
  });

  describe('brings a client in whose place is not known, and says why:', () => {
    it.each([
      ['latitude and longitude are empty', '', ''],
      ['latitude is empty', '', '8.5'],
      ['longitude is empty', '53.8', ''],
      ['latitude is not a number', 'n/a', 'n/a'],
      ['latitude is not a number', 'NULL', '8.5'],
      ['longitude is not a number', '53.8', 'unknown'],
      ['latitude is not a number', 'NaN', 'NaN'],
      ['latitude is not a number', '53°47 N', '1.5'],
      ['latitude is not a number', '5380000', '-154380'],
      ['0/0 is in the sea', '0', '0.0'],
      ['latitude is not from -90 to 90; are the two swapped?', '151.2', '-33.86'],
      ['latitude is not from -90 to 90', '90.01', '170'],
      ['longitude is not from -180 to 180', '53.8', '-180.5'],
    ])('%s (%s, %s)', async (reason, latitude, longitude) => {
      const { directory, rejected, remarked, summary } = await importOf(HEADER + lineOf({ latitude, longitude }) + linesOf(ROWS));
      expect(rejected).toEqual([]);
      expect(remarked).toMatchObject([{ line: 2, reason: `is without a place: ${reason}` }]);
      expect(summary).toMatchObject({ imported: 9, unplaced: 1 });
      const { latitude: _, longitude: __, ...person } = clientOf({ geohash: '', region: '' });
      expect(await directory.find(42_959)).toMatchObject(person);
    });

    it.each([
      ['57,64911', '10,40744'],
      ['+57.64911', '10.40744'],
      ['5.764911E1', '1.040744e1'],
      [' 57.64911 ', '10.40744'],
    ])('but reads %s, %s as a place', async (latitude, longitude) => {
      const { directory, remarked } = await importOf(HEADER + lineOf({ latitude, longitude }));
      expect(remarked).toEqual([]);
      expect(await directory.find(42_959)).toMatchObject({ latitude: 57.649_11, longitude: 10.407_44, geohash: 'u4pruydqq' });
    });
  });

  it.each([
    ['company is longer than 300 characters and was cut', { company: `${'x'.repeat(299)}😀` }, { company: 'x'.repeat(299) }],
    ['city contains control characters, which are left out', { city: 'Le\u0000eds' }, { city: 'Le eds' }],
  ])('brings in what can be read where %s', async (reason, changes, expected) => {
    const { rejected, remarked, directory } = await importOf(HEADER + lineOf(changes) + linesOf(ROWS));
    expect(rejected).toEqual([]);
    expect(remarked).toMatchObject([{ line: 2, reason }]);
    expect(await directory.find(42_959)).toMatchObject(expected);
  });

  it('does not judge what is a birthday, a telephone number or a country', async () => {
    const odd = { birthday: '31/02/67', telephonenumber: 'ask Bob', country: '??', gender: '' };
    const { remarked, directory } = await importOf(HEADER + lineOf(odd));
    expect(remarked).toEqual([]);
    expect(await directory.find(42_959)).toMatchObject(odd);
  });

  describe('where columns are too many or too few', () => {
    const short = (columns: number) => `${lineOf().trimEnd().split(',').slice(0, columns).join(',')}\n`;

    it('reads a row that ends behind its place, since spreadsheets leave out what is empty at the end', async () => {
      const { remarked, directory } = await importOf(HEADER + linesOf(ROWS) + short(14), HEADER + short(14));
      expect(remarked.map(({ reason }) => reason)).toEqual(Array(2).fill('has 14 columns instead of 19'));
      expect(await directory.find(42_959)).toMatchObject({ name: 'Ann', region: 'UK', username: '' });
    });

    it('reads one with empty columns at the end as if they were not there', async () => {
      const row = lineOf().trimEnd();
      const { remarked, directory } = await importOf(`${HEADER.trimEnd()},,\n${row},,\n`, `${HEADER}${row},,,\n`);
      expect(remarked).toEqual([]);
      expect(await directory.find(42_959)).toMatchObject({ name: 'Ann', region: 'UK' });
    });

    it.each([
      ['has 5 columns instead of 19', short(5)],
      ['has 20 columns instead of 19', lineOf().replace('Leeds', 'Leeds, Yorkshire')],
      ['has a quote that is opened but not closed', lineOf({ company: 'QUOTE' }).replace('QUOTE', '"Smith')],
      ['has a quote where none may be', lineOf({ company: 'QUOTE' }).replace('QUOTE', '"Smith" Ltd')],
    ])('brings in a row that %s without a place, and not over a client that is there', async (reason, line) => {
      const first = await importOf(HEADER + line + linesOf(ROWS));
      expect(first.remarked).toMatchObject([{ line: 2, reason: `${reason}; is without a place: its columns cannot be told apart` }]);
      expect(await first.directory.find(42_959)).toMatchObject({ name: 'Ann', surname: 'Ahmed-Çelik', geohash: '' });
      expect(await first.directory.size()).toBe(9);

      const second = await importOf(HEADER + lineOf() + line + linesOf(ROWS));
      expect(second.rejected).toMatchObject([{ line: 3, reason: expect.stringContaining('the existing client is left unchanged') }]);
      expect(await second.directory.find(42_959)).toMatchObject({ company: 'Sounds & Co <Ltd>', region: 'UK' });
      expect(await second.directory.size()).toBe(9);
    });

    it('makes no client of a number alone', async () => {
      const { rejected, directory } = await importOf(`${HEADER}28\n`);
      expect(rejected).toMatchObject([{ line: 2, reason: 'there is nothing but an id; has 1 columns instead of 19' }]);
      expect(await directory.size()).toBe(0);
    });
  });

  describe('reads files as programs write them:', () => {
    const quoted = (field: string | number) => (/[";,|]/.test(String(field)) ? `"${String(field).replaceAll('"', '""')}"` : field);
    const rows = ROWS.map((row) => ({ ...row, city: 'Łódź, "old"' }));
    const separated = (delimiter: string) =>
      [CLIENT_COLUMNS, ...rows.map((row) => CLIENT_COLUMNS.map((column) => quoted(row[column])))]
        .map((fields) => `${fields.join(delimiter)}\n`)
        .join('');

    it.each([
      ['semicolons', separated(';')],
      ['semicolons and a line that names them', `sep=;\n${separated(';')}`],
      ['tabs', separated('\t')],
      ['bars', separated('|')],
      ['decimal commas', separated(';').replace(/(\d)\.(\d)/g, '$1,$2')],
      ['UTF-16, as "Unicode text" of spreadsheets', Buffer.from(`\uFEFF${separated('\t')}`, 'utf16le')],
      ['UTF-16 without a mark', Buffer.from(separated(','), 'utf16le')],
      ['UTF-16 the other way round', Buffer.from(`\uFEFF${separated(',')}`, 'utf16le').swap16()],
      ['CR alone', separated(',').replaceAll('\n', '\r')],
      ['rows of nothing at the end', `${separated(',')}${','.repeat(18)}\n${','.repeat(18)}\n  \n`],
    ])('%s', async (_, content) => {
      const { directory, rejected, remarked } = await importOf(content);
      expect([rejected, remarked]).toEqual([[], []]);
      for (const { id, surname, city, latitude } of rows) expect(await directory.find(id)).toMatchObject({ surname, city, latitude });
    });

    it('Windows-1252, with a remark on each line that shows it', async () => {
      const line = lineOf({ surname: 'Muñoz', city: 'Zürich' });
      const { directory, remarked } = await importOf(Buffer.from(HEADER + line, 'latin1'));
      expect(remarked).toMatchObject([{ line: 2, reason: 'is not UTF-8 and was read as windows-1252' }]);
      expect(await directory.find(42_959)).toMatchObject({ surname: 'Muñoz', city: 'Zürich' });
    });

    it('a header that lacks columns, which stay empty, and says so once', async () => {
      const columns = CLIENT_COLUMNS.filter((column) => !['birthday', 'latitude', 'longitude'].includes(column));
      const line = (row: ClientRow) => csvLineOf(columns.map((column) => row[column]));
      const { directory, remarked, summary } = await importOf(`${columns.join(',')}\n${ROWS.map(line).join('')}`);
      const reason = 'the header row lacks birthday, latitude, longitude: these stay empty for all clients in the file';
      expect(remarked).toMatchObject([{ line: 1, reason }]);
      expect(summary).toMatchObject({ imported: 8, unplaced: 8 });
      expect(await directory.find(3)).toMatchObject({ name: ROWS[2]?.name, birthday: '', geohash: '' });
    });
  });

  it.each([
    ['the file is empty', ''],
    ['the file is empty', '\uFEFF\n\n'],
    ['the file is a spreadsheet or a zip archive: save it as CSV (UTF-8)', Buffer.from('504b030414000600', 'hex')],
    ['the file is compressed: unpack it with gunzip', Buffer.from('1f8b0800', 'hex')],
  ])('says that %s, and reads the next one', async (reason, content) => {
    const { rejected, summary } = await importOf(content, HEADER + linesOf(ROWS));
    expect(rejected).toMatchObject([{ file: expect.stringMatching(/0$/), line: 1, reason }]);
    expect(summary).toMatchObject({ imported: 8, rejected: 1 });
  });

  it('lets the last of two rows with one id hold, over files too, and says so', async () => {
    const again = { ...(ROWS[1] as ClientRow), city: 'Elsewhere' };
    const { directory, repeated, summary } = await importOf(HEADER + linesOf(ROWS), HEADER + linesOf([again]));
    expect(summary).toEqual({ imported: 9, rejected: 0, repeated: 1, unplaced: 0 });
    expect(repeated).toMatchObject([{ file: expect.stringMatching(/1$/), line: 2 }]);
    expect(await directory.find(2)).toMatchObject({ city: 'Elsewhere' });
  });

  it('names a file that cannot be read', async () => {
    await expect(importFiles([join(folder, 'none')], new MemoryDirectory(), DEAF)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('none cannot be read'),
    });
  });

  it('reports how far it has come, and continues after that place', async () => {
    const files = [join(folder, 'first'), join(folder, 'second')];
    await writeFile(files[0] as string, HEADER + linesOf(ROWS.slice(0, 5)));
    await writeFile(files[1] as string, HEADER + linesOf(ROWS.slice(5)));
    const stored: FilePlace[] = [];
    await importFiles(files, new MemoryDirectory(), { ...DEAF, stored: (place) => stored.push(place) });
    expect(stored.at(-1)).toEqual({ file: files[1], line: 4 });
    const directory = new MemoryDirectory();
    const rest = await importFiles(files, directory, DEAF, { file: files[0] as string, line: 4 });
    expect(rest.imported).toBe(5);
    expect([...directory.clients.keys()]).toEqual(ROWS.slice(3).map(({ id }) => id));
  });

  it('does not begin where it is told of a place in a file that is not among those', async () => {
    await expect(importFiles([join(folder, 'file0')], new MemoryDirectory(), DEAF, { file: 'another', line: 4 })).rejects.toMatchObject({
      code: 'file',
      message: 'another is not among the files',
    });
  });

  it('brings many in a thousand at a time, and tells how far it came each time', async () => {
    const rows = Array.from({ length: 2_500 }, (_, i) => clientOf({ id: i }));
    const file = join(folder, 'many');
    await writeFile(file, HEADER + linesOf(rows));
    const directory = new MemoryDirectory();
    const put = vi.spyOn(directory, 'put');
    const stored: number[] = [];
    const bytes: number[] = [];
    const summary = await importFiles([file], directory, {
      ...DEAF,
      stored: ({ line }) => stored.push(line),
      progress: (read) => bytes.push(read),
    });
    expect(summary.imported).toBe(2_500);
    expect(put.mock.calls.map(([clients]) => clients.length)).toEqual([1_000, 1_000, 500]);
    expect(stored).toEqual([1_001, 2_001, 2_501]);
    expect([bytes.length, bytes.at(-1)]).toEqual([3, (HEADER + linesOf(rows)).length + 2_500]);
    expect(bytes[0]).toBeLessThan(bytes[2] ?? 0);
  });

  it('reports no place, and leaves nothing waiting, if there was no row', async () => {
    const stored: FilePlace[] = [];
    await writeFile(join(folder, 'header'), HEADER);
    const remarked: Remark[] = [];
    const listener = { ...DEAF, stored: (place: FilePlace) => stored.push(place), remarked: (remark: Remark) => remarked.push(remark) };
    const summary = await importFiles([join(folder, 'header')], new MemoryDirectory(), listener);
    expect([stored, summary.imported]).toEqual([[], 0]);
    expect(remarked).toMatchObject([{ line: 1, reason: 'there is no row below the header' }]);
  });

  it('does not put a row whose columns cannot be told apart over a client of an earlier import', async () => {
    const directory = new MemoryDirectory();
    await directory.put([clientOf()]);
    await writeFile(join(folder, 'doubtful'), HEADER + lineOf().replace('Leeds', 'Leeds, Yorkshire') + linesOf(ROWS));
    const rejected: Remark[] = [];
    const summary = await importFiles([join(folder, 'doubtful')], directory, { ...DEAF, rejected: (remark) => rejected.push(remark) });
    expect(rejected).toMatchObject([{ line: 2, reason: expect.stringContaining('the existing client is left unchanged') }]);
    expect([summary.imported, summary.rejected]).toEqual([8, 1]);
    expect(await directory.find(42_959)).toEqual(clientOf());
  });

  describe('while the directory is away', () => {
    const away = new TransientError('away', 'the directory is away');
    const file = () => join(folder, 'file');
    const failing = (failures: number, error: Error = away) => {
      const directory = new MemoryDirectory();
      const put = directory.put.bind(directory);
      let calls = 0;
      directory.put = (clients) => {
        calls += 1;
        return calls <= failures ? Promise.reject(error) : put(clients);
      };
      return { directory, calls: () => calls };
    };

    it('waits, tells so once, and loses no row', async () => {
      const { directory } = failing(2);
      const reasons: string[] = [];
      await writeFile(file(), HEADER + linesOf(ROWS));
      await importFiles([file()], directory, { ...DEAF, waiting: (reason) => reasons.push(reason) });
      expect(reasons).toEqual(['the directory is away']);
      expect(directory.clients.size).toBe(8);
    });

    it('waits for a minute, and not longer', async () => {
      const { directory, calls } = failing(3);
      await writeFile(file(), HEADER + linesOf(ROWS));
      // At the beginning, and after the first and second failure.
      vi.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(61_000).mockReturnValueOnce(61_001);
      await expect(importFiles([file()], directory, DEAF)).rejects.toBe(away);
      expect(calls()).toBe(2);
    });

    it('does not wait for faults that time does not heal', async () => {
      const never = new Error('a row is too large');
      const { directory, calls } = failing(1, never);
      await writeFile(file(), HEADER + linesOf(ROWS));
      await expect(importFiles([file()], directory, DEAF)).rejects.toBe(never);
      expect(calls()).toBe(1);
    });
  });

  it('brings rows in that are known to be right, a thousand at a time, each with its place', async () => {
    const directory = new MemoryDirectory();
    const put = vi.spyOn(directory, 'put');
    const progress: number[] = [];
    const rows = Array.from({ length: 1_500 }, (_, i) =>
      clientOf({ id: i, latitude: 57.64911, longitude: 10.40744, geohash: '', region: '' }),
    );
    expect(await importRows(rows, directory, { progress: (done) => progress.push(done), waiting: nothing })).toBe(1_500);
    expect([put.mock.calls.map(([clients]) => clients.length), progress]).toEqual([
      [1_000, 500],
      [1_000, 1_500],
    ]);
    expect(await directory.find(1_499)).toMatchObject({ geohash: 'u4pruydqq', region: 'NorthEurope' });
  });

  it('never puts the content of a row into a remark', async () => {
    const secret = csvLineOf(CLIENT_COLUMNS.map((column) => ({ ...clientOf({ surname: 'Sesame' }), id: 'Sesame' })[column]));
    const { rejected } = await importOf(HEADER + secret);
    expect(JSON.stringify(rejected)).not.toContain('Sesame');
  });

  it('survives garbage between good rows, reports each bad line once and loses no good row', async () => {
    const piece = fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 7 }).map((i) => ({ good: ROWS[i] as ClientRow })) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => ({ bad: Buffer.from(bytes) })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('"', '",', '1,"x', 'a"b,"c', '"x"y', '\uFFFD', ',,,').map((text) => ({ bad: Buffer.from(text) })),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const chunks: Buffer[] = [Buffer.from(HEADER)];
        const badLines: number[] = [];
        const good = new Map<number, ClientRow>();
        let line = 2;
        for (const part of pieces) {
          if ('good' in part) {
            chunks.push(Buffer.from(linesOf([part.good])));
            good.set(part.good.id, part.good);
            line += 1;
          } else {
            for (const text of part.bad.toString('latin1').split(/\r\n|\r|\n/)) {
              chunks.push(Buffer.from(`${text}\n`, 'latin1'));
              const bytes = Buffer.from(text, 'latin1');
              const isBlank = (isUtf8(bytes) ? bytes.toString('utf8') : text).replaceAll(',', '').trim() === '';
              if (!isBlank) badLines.push(line);
              line += 1;
            }
          }
        }
        const { rejected, remarked, directory } = await importOf(Buffer.concat(chunks));
        const reported = [...rejected, ...remarked].map((remark) => remark.line).filter((at) => at > 1);
        expect(reported.sort((a, b) => a - b)).toEqual(badLines);
        for (const [id, row] of good) expect(await directory.find(id)).toMatchObject(row);
      }),
      { numRuns: 150 },
    );
  });
});

async function importOf(...contents: (string | Buffer)[]) {
  const files = contents.map((_, i) => join(folder, `file${i}`));
  await Promise.all(files.map((file, i) => writeFile(file, contents[i] ?? '')));
  const directory = new MemoryDirectory();
  const rejected: Remark[] = [];
  const repeated: Remark[] = [];
  const remarked: Remark[] = [];
  const summary = await importFiles(files, directory, {
    ...DEAF,
    rejected: (remark) => rejected.push(remark),
    repeated: (remark) => repeated.push(remark),
    remarked: (remark) => remarked.push(remark),
  });
  return { directory, rejected, repeated, remarked, summary };
}

function linesOf(rows: readonly ClientRow[]): string {
  return rows.map((row) => csvLineOf(CLIENT_COLUMNS.map((column) => row[column]))).join('');
}

/** A good row, with some of its columns replaced. */
function lineOf(changes: Readonly<Record<string, string>> = {}): string {
  return csvLineOf(CLIENT_COLUMNS.map((column) => ({ ...clientOf(), ...changes })[column]));
}
