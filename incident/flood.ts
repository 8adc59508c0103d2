import type { Settings } from './settings.ts';

export interface FloodMemory {
  readonly opened: readonly number[];
  readonly isOn: boolean;
  readonly endsAt: number;
}

/** Whether more incidents open than operators can read. Times are ticks, epoch ms. */
export class Flood {
  /** When the last ones opened: as many as begin a flood, or keep one going. */
  #opened: number[] = [];
  #isOn = false;
  #endsAt = Number.POSITIVE_INFINITY;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** When it is over if nothing else opens. */
  get nextDue(): number {
    return this.#isOn ? this.#endsAt : Number.POSITIVE_INFINITY;
  }

  memory(): FloodMemory {
    return { opened: [...this.#opened], isOn: this.#isOn, endsAt: this.#endsAt };
  }

  restore({ opened, isOn, endsAt }: FloodMemory): void {
    this.#opened = [...opened];
    this.#isOn = isOn;
    this.#endsAt = endsAt;
  }

  /** An incident has opened; true: a flood begins with it. */
  opened(now: number, { begin, end, withinMs }: Settings['flood']): boolean {
    this.#opened = [...this.#opened, now].slice(-Math.max(begin + 1, end));
    this.#endsAt = (this.#opened.at(-end) ?? now) + withinMs;
    const count = this.#opened.filter((at) => now - at < withinMs).length;
    const begins = !this.#isOn && count > begin;
    this.#isOn ||= begins;
    return begins;
  }

  /** True: it is over by now. */
  ebbs(now: number): boolean {
    if (this.nextDue > now) return false;
    this.#isOn = false;
    return true;
  }
}
