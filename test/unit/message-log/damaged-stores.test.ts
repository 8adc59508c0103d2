/** Whatever happens to one file of a data folder: it is refused with a sentence, or all that was acknowledged is there or named, and the next fire is heard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../runtime/node-flags.ts';
import { type Life, live, PERSONAL } from '../../support/damage/life.ts';
import type { Seen } from '../../support/damage/reader.ts';

/** Raised for a night of it. */
const STORES = Number(process.env.DAMAGED_STORES ?? 40);
const SEED = Number(process.env.DAMAGED_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** `at` and `length` are shares of the file, `which` of the copies. */
interface Damage {
  readonly file: 'data.mdb' | 'journal-' | 'high-water' | 'lock.mdb';
  readonly kind: 'bit' | 'byte' | 'zeros' | 'noise' | 'cut' | 'gone' | 'older' | 'other';
  readonly at: number;
  readonly length: number;
  readonly value: number;
}

const damages: fc.Arbitrary<Damage> = fc.record({
  file: fc.oneof(
    { weight: 6, arbitrary: fc.constant('data.mdb' as const) },
    { weight: 4, arbitrary: fc.constant('journal-' as const) },
    fc.constantFrom('high-water' as const, 'lock.mdb' as const),
  ),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('bit' as const, 'byte' as const) },
    fc.constantFrom('zeros' as const, 'noise' as const, 'cut' as const, 'gone' as const, 'older' as const, 'other' as const),
  ),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  length: fc.double({ min: 0, max: 1, noNaN: true }),
  value: fc.integer({ min: 1, max: 255 }),
});

let folder: string;
let life: Life;
let other: Life;
let reader: Reading;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-damaged-'));
  life = await live(join(folder, 'life'));
  other = await live(join(folder, 'other'));
  reader = new Reading();
}, 120_000);
afterAll(async () => {
  reader.end();
  await rm(folder, { recursive: true, force: true });
});

it('undamaged, has all that was acknowledged', async () => {
  const seen = await seenAfter(async () => undefined);
  expect(seen).toMatchObject({ entries: life.entries, alarms: life.alarms, unread: life.unread, said: [], firesHeard: true });
});

it('a damaged store is refused with a sentence, or is right, or says what is lost', { timeout: 60_000 + STORES * 2_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(damages, async (damage) => {
      const seen = await seenAfter((dataDir) => inflict(damage, dataDir));
      expect(JSON.stringify(seen)).not.toContain(PERSONAL);
      if ('refused' in seen) {
        expect(seen).toMatchObject({ isExpected: true, refused: expect.stringMatching(/^.{20,}[^\n]*$/) });
        return;
      }
      expect(seen.firesHeard).toBe(true);
      const lost = missing(life.entries, seen.entries) + missing(life.alarms, seen.alarms) + missing(life.unread, seen.unread);
      if (lost > 0) expect(seen.said).not.toEqual([]);
    }),
    { numRuns: STORES, seed: SEED, endOnFailure: true },
  );
});

async function inflict({ file, kind, at, length, value }: Damage, dataDir: string): Promise<void> {
  const path = await fileOf(dataDir, file);
  if (path === undefined) return;
  const bytes = await readFile(path);
  // The journal is nearly empty: most of its bytes are never read.
  const used = file === 'journal-' && length < 0.9 ? Math.min(bytes.length, 64 * 1024) : bytes.length;
  const from = Math.floor(at * used);
  const part = bytes.subarray(from, from + 1 + Math.floor(length * (used - from - 1)));
  if (kind === 'bit') bytes.writeUInt8(bytes.readUInt8(from) ^ (1 << (value % 8)), from);
  else if (kind === 'byte') bytes.writeUInt8(value, from);
  else if (kind === 'zeros') part.fill(0);
  else if (kind === 'noise') for (let i = 0; i < part.length; i += 1) part[i] = (i * value * 31 + value) & 0xff;
  if (kind === 'gone') await rm(path);
  else if (kind === 'older' || kind === 'other') {
    const copies = kind === 'other' ? [other.left, ...other.before] : life.before;
    const source = await fileOf(copies[Math.floor(at * copies.length)] as string, file);
    await (source === undefined ? rm(path) : cp(source, path));
  } else await writeFile(path, kind === 'cut' ? bytes.subarray(0, from) : bytes);
}

async function fileOf(dataDir: string, file: Damage['file']): Promise<string | undefined> {
  const name = (await readdir(join(dataDir, 'store'))).find((each) => each.startsWith(file));
  return name === undefined ? undefined : join(dataDir, 'store', name);
}

async function seenAfter(damage: (dataDir: string) => Promise<void>): Promise<Seen> {
  count += 1;
  const dataDir = join(folder, `damaged-${count}`);
  await cp(life.left, dataDir, { recursive: true });
  await damage(dataDir);
  const seen = await reader.look(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  return seen;
}

/** How many of these aren't there. */
function missing(acknowledged: readonly string[], seen: readonly string[]): number {
  const there = new Set(seen);
  return acknowledged.filter((value) => !there.has(value)).length;
}

/** The process that looks; a new one after each that a folder has ended. */
class Reading {
  #child: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;
  #stderr = '';

  /** Rejects where the process ended. */
  async look(dataDir: string): Promise<Seen> {
    const child = this.#child ?? this.#start();
    child.stdin?.write(`${dataDir}\n`);
    const { value, done } = (await this.#answers?.next()) ?? { done: true, value: '' };
    if (done !== true) return JSON.parse(value) as Seen;
    this.#child = undefined;
    const how =
      child.signalCode ?? child.exitCode ?? (await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code))));
    throw new Error(`the process ended with ${String(how)}: ${this.#stderr.slice(-500)}`);
  }

  end(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [...NODE_FLAGS, 'test/support/damage/reader.ts'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return child;
  }
}
