/** Whatever happens to the files of a data folder: it is refused with a sentence, or all that was acknowledged is there or named, and the next fire is heard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../runtime/node-flags.ts';
import { type Copy, type Life, live, PERSONAL } from '../../support/damage/life.ts';
import type { Order, Seen } from '../../support/damage/reader.ts';

/** Raised for a night of it. */
const STORES = Number(process.env.DAMAGED_STORES ?? 40);
/** The same damages each time, so that a run can be trusted; others by hand. */
const SEED = Number(process.env.DAMAGED_SEED ?? 20_261_130);

const FILES = ['data.mdb', 'journal-', 'high-water'] as const;
type File = (typeof FILES)[number];

/** What happens to one file. `at` and `length` are shares of it, `which` is a share of the copies. */
interface Damage {
  readonly file: File | 'lock.mdb';
  readonly kind: 'bit' | 'byte' | 'zeros' | 'noise' | 'cut' | 'gone' | 'older' | 'other';
  readonly at: number;
  readonly length: number;
  readonly value: number;
  readonly which: number;
}

const PARTS = 1_000_000;
/** Evenly from 0 up to 1, which fc.double isn't: most of its numbers are next to 0. */
const share = fc.nat(PARTS - 1).map((part) => part / PARTS);
const damage = (kinds: fc.Arbitrary<Damage['kind']>): fc.Arbitrary<Damage> =>
  fc.record({
    file: fc.oneof(
      { weight: 6, arbitrary: fc.constant('data.mdb' as const) },
      { weight: 4, arbitrary: fc.constant('journal-' as const) },
      fc.constantFrom('high-water' as const, 'lock.mdb' as const),
    ),
    kind: kinds,
    at: share,
    length: share,
    value: fc.integer({ min: 1, max: 255 }),
    which: share,
  });
const anyKind = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('bit' as const, 'byte' as const) },
  fc.constantFrom('zeros' as const, 'noise' as const, 'cut' as const, 'gone' as const, 'older' as const, 'other' as const),
);
const mixed = fc.constantFrom('gone' as const, 'older' as const, 'older' as const, 'other' as const);
const damages = fc.oneof(
  damage(anyKind).map((one) => [one]),
  fc.array(damage(anyKind), { minLength: 2, maxLength: 4 }),
  // Each file from a backup of another time.
  fc.uniqueArray(damage(mixed), { minLength: 2, maxLength: 3, selector: ({ file }) => file }),
  // All of them from one.
  damage(fc.constantFrom('older' as const, 'other' as const)).map((one) => FILES.map((file) => ({ ...one, file }))),
);

let folder: string;
let life: Life;
let other: Life;
let reader: Reading;
const hashes = new Map<Copy, Hashes>();
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-damaged-'));
  life = await live(join(folder, 'life'));
  other = await live(join(folder, 'other'));
  reader = new Reading();
  for (const copy of [life.left, ...life.before, other.left, ...other.before]) hashes.set(copy, await hashesOf(copy.dataDir));
}, 120_000);
afterAll(async () => {
  reader.end();
  await rm(folder, { recursive: true, force: true });
});

it('undamaged, has all that was acknowledged', async () => {
  await inDamaged([], async (_, look) => {
    const { entries, alarms, unread, rows } = life.left;
    expect(await look()).toMatchObject({ entries, alarms, unread, rows, said: [], firesHeard: true });
  });
});

it('a damaged store is refused with a sentence, or is right, or says what is lost; and so it is after a repair', {
  timeout: 60_000 + STORES * 4_000,
}, async () => {
  const failures: string[] = [];
  // Not fc.assert: a night of it shows all that is wrong, not the first.
  for (const [i, all] of fc.sample(damages, { numRuns: STORES, seed: SEED }).entries())
    await oneStore(all).catch((error: unknown) => failures.push(`store ${i} of seed ${SEED}, ${JSON.stringify(all)}: ${String(error)}`));
  expect(failures.join('\n')).toBe('');
});

function oneStore(all: readonly Damage[]): Promise<void> {
  return inDamaged(all, async (acknowledged, look) => {
    const first = await look();
    if ('refused' in first) {
      expect(first).toMatchObject({ isExpected: true, refused: expect.stringMatching(/^.{20,}[^\n]*$/) });
      isRight(await look({ repair: true }), acknowledged);
    } else isRight(first, acknowledged);
    // What was heard or mended then is still there.
    isRight(await look(), 'refused' in first ? NOTHING : first);
  });
}

type Acknowledged = Omit<Copy, 'dataDir' | 'isSwept'>;
const NOTHING: Acknowledged = { entries: [], alarms: [], unread: [], rows: [] };

