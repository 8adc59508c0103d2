import type { History, MinuteCount, SensorState } from '../../history/port.ts';

/** A History in memory that shows the newest state, and fails while `fault` is set. */
export class FaultyHistory implements History {
  fault: Error | undefined;
  /** Every state that was written, in order. */
  readonly written: SensorState[] = [];
  readonly latest = new Map<number, SensorState>();
  readonly #counts = new Map<string, MinuteCount>();

  async writeStates(states: readonly SensorState[]): Promise<void> {
    this.#check();
    for (const state of states) {
      this.written.push(state);
      if ((this.latest.get(state.sensor)?.at ?? 0) <= state.at) this.latest.set(state.sensor, state);
    }
  }

  async writeCounts(counts: readonly MinuteCount[]): Promise<void> {
    this.#check();
    for (const count of counts) this.#counts.set(`${count.minute} ${count.type} ${count.region} ${count.partition}`, count);
  }

  async state(sensor: number): Promise<SensorState | undefined> {
    this.#check();
    return this.latest.get(sensor);
  }

  async *states() {
    this.#check();
    yield [...this.latest.values()];
  }

  async counts(from: number, to: number, type: string | undefined): Promise<readonly MinuteCount[]> {
    this.#check();
    return [...this.#counts.values()]
      .filter((row) => row.minute >= from && row.minute < to && (type === undefined || row.type === type) && row.count > 0)
      .sort((a, b) => a.minute - b.minute);
  }

  async close(): Promise<void> {}

  #check(): void {
    if (this.fault) throw this.fault;
  }
}
