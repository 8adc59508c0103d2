import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HighWater } from '../../../message-log/embedded/high-water.ts';
import { Journal, type JournalOptions } from '../../../message-log/embedded/journal.ts';

const AREA_BYTES = 4 * 1024 ** 2;
const SEAL_BYTES = 24;
const IDENTITY = 4_711;

describe('the journal', () => {
  let folder: string;
  let epoch = 0;
  const opened: HighWater[] = [];
  let journal: Journal;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tocsin-journal-'));
  });
  afterEach(async () => {
    await journal.close();
    for (const marks of opened.splice(0)) marks.close();
    await rm(folder, { recursive: true, force: true });
  });

  const optionsOf = (place: string, known?: number): JournalOptions => {
    const marks = new HighWater(place, { identity: IDENTITY, transaction: 0, sequence: 0 });
    opened.push(marks);
    return { epoch, identity: IDENTITY, durable: false, highWater: marks, known };
  };
  const noted = async (): Promise<void> => undefined;

  /** As the next owner finds it; `applied` is what the tree has, by the owner `by`. */
  async function open(applied = 0, by = 0, expected = 0): Promise<{ bodies: string[]; damaged: number }> {
    epoch += 1;
    journal = await Journal.open(folder, optionsOf(folder));
    const { entries, damaged } = journal.recovered(applied, by, expected);
    return { bodies: entries.map(({ body }) => body.toString('latin1')), damaged };
  }

  async function begin(): Promise<void> {
    journal.begin(noted);
    await expect.poll(() => journal.fits(1)).toBe(true);
  }

  const append = (body: string): Promise<number> => journal.append(body.length, (to) => to.write(body, 'latin1'));
  const journals = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('journal-'));
  const file = async (): Promise<string> => join(folder, (await journals())[0] as string);
  const change = async (at: number): Promise<void> => {
    const bytes = await readFile(await file());
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(await file(), bytes);
  };

  it('gives what was appended, in order, to the next owner, and to no one after it', async () => {
    expect(await open()).toEqual({ bodies: [], damaged: 0 });
    await begin();
    for (const body of ['one', 'two'.repeat(1_000), '']) await append(body);
    await journal.close();
    expect(await open()).toEqual({ bodies: ['one', 'two'.repeat(1_000), ''], damaged: 0 });
    await begin();
    expect(await journals()).toHaveLength(1);
    expect(await append('four')).toBe(4);
    await journal.close();
    expect(await open(3)).toEqual({ bodies: ['four'], damaged: 0 });
  });

  it('lies on the disk as other versions of this format write it, each entry at a multiple of 512 and all its space there before', async () => {
    await open();
    await begin();
    for (const body of ['one', 'x'.repeat(488), 'y'.repeat(489), 'four']) await append(body);
    const bytes = await readFile(await file());
    expect(bytes.length).toBe(2 * AREA_BYTES + SEAL_BYTES);
    expect((await stat(await file())).mode & 0o777).toBe(0o600);
    const heads = [0, 512, 1_024, 2_048].map((at) => {
      const length = bytes.readUInt32LE(at + 16);
      expect(bytes.readUInt32LE(at + 4)).toBe(crc32(bytes.subarray(at + 8, at + 24 + length)));
      const head = [bytes.toString('latin1', at, at + 4), bytes.readDoubleLE(at + 8), bytes.readUInt32LE(at + 20)];
      return [...head, bytes.toString('latin1', at + 24, at + 24 + length)];
    });
    expect(heads).toEqual([
      ['\xffTJ1', 1, IDENTITY, 'one'],
      ['\xffTJ1', 2, IDENTITY, 'x'.repeat(488)],
      ['\xffTJ1', 3, IDENTITY, 'y'.repeat(489)],
      ['\xffTJ1', 4, IDENTITY, 'four'],
    ]);
    expect(bytes.subarray(24 + 3, 512).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(2_560, 2 * AREA_BYTES).every((byte) => byte === 0)).toBe(true);
    expect([bytes.toString('latin1', 2 * AREA_BYTES, 2 * AREA_BYTES + 4), bytes.readUInt32LE(2 * AREA_BYTES + 8)]).toEqual([
      '\xffJS1',
      IDENTITY,
    ]);
    expect(bytes.readDoubleLE(2 * AREA_BYTES + 16)).toBe(epoch);
  });

  it('says which owners it is of, what its newest entry is, and whether there were others', async () => {
    await open();
    expect([journal.epoch, journal.sequence, journal.hasPredecessors, journal.fits(1)]).toEqual([epoch, 0, false, false]);
    await expect(append('x')).rejects.toThrow('no room');
    await begin();
    await append('one');
    expect(journal.sequence).toBe(1);
    await journal.close();
    await writeFile(join(folder, 'journal-x'), 'of a stranger');
    await open();
    expect([journal.sequence, journal.hasPredecessors]).toEqual([1, true]);
    await begin();
    expect(journal.hasPredecessors).toBe(false);
    await rm(join(folder, 'journal-x'));
  });

  it('leaves no file where all of it is in the tree, and the file where not', async () => {
    await open();
    await begin();
    await append('one');
    await append('two');
    journal.free(1);
    await journal.close();
    expect(await journals()).toEqual([`journal-${epoch}`]);
    await open();
    await begin();
    expect(await journals()).toEqual([`journal-${epoch}`]);
    await journal.close();
    expect(await journals()).toEqual([]);
    // Nor is there anything to do a second time.
    await journal.close();
    await open();
    expect(journal.hasPredecessors).toBe(false);
  });

  it('goes on with the numbers of the tree where nothing was left', async () => {
    expect(await open(7)).toEqual({ bodies: [], damaged: 0 });
    await begin();
    expect(await append('eight')).toBe(8);
  });

  it('has room for an entry of a whole area, and for none that is larger', async () => {
    await open();
    await begin();
    const whole = AREA_BYTES - 24;
    expect([journal.fits(whole), journal.fits(whole + 1)]).toEqual([true, false]);
    await append('x'.repeat(whole));
    expect(journal.fits(whole)).toBe(true);
    await append('y'.repeat(whole));
    expect(journal.fits(1)).toBe(false);
    journal.free(1);
    expect([journal.fits(whole), journal.fits(whole + 1)]).toEqual([true, false]);
    await append('three');
    await journal.close();
    expect((await open(1)).bodies).toEqual(['y'.repeat(whole), 'three']);
  });

  it('may begin anew with what it has, without another file', async () => {
    await open();
    await begin();
    await append('one');
    await append('two');
    journal.begin(noted);
    await append('three');
    expect(await journals()).toHaveLength(1);
    await journal.close();
    // Both are in the tree since it began.
    expect((await open(2)).bodies).toEqual(['three']);
  });

  it('leaves out what the tree has', async () => {
    await open();
    await begin();
    for (const body of ['one', 'two', 'three']) await append(body);
    await journal.close();
    expect(await open(2)).toEqual({ bodies: ['three'], damaged: 0 });
  });

  it('leaves out what an owner wrote after another one had put all into the tree', async () => {
    await open();
    await begin();
    await append('one');
    await append('late');
    await journal.close();
    expect((await open(1, epoch)).bodies).toEqual(['late']);
    await journal.close();
    expect((await open(1, epoch)).bodies).toEqual([]);
  });

  it('leaves out what an owner wrote beside its successor, of whom nothing is in the tree', async () => {
    await open();
    const before = journal;
    await open();
    await begin();
    before.begin(noted);
    await expect.poll(() => before.fits(1)).toBe(true);
    await append('one');
    for (const body of ['late', 'later', 'latest']) await before.append(body.length, (to) => to.write(body, 'latin1'));
    await append('two');
    await before.close();
    await journal.close();
    expect(await open()).toEqual({ bodies: ['one', 'two'], damaged: 0 });
  });

  it('has room again for as much as the tree has taken, an area at a time', async () => {
    await open();
    await begin();
    const large = 'x'.repeat(AREA_BYTES / 2 - 512);
    for (let i = 0; i < 4; i += 1) await append(large);
    expect(journal.fits(1)).toBe(false);
    await expect(append('y')).rejects.toThrow('no room');
    journal.free(1);
    expect(journal.fits(1)).toBe(false);
    journal.free(2);
    expect(await append('five')).toBe(5);
    await journal.close();
    expect((await open(2)).bodies.map((body) => body.length)).toEqual([large.length, large.length, 4]);
  });

  it('leaves out a last entry of which only a part was written', async () => {
    await open();
    await begin();
    for (const body of ['one', 'two'.repeat(500), 'three'.repeat(500)]) await append(body);
    await journal.close();
    await change(512 + 2_048 + 2_000);
    expect(await open()).toEqual({ bodies: ['one', 'two'.repeat(500)], damaged: 0 });
  });

  it.each([
    ['its length', 512 + 16],
    ['its body', 512 + 1_000],
    ['its sequence', 512 + 8],
  ])('passes over an entry with %s damaged, and says that it was there', async (_, at) => {
    await open();
    await begin();
    for (const body of ['one', 'two'.repeat(500), 'three']) await append(body);
    await journal.close();
    await change(at);
    expect(await open()).toEqual({ bodies: ['one', 'three'], damaged: 1 });
  });

  it('gives exactly what is not in the tree yet, wherever it ended, whatever lies there from before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            { weight: 5, arbitrary: fc.integer({ min: 0, max: 300_000 }) },
            { weight: 1, arbitrary: fc.constantFrom('apply', 'reopen') },
          ),
          {
            maxLength: 60,
          },
        ),
        async (steps) => {
          const fresh = await mkdtemp(join(folder, 'run-'));
          const openIn = async (): Promise<Journal> => {
            epoch += 1;
            return Journal.open(fresh, optionsOf(fresh));
          };
          let own = await openIn();
          own.recovered(0, 0, 0);
          let applied = 0;
          let waiting: string[] = [];
          const beginOwn = async (): Promise<void> => {
            own.begin(noted);
            await expect.poll(() => own.fits(1), { interval: 1 }).toBe(true);
          };
          const found = async (): Promise<string[]> => {
            await own.close();
            own = await openIn();
            const { entries, damaged } = own.recovered(applied, 0, 0);
            expect(damaged).toBe(0);
            return entries.map(({ body }) => body.toString('latin1', 0, 20));
          };
          const apply = (): void => {
            applied = own.sequence;
            own.free(applied);
            waiting = [];
          };
          await beginOwn();
          for (const step of steps) {
            if (step === 'reopen') {
              expect(await found()).toEqual(waiting);
              apply();
              await beginOwn();
            } else if (step === 'apply') apply();
            else if (typeof step === 'number') {
              if (!own.fits(step + 20)) apply();
              const body = `${own.sequence}`.padEnd(20, '.');
              await own.append(step + 20, (to) => to.fill('x').write(body));
              waiting.push(body);
            }
          }
          expect(await found()).toEqual(waiting);
          await own.close();
          await rm(fresh, { recursive: true });
        },
      ),
      { numRuns: 15 },
    );
  });
});
