import type { MinuteCount } from './port.ts';

/** The alarms of one minute and type in one partition, by region; an alarm counts once however often its record is read. */
export class Tally {
  readonly minute: number;
  readonly type: string;
  /** Its minute was over when it was opened, so that what is stored is added to. */
  readonly late: boolean;
  readonly #ids = new Set<string>();
  readonly #regions = new Map<string, number>();
  readonly #stored: ReadonlyMap<string, number>;
  readonly #storedTotal: number;
  /** Offset of the first record that is in no write yet, and of the first in the one under way; Infinity: there is none. */
  #unwritten = Number.POSITIVE_INFINITY;
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

  /** Asks for another write although nothing new came. */
  again(): void {
    this.#changed = true;
  }

  /** A write of all that it holds begins; `wrote` must follow. One at a time. */
  writing(): void {
    this.#underWay = this.#unwritten;
    this.#unwritten = Number.POSITIVE_INFINITY;
    this.#changed = false;
  }

  wrote(well: boolean): void {
    if (!well) {
      this.#unwritten = this.writtenTo;
      this.#changed = true;
    }
    this.#underWay = Number.POSITIVE_INFINITY;
  }

  /**
   * What has to be written. Nothing while fewer alarms were read than are stored: then they are still being read again after a restart, or
   * the minute's first ones lie before the place where reading began, and what is stored is right.
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
