import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** What the senders have done so far; of bounded size. */
export class Tally {
  /** Messages that the system has acknowledged. */
  acknowledged = 0;
  /** Those of them that are recoveries. */
  recoveries = 0;
  /** Messages that the system will never accept. */
  refused = 0;
  /** Given up without knowing whether the system has them. */
  unknown = 0;
  /** Given up and certainly not in the system. */
  unsent = 0;
  requests = 0;
  /** Requests that had to be sent again, by reason. */
  readonly retries = new Map<string, number>();
  /** The first few reasons of refusals. */
  readonly refusals: string[] = [];
  /** Time from the planned sending to the acknowledgement, in µs. */
  readonly latency: RecordableHistogram = createHistogram();

  retried(reason: string): void {
    this.retries.set(reason, (this.retries.get(reason) ?? 0) + 1);
  }

  refusedFor(reason: string): void {
    this.refused += 1;
    if (this.refusals.length < 5 && !this.refusals.includes(reason)) this.refusals.push(reason);
  }
}
