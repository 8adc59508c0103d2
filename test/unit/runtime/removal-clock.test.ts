import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Health } from '../../../runtime/health.ts';
import { CautiousClock } from '../../../runtime/removal-clock.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 29);

/** A machine whose true time advances by `pass`, and whose clock is off by `off`. */
class Machine {
  readonly folder: string;
  off = 0;
  recordsAhead = 0;
  /** The monotonic clock, which can't be set. */
  passed = 0;
  health = new Health();
  lines: string[] = [];
  #clock: CautiousClock;

  constructor(folder: string) {
    this.folder = folder;
    this.#clock = this.#started();
  }

  get truth(): number {
    return START + this.passed;
  }

  get removal(): number | undefined {
    return this.#clock.now();
  }

  /** Reads the clock once a second for a minute, then once an hour, as its users do. */
  pass(ms: number): void {
    const end = this.passed + ms;
    while (this.passed < end) {
      this.passed = Math.min(end, this.passed + (end - this.passed > HOUR ? HOUR : 10 * SECOND));
      this.#clock.now();
    }
  }

  restart(awayMs = 0): void {
    this.passed += awayMs;
    this.health = new Health();
    this.#clock = this.#started();
  }

  #started(): CautiousClock {
    const began = this.passed;
    const logger = pino({ level: 'info' }, { write: (line: string) => void this.lines.push(JSON.parse(line).msg as string) });
    return new CautiousClock({
      folder: this.folder,
      recordsAheadMs: () => this.recordsAhead,
      wall: () => this.truth + this.off,
      elapsed: () => this.passed - began,
      health: this.health,
      logger,
    });
  }
}

