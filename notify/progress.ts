/** The progress of one record of ALARM. */
export interface Step {
  readonly offset: number;
  done: boolean;
  /** Offset of its DELIVERY record; while that is being written, a lower bound of it. */
  ledgerAt: number | undefined;
}

/** Its DELIVERY record, if any, is not before `ledgerFloor`. */
interface Ahead {
  readonly step: Step;
  readonly ledgerFloor: number;
}

/**
 * Progress in one partition of ALARM, whose mails finish in any order. Two positions follow from it: everything before `position` in ALARM is
 * done; and no event at or after it has a DELIVERY record before `ledgerPosition`. So a process that starts there knows what was sent.
 */
export class Progress {
  readonly partition: number;
  /** The records from the oldest unfinished one on. */
  readonly #steps: Step[] = [];
  /** Records begun before their turn and not reached yet, in the order in which they were begun; the first has the lowest floor. */
  readonly #ahead = new Map<number, Ahead>();
  #next = 0;
  #ledgerNext: number;
  readonly #ledgerFrom: number;
  /** From this offset of ALARM on, nothing can have been delivered before this process began. */
  readonly #unledgeredFrom: number;

  constructor(partition: number, ledger: { readonly from: number; readonly next: number; readonly coversTo: number }) {
    this.partition = partition;
    this.#ledgerFrom = ledger.from;
    this.#ledgerNext = ledger.next;
    this.#unledgeredFrom = ledger.coversTo;
  }

  /** Next offset to take in; everything before it has been. */
  get next(): number {
    return this.#next;
  }

  /** Number of records from the oldest unfinished one to the newest taken in. */
  get span(): number {
    this.#dropFinished();
    return this.#steps.length;
  }

  get oldest(): Step | undefined {
    this.#dropFinished();
    return this.#steps[0];
  }

  get position(): number {
    return this.oldest?.offset ?? this.#next;
  }

  /** Stays where it was at the start until all events delivered before the start have been read again. */
  get ledgerPosition(): number {
    this.#dropFinished();
    if (!this.ledgerIsSpent) return this.#ledgerFrom;
    const [firstAhead] = this.#ahead.values();
    const floor = firstAhead?.ledgerFloor ?? this.#ledgerNext;
    return this.#steps.reduce((lowest, { ledgerAt }) => Math.min(lowest, ledgerAt ?? lowest), floor);
  }

  /** How many records were begun before their turn and are not reached yet. */
  get ahead(): number {
    return this.#ahead.size;
  }

  get ledgerIsSpent(): boolean {
    return this.#next >= this.#unledgeredFrom;
  }

  begin(offset: number): Step {
    const step: Step = { offset, done: false, ledgerAt: undefined };
    this.#steps.push(step);
    this.passed(offset + 1);
    return step;
  }

  /** Begins a record before its turn: beyond `next`, which stays. */
  beginAhead(offset: number): Step {
    const step: Step = { offset, done: false, ledgerAt: undefined };
    this.#ahead.set(offset, { step, ledgerFloor: this.#ledgerNext });
    return step;
  }

  isBegun(offset: number): boolean {
    return offset < this.#next || this.#ahead.has(offset);
  }

  /** Whether the record was begun before its turn; if so, it is passed now. */
  reached(offset: number): boolean {
    const ahead = this.#ahead.get(offset);
    if (!ahead) return false;
    this.#ahead.delete(offset);
    this.#steps.push(ahead.step);
    this.passed(offset + 1);
    return true;
  }

  passed(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  /** Its DELIVERY record is about to be written. */
  recording(step: Step): void {
    step.ledgerAt = this.#ledgerNext;
  }

  recorded(step: Step, ledgerAt: number): void {
    step.ledgerAt = ledgerAt;
    step.done = true;
    this.#ledgerNext = Math.max(this.#ledgerNext, ledgerAt + 1);
  }

  #dropFinished(): void {
    const unfinished = this.#steps.findIndex(({ done }) => !done);
    this.#steps.splice(0, unfinished === -1 ? this.#steps.length : unfinished);
  }
}