function isRight(seen: Seen, acknowledged: Acknowledged): void {
  if ('refused' in seen) throw new Error(`it was refused: ${seen.refused}`);
  expect(seen.firesHeard).toBe(true);
  const lost = (['entries', 'alarms', 'unread', 'rows'] as const).flatMap((what) => missing(acknowledged[what], seen[what]));
  if (lost.length > 0) expect(seen.said, `nothing was said about ${lost.join()}`).not.toEqual([]);
}

/** Resolves with what was acknowledged in the folder as it is now: that of another copy where nothing tells it from that one, or nothing where no file is left. */
async function inflict(all: readonly Damage[], dataDir: string): Promise<Acknowledged> {
  for (const one of all) await inflictOne(one, dataDir);
  const found = await hashesOf(dataDir);
  if (FILES.every((file) => found[file] === undefined)) return NOTHING;
  const isOf = (copy: Copy, file: File): boolean => found[file] !== undefined && hashes.get(copy)?.[file] === found[file];
  const whole = [...hashes.keys()].find((copy) => FILES.every((file) => isOf(copy, file)));
  // An older journal with nothing that the tree lacks: the same as the folder was then, whole.
  const swept = [life.before, other.before]
    .flatMap((copies) => copies.filter((_, i) => copies.slice(0, i).some((older) => isOf(older, 'journal-'))))
    .find((copy) => copy.isSwept && isOf(copy, 'data.mdb') && isOf(copy, 'high-water'));
  return whole ?? swept ?? life.left;
}

type Hashes = Readonly<Partial<Record<File, string>>>;

async function hashesOf(dataDir: string): Promise<Hashes> {
  const hashed = FILES.map(async (file) => {
    const hash = createHash('sha1');
    const paths = await filesOf(dataDir, file);
    for (const path of paths) hash.update(basename(path)).update(await readFile(path));
    return [file, paths.length === 0 ? undefined : hash.digest('hex')];
  });
  return Object.fromEntries(await Promise.all(hashed)) as Hashes;
}

async function inflictOne(damage: Damage, dataDir: string): Promise<void> {
  const { file, kind, which } = damage;
  const paths = await filesOf(dataDir, file);
  if (kind === 'older' || kind === 'other') {
    const copies = kind === 'other' ? [other.left, ...other.before] : life.before;
    const copy = copies[Math.floor(which * copies.length)] as Copy;
    for (const path of paths) await rm(path);
    for (const path of await filesOf(copy.dataDir, file)) await cp(path, path.replace(copy.dataDir, dataDir));
    return;
  }
  for (const path of paths)
    if (kind === 'gone') await rm(path);
    else await writeFile(path, changed(await readFile(path), damage));
}

function changed(bytes: Buffer, { file, kind, at, length, value }: Damage): Buffer {
  if (bytes.length === 0) return bytes;
  // The journal is nearly empty: most of its bytes are never read.
  const used = file === 'journal-' && length < 0.9 ? Math.min(bytes.length, 64 * 1024) : bytes.length;
  const from = Math.floor(at * used);
  if (kind === 'cut') return bytes.subarray(0, from);
  const part = bytes.subarray(from, from + 1 + Math.floor(length * (used - from - 1)));
  if (kind === 'bit') bytes.writeUInt8(bytes.readUInt8(from) ^ (1 << (value % 8)), from);
  else if (kind === 'byte') bytes.writeUInt8(value, from);
  else if (kind === 'zeros') part.fill(0);
  else for (let i = 0; i < part.length; i += 1) part[i] = (i * value * 31 + value) & 0xff;
  return bytes;
}

async function filesOf(dataDir: string, file: Damage['file']): Promise<string[]> {
  const names = await readdir(join(dataDir, 'store'));
  return names.filter((name) => name.startsWith(file)).map((name) => join(dataDir, 'store', name));
}

/** `look` opens the folder, or repairs it first. */
async function inDamaged(
  all: readonly Damage[],
  work: (acknowledged: Acknowledged, look: (how?: { readonly repair: boolean }) => Promise<Seen>) => Promise<void>,
): Promise<void> {
  count += 1;
  const dataDir = join(folder, `damaged-${count}`);
  await cp(life.left.dataDir, dataDir, { recursive: true });
  const acknowledged = await inflict(all, dataDir);
  try {
    await work(acknowledged, async (how) => {
      const seen = await reader.look({ dataDir, repair: how?.repair ?? false, rows: acknowledged.rows });
      expect(JSON.stringify(seen)).not.toContain(PERSONAL);
      return seen;
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function missing(acknowledged: readonly string[], seen: readonly string[]): readonly string[] {
  const there = new Set(seen);
  return acknowledged.filter((value) => !there.has(value));
}

/** The process that looks; a new one after each that a folder has ended. */
class Reading {
  #child: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;
  #stderr = '';

  /** Rejects where the process ended. */
  async look(order: Order): Promise<Seen> {
    const child = this.#child ?? this.#start();
    child.stdin?.write(`${JSON.stringify(order)}\n`);
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