let folder: string;
let machine: Machine;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'removal-clock-'));
  machine = new Machine(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the time by which old things are removed', () => {
  it("is the machine's clock while that runs as clocks do, and is set by less than an hour", () => {
    expect(machine.removal).toBe(START);
    machine.pass(5 * HOUR);
    expect(machine.removal).toBe(machine.truth);
    machine.off = 50 * 60 * SECOND;
    expect(machine.removal).toBe(machine.truth + machine.off);
    machine.off = 49.5 * 60 * SECOND;
    expect(machine.removal).toBe(machine.truth + machine.off);
    expect(machine.health.notices()).toEqual({});
    expect(machine.lines).toEqual([]);
  });

  it.each([
    ['31 days ahead', 31 * DAY],
    ['three hours ahead', 3 * HOUR],
    ['31 days behind', -31 * DAY],
    ['in 1970', -START],
  ])('is never ahead of the true time for a clock that is %s for half a minute', (_, off) => {
    machine.pass(HOUR);
    machine.off = off;
    for (let second = 0; second < 30; second += 1) {
      expect(machine.removal ?? 0).toBeLessThanOrEqual(machine.truth);
      expect(machine.health.notices()).toHaveProperty('clock');
      machine.pass(SECOND);
    }
    machine.off = 0;
    expect(machine.removal).toBe(machine.truth);
    expect(machine.health.notices()).toEqual({});
    expect(machine.health.ready).toBe(true);
    expect(machine.lines).toHaveLength(2);
  });

  it.each([
    ['31 days ahead', 31 * DAY],
    ['31 days behind', -31 * DAY],
    ['in 1970', -START],
  ])('is not led astray by restarts while the clock is %s', async (_, off) => {
    machine.pass(HOUR);
    machine.off = off;
    for (let i = 0; i < 3; i += 1) {
      machine.restart(30 * SECOND);
      expect(machine.removal ?? 0).toBeLessThanOrEqual(machine.truth);
      machine.pass(HOUR);
      expect(machine.removal ?? 0).toBeLessThanOrEqual(machine.truth);
    }
    machine.off = 0;
    machine.restart();
    expect(machine.removal).toBe(machine.truth);
  });

  it('believes a clock that has stood for a day, ahead or behind', () => {
    machine.pass(HOUR);
    for (const off of [31 * DAY, 0]) {
      machine.off = off;
      expect(machine.removal).not.toBe(machine.truth + off);
      machine.pass(DAY - HOUR);
      machine.passed += HOUR - 1;
      expect(machine.removal).not.toBe(machine.truth + off);
      machine.passed += 1;
      expect(machine.removal).toBe(machine.truth + off);
      expect(machine.health.notices()).toEqual({});
    }
  });

  it('goes on from where it was after a week without power, and is right a day later', async () => {
    machine.pass(HOUR);
    const before = machine.truth;
    machine.restart(7 * DAY);
    machine.pass(HOUR);
    expect(machine.removal).toBeLessThan(before + 3 * HOUR);
    expect(machine.health.notices()).toEqual({});
    expect(machine.lines).toEqual([expect.stringContaining('7 days ahead of when this system was last running')]);
    machine.pass(DAY);
    expect(machine.removal).toBe(machine.truth);
  });

  it('is none while the time of records is ahead, even in a new process, and that is reported', async () => {
    machine.recordsAhead = 31 * DAY;
    expect(machine.removal).toBeUndefined();
    machine.pass(3 * DAY);
    machine.restart();
    expect(machine.removal).toBeUndefined();
    expect(machine.health.ready).toBe(true);
    expect(machine.health.notices()).toEqual({ clock: expect.stringContaining("31 days ahead of this machine's clock") });
    machine.recordsAhead = 0;
    expect(machine.removal).toBe(machine.truth);
    expect(machine.health.notices()).toEqual({});
  });

  it.each([
    ['an hour ahead', HOUR, true],
    ['more than an hour ahead', HOUR + 1, false],
    ['a minute behind', -60 * SECOND, true],
    ['more than a minute behind', -60 * SECOND - 1, false],
  ])('has its limit at a step to %s', (_, off, believed) => {
    machine.pass(HOUR);
    machine.off = off;
    expect(machine.removal === machine.truth + off).toBe(believed);
    expect(machine.health.notices()).toEqual(believed ? {} : { clock: expect.anything() });
  });

  it('has its limit at records that are a minute ahead', () => {
    machine.recordsAhead = 60 * SECOND;
    expect(machine.removal).toBe(START);
    expect(machine.health.notices()).toEqual({});
    machine.recordsAhead += 1;
    expect(machine.removal).toBeUndefined();
  });

  it.each([
    [31 * DAY, '31 days'],
    [2 * DAY, '2 days'],
    [2 * DAY - HOUR, '47 hours'],
    [2 * HOUR, '2 hours'],
    [2 * HOUR - 60 * SECOND, '119 minutes'],
    [120 * SECOND, '2 minutes'],
    [119 * SECOND, '119 seconds'],
    [61.5 * SECOND, '62 seconds'],
  ])('says in words that it is off by %i ms', (ms, words) => {
    machine.recordsAhead = ms;
    expect(machine.removal).toBeUndefined();
    expect(machine.health.notices().clock).toContain(`is ${words} ahead of this machine's clock`);
    machine.recordsAhead = 0;
    machine.off = -ms;
    expect(machine.removal).toBeUndefined();
    expect(machine.health.notices().clock).toContain(`is ${words} behind what it was`);
  });

  it('says once what is wrong, again when something else is, and once that all is well', () => {
    machine.pass(HOUR);
    machine.off = 31 * DAY;
    machine.pass(HOUR);
    machine.off = 0;
    machine.recordsAhead = 31 * DAY;
    machine.pass(HOUR);
    machine.recordsAhead = 0;
    machine.pass(HOUR);
    expect(machine.lines).toEqual([
      expect.stringContaining('has stepped ahead by 31 days'),
      expect.stringContaining('the time of records is 31 days ahead'),
      expect.stringContaining('is believed again'),
    ]);
  });

  it('remembers the time every ten minutes, and as soon as there is a folder', async () => {
    const remembered = async () => Date.parse((await readFile(join(folder, 'removal-clock'), 'utf8')).trim());
    await rm(folder, { recursive: true });
    machine.pass(60 * SECOND);
    await mkdir(folder);
    machine.pass(10 * SECOND);
    expect(await remembered()).toBe(START + 70 * SECOND);
    machine.pass(599 * SECOND);
    expect(await remembered()).toBe(START + 70 * SECOND);
    machine.pass(SECOND);
    expect(await remembered()).toBe(START + 670 * SECOND);
  });

  it('checks by itself every ten seconds, so that a step is reported even if nothing reads the clock', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      expect(machine.removal).toBe(START);
      for (const [off, notices] of [
        [31 * DAY, { clock: expect.stringContaining('stepped ahead') }],
        [0, {}],
      ] as const) {
        const before = machine.health.notices();
        machine.off = off;
        machine.passed += 10 * SECOND;
        vi.advanceTimersByTime(10 * SECOND - 1);
        expect(machine.health.notices()).toEqual(before);
        vi.advanceTimersByTime(1);
        expect(machine.health.notices()).toEqual(notices);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("is this machine's own, and remembered where only its owner can read it", async () => {
    const began = Date.now();
    const clock = new CautiousClock({ folder, recordsAheadMs: () => 0, logger: pino({ level: 'silent' }), health: new Health() });
    for (let look = 0; look < 2; look += 1) {
      const at = clock.now() ?? expect.unreachable();
      expect(at).toBeGreaterThanOrEqual(began);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
    expect((await stat(join(folder, 'removal-clock'))).mode & 0o777).toBe(0o600);
  });

  it('starts with what the machine says where nothing, or nonsense, is remembered', async () => {
    await writeFile(join(folder, 'removal-clock'), 'garbage');
    expect(machine.removal).toBe(START);
  });
});
