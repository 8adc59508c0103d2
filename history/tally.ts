import type { MinuteCount } from './port.ts';

/** The alarms of one minute and type in one partition, by region; each counts once however often its record is read. */
export class Tally {
  readonly minute: number;
  readonly type: string;
  /** The minute was already closed, so that its alarms are added to the stored count. */
  readonly late: boolean;
  readonly #ids = new Set<string>();
  readonly #regions = new Map<string, number>();
  readonly #stored: ReadonlyMap<string, number>;
  readonly #storedTotal: number;
  /** Offset of the first record that no write has included yet; Infinity: there is none. */
  #unwritten = Number.POSITIVE_INFINITY;
  /** Offset of the first record in the write under way; Infinity: there is none. */
  #underWay = Number.POSITIVE_INFINITY;
  #changed = false;

  constructor(minute: number, type: string, stored: readonly MinuteCount[], late: boolean) {
    this.minute = minute;
    this.type = type;
    this.late = late;
    this.#stored = new Map(stored.map(({ region, count }) => [region, count]));
    this.#storedTotal = stored.reduce((sum, { count }) => sum + count, 0);
  }

  get size(): number {
    return this.#ids.size;
  }

  has(alarm: string): boolean {
    return this.#ids.has(alarm);
  }

  add(alarm: string, region: string, offset: number): void {
    this.#ids.add(alarm);
    this.#regions.set(region, (this.#regions.get(region) ?? 0) + 1);
    this.#unwritten = Math.min(this.#unwritten, offset);
    this.#changed = true;
  }

  /** Whether there is something to write. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Everything before this offset is written. */
  get writtenTo(): number {
    return Math.min(this.#unwritten, this.#underWay);
  }

  /** Causes another write although nothing has changed. */
  again(): void {
    this.#changed = true;
  }

  /** Call it when a write of all rows begins, one at a time; `wrote` must follow. */
  writing(): void {
    this.#underWay = this.#unwritten;
    this.#unwritten = Number.POSITIVE_INFINITY;
    this.#changed = false;
  }

  /** Call it when the write has ended; `well`: it succeeded. */
  wrote(well: boolean): void {
    if (!well) {
      this.#unwritten = this.writtenTo;
      this.#changed = true;
    }
    this.#underWay = Number.POSITIVE_INFINITY;
  }

  /**
   * The rows to write. None while fewer alarms were read than are stored: either they are still being read again after a restart, or the minute's first
   * records lie before the position where reading began, and the stored count is right.
   */
  rows(partition: number): readonly MinuteCount[] {
    const { minute, type } = this;
    if (!this.late && this.#ids.size < this.#storedTotal) return [];
    return [...new Set([...this.#regions.keys(), ...this.#stored.keys()])].map((region) => {
      const count = (this.#regions.get(region) ?? 0) + (this.late ? (this.#stored.get(region) ?? 0) : 0);
      return { minute, type, region, partition, count };
    });
  }
}
