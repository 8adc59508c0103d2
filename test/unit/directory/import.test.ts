import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_COLUMNS, type ClientRow } from '../../../processor/response/directory/client.ts';
import { csvLineOf } from '../../../processor/response/directory/csv.ts';
import { type FilePlace, importFiles, type Remark } from '../../../processor/response/directory/import.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';
import { clientOf } from '../../support/alarms.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';

const HEADER = `${CLIENT_COLUMNS.join(',')}\n`;
const ROWS = [...generateClients(8, 3)];
const nothing = () => undefined;
const DEAF = { rejected: nothing, repeated: nothing, progress: nothing, stored: nothing, waiting: nothing };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('import of client files', () => {
  it('brings in every row of every file with its geohash and region', async () => {
    const { directory, rejected, summary } = await importOf(HEADER + linesOf(ROWS.slice(0, 5)), HEADER + linesOf(ROWS.slice(5)));
    expect(rejected).toEqual([]);
    expect(summary).toEqual({ imported: 8, rejected: 0, repeated: 0 });
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

  it.each([
    ['id is not a whole number from 0 to 2147483647', { id: 'x1' }],
    ['id is not a whole number from 0 to 2147483647', { id: '2147483648' }],
    ['id is not a whole number from 0 to 2147483647', { id: '' }],
    ['latitude is not a number from -90 to 90', { latitude: '90.01' }],
    ['latitude is not a number from -90 to 90', { latitude: '' }],
    ['longitude is not a number from -180 to 180', { longitude: '1e2' }],
    ['longitude is not a number from -180 to 180', { longitude: '-180.5' }],
    ['company is longer than 300 characters', { company: 'x'.repeat(301) }],
    ['city has control characters in it', { city: 'Le\u0000eds' }],
  ])('leaves out a row whose %s', async (reason, changes) => {
    const bad = csvLineOf(CLIENT_COLUMNS.map((column) => ({ ...clientOf(), ...changes })[column]));
    const { rejected, directory } = await importOf(HEADER + linesOf(ROWS.slice(0, 2)) + bad + linesOf(ROWS.slice(2)));
    expect(rejected).toMatchObject([{ line: 4, reason }]);
    expect(await directory.size()).toBe(8);
  });

  it.each([
    ['has 2 columns instead of 19', '5,Ann\n'],
    ['has 20 columns instead of 19', linesOf([clientOf()]).replace('\n', ',more\n')],
    ['a quote is opened and not closed', linesOf([clientOf({ company: 'QUOTE' })]).replace('QUOTE', '"Smith')],
    ['a quote stands where none may be', linesOf([clientOf({ company: 'QUOTE' })]).replace('QUOTE', '"Smith" Ltd')],
  ])('leaves out a line that %s, not those after it', async (reason, bad) => {
    const quoted = ROWS.map((row) => ({ ...row, company: 'Smith, "Sons" & Co.' }));
    const { rejected, directory } = await importOf(HEADER + linesOf(quoted.slice(0, 2)) + bad + linesOf(quoted.slice(2)));
    expect(rejected).toMatchObject([{ line: 4, reason }]);
    expect(await directory.size()).toBe(8);
  });

  it('lets the last of two rows with one id hold, over files too, and says so', async () => {
    const again = { ...(ROWS[1] as ClientRow), city: 'Elsewhere' };
    const { directory, repeated, summary } = await importOf(HEADER + linesOf(ROWS), HEADER + linesOf([again]));
    expect(summary).toEqual({ imported: 9, rejected: 0, repeated: 1 });
    expect(repeated).toMatchObject([{ file: expect.stringMatching(/1$/), line: 2 }]);
    expect(await directory.find(2)).toMatchObject({ city: 'Elsewhere' });
  });

  it('names a file that cannot be read', async () => {
    await expect(importFiles([join(folder, 'none')], new MemoryDirectory(), DEAF)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('none cannot be read'),
    });
  });

  it('tells how far it came, and goes on behind that place', async () => {
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

  it('waits for a directory that is away, and loses no row', async () => {
    const directory = new MemoryDirectory();
    const put = directory.put.bind(directory);
    let failures = 1;
    directory.put = (clients) => (failures-- > 0 ? Promise.reject(new TransientError('away', 'the directory is away')) : put(clients));
    const reasons: string[] = [];
    await writeFile(join(folder, 'file'), HEADER + linesOf(ROWS));
    await importFiles([join(folder, 'file')], directory, { ...DEAF, waiting: (reason) => reasons.push(reason) });
    expect(reasons).toEqual(['the directory is away']);
    expect(directory.clients.size).toBe(8);
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
        const goodIds = new Set<number>();
        let line = 2;
        for (const part of pieces) {
          if ('good' in part) {
            chunks.push(Buffer.from(linesOf([part.good])));
            goodIds.add(part.good.id);
            line += 1;
          } else {
            for (const text of part.bad.toString('latin1').split('\n')) {
              chunks.push(Buffer.from(`${text}\n`, 'latin1'));
              const blank = Buffer.from(text, 'latin1').toString('utf8').trim() === '';
              if (!blank) badLines.push(line);
              line += 1;
            }
          }
        }
        const { rejected, directory } = await importOf(Buffer.concat(chunks));
        expect(rejected.map((remark) => remark.line)).toEqual(badLines);
        expect(new Set(directory.clients.keys())).toEqual(goodIds);
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
  const summary = await importFiles(files, directory, {
    ...DEAF,
    rejected: (remark) => rejected.push(remark),
    repeated: (remark) => repeated.push(remark),
  });
  return { directory, rejected, repeated, summary };
}

function linesOf(rows: readonly ClientRow[]): string {
  return rows.map((row) => csvLineOf(CLIENT_COLUMNS.map((column) => row[column]))).join('');
}
